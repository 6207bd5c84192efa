// What the listings of accounts, contracts, grants, incidents and canaries have in common.
#ifndef OTOKURA_SERVER_RPC_LISTING_H_
#define OTOKURA_SERVER_RPC_LISTING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/access/gate.h"
#include "server/keys/site_keys.h"

namespace otokura::rpc {

inline constexpr uint32_t kListingRowsMax = 1000;
inline constexpr uint32_t kListingRowsDefault = 200;

struct ListingPage {
  std::string after;  // where the page before ended; empty: from the beginning
  size_t rows = 0;
};
// INVALID_ARGUMENT where more rows are asked for than a page has, or where the token is not of this listing: `scope` names it.
absl::StatusOr<ListingPage> ReadListingPage(uint32_t page_size, const std::string& page_token, std::string_view scope,
                                            const keys::SiteKeys& keys);

// About what has that name or id, as it was typed.
access::Ask AskAbout(access::Action action, std::string_view name);

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_LISTING_H_
