// How grants lie in the store (FORMAT.md).
#ifndef OTOKURA_SERVER_ACCESS_GRANT_ROWS_H_
#define OTOKURA_SERVER_ACCESS_GRANT_ROWS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/grant.h"
#include "server/access/id_rows.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr absl::Duration kApprovalsWindow = absl::Hours(24);

struct GrantRow {
  using Record = v1::GrantRecord;
  static constexpr uint32_t kVersion = 1;
  static constexpr std::string_view kPrefix = "grant/";
  static constexpr char kRows[] = "grants";
  static const std::string& IdOf(const Record& record) { return record.grant().id(); }
};
using StoredGrant = IdRows<GrantRow>::Stored;

// Of one store; by id, and beside that by persons.
class GrantRows : public IdRows<GrantRow> {
 public:
  // Borrowed.
  GrantRows(const storage::RecordReader* records, const keys::SiteKeys* keys) : IdRows(records, keys), records_(records), keys_(keys) {}

  // The newest grant that this person requested; nothing where it never did, or where that is not kept any more. `*row`: what says so.
  absl::StatusOr<std::optional<StoredGrant>> NewestOf(std::string_view person, std::optional<std::string>* row) const;
  // Only while what said which was the newest still is `expected`.
  absl::Status PutNewestOf(std::string_view person, const GrantId& id, std::optional<std::string> expected, storage::Batch* batch) const;

  // When this person approved grants in the 24 hours before `now`. `*row`: what says so.
  absl::StatusOr<std::vector<absl::Time>> ApprovalsBy(std::string_view person, absl::Time now, std::optional<std::string>* row) const;
  absl::Status PutApprovalsBy(std::string_view person, const std::vector<absl::Time>& approvals, std::optional<std::string> expected,
                              storage::Batch* batch) const;

 private:
  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GRANT_ROWS_H_
