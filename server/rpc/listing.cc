#include "server/rpc/listing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"

namespace otokura::rpc {
namespace {

constexpr size_t kPageTokenBytesMax = 256;

}  // namespace

absl::StatusOr<ListingPage> ReadListingPage(uint32_t page_size, const std::string& page_token, std::string_view scope,
                                            const keys::SiteKeys& keys) {
  if (page_size > kListingRowsMax) {
    return absl::InvalidArgumentError(absl::StrCat("page_size ", page_size, " is over ", kListingRowsMax, "; ask for less at a time"));
  }
  if (page_token.size() > kPageTokenBytesMax) {
    return absl::InvalidArgumentError("page_token is over 256 bytes; pass on next_page_token as it is");
  }
  ListingPage page;
  page.rows = page_size == 0 ? kListingRowsDefault : page_size;
  if (page_token.empty()) return page;
  auto position = keys.OpenPageToken(scope, page_token);
  if (!position.ok()) return position.status();
  page.after = *std::move(position);
  return page;
}

access::Ask AskAbout(access::Action action, std::string_view name) {
  access::Ask ask;
  ask.action = action;
  ask.requested_id = std::string(name.substr(0, access::kAccountNameBytesMax));
  return ask;
}

}  // namespace otokura::rpc
