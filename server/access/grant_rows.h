// How grants lie in the store (FORMAT.md).
#ifndef OTOKURA_SERVER_ACCESS_GRANT_ROWS_H_
#define OTOKURA_SERVER_ACCESS_GRANT_ROWS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/grant.pb.h"
#include "server/access/grant.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr absl::Duration kApprovalsWindow = absl::Hours(24);

struct StoredGrant {
  v1::Grant grant;
  std::string row;
};

// Of one store.
class GrantRows {
 public:
  // Borrowed.
  GrantRows(const storage::RecordReader* records, const keys::SiteKeys* keys) : records_(records), keys_(keys) {}

  // Nothing where no such grant is stored. DATA_LOSS where the row does not open or is another's, FAILED_PRECONDITION where it is from a
  // newer version. So do all that read.
  absl::StatusOr<std::optional<StoredGrant>> Read(const GrantId& id) const;
  // The row must still be `expected`; nothing: it must not be there.
  absl::Status Put(const v1::Grant& grant, std::optional<std::string> expected, storage::Batch* batch) const;
  // Removes that row, as long as it still is this.
  void Drop(const StoredGrant& stored, storage::Batch* batch) const;
  // In the order in which they were requested, or the newest first and then only those before `before`, until `grant` returns false.
  absl::Status ForEach(absl::FunctionRef<bool(StoredGrant stored)> grant) const;
  absl::Status ForEachNewestFirst(std::optional<GrantId> before, absl::FunctionRef<bool(StoredGrant stored)> grant) const;

  // The newest grant that this person requested; nothing where it never did, or where that is not kept any more. `*row`: what says so.
  absl::StatusOr<std::optional<StoredGrant>> NewestOf(std::string_view person, std::optional<std::string>* row) const;
  // Only while what said which was the newest still is `expected`.
  absl::Status PutNewestOf(std::string_view person, const GrantId& id, std::optional<std::string> expected, storage::Batch* batch) const;

  // When this person approved grants in the 24 hours before `now`. `*row`: what says so.
  absl::StatusOr<std::vector<absl::Time>> ApprovalsBy(std::string_view person, absl::Time now, std::optional<std::string>* row) const;
  absl::Status PutApprovalsBy(std::string_view person, const std::vector<absl::Time>& approvals, std::optional<std::string> expected,
                              storage::Batch* batch) const;

 private:
  absl::StatusOr<StoredGrant> Open(std::string_view row_key, std::string_view row) const;
  absl::Status Scan(const storage::ScanRange& range, absl::FunctionRef<bool(StoredGrant stored)> grant) const;

  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GRANT_ROWS_H_
