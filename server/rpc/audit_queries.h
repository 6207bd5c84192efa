// Requests about the log as the log understands them, and its answers as messages.
#ifndef OTOKURA_SERVER_RPC_AUDIT_QUERIES_H_
#define OTOKURA_SERVER_RPC_AUDIT_QUERIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/audit/log.h"
#include "server/audit/queries.h"
#include "server/keys/site_keys.h"

namespace otokura::rpc {

inline constexpr uint32_t kAuditPageRowsMax = audit::Queries::kListedMax;
inline constexpr uint32_t kAuditPageRowsDefault = 100;

struct ParsedQuery {
  audit::Query query;
  // What was asked for, as the log commits to it: never cut, so that nobody searches for more than the log says.
  std::string description;
};
// INVALID_ARGUMENT naming the field; likewise below.
absl::StatusOr<ParsedQuery> ParseQuery(const v1::AuditQuery& query);

struct Listing {
  ParsedQuery asked;
  size_t limit = kAuditPageRowsDefault;
  std::optional<uint64_t> sequence;  // this entry alone
  std::optional<audit::Head> tree;   // of the first page, where this is a later one
};
absl::StatusOr<Listing> ParseListing(const v1::ListAuditRequest& request, const keys::SiteKeys& keys);
// As many of the entries as one message takes, and the token for the rest.
v1::ListAuditResponse FormatListing(const v1::ListAuditRequest& request, audit::Page page, const audit::Head& tree,
                                    const keys::SiteKeys& keys);

struct Count {
  ParsedQuery asked;
  std::vector<audit::IndexField> by;
  audit::Counting::Per per = audit::Counting::Per::kAll;
  std::optional<audit::Head> tree;
};
absl::StatusOr<Count> ParseCount(const v1::CountAuditRequest& request, const keys::SiteKeys& keys);
v1::CountAuditResponse FormatCount(const v1::CountAuditRequest& request, const Count& count, const audit::Counting& counted,
                                   const audit::Head& tree, const keys::SiteKeys& keys);

v1::ListedEntry ToMessage(audit::Listed listed);

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_AUDIT_QUERIES_H_
