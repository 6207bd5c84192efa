// The grants: sealed in the store, changed only together with an entry (I3).
#ifndef OTOKURA_SERVER_ACCESS_GRANTS_H_
#define OTOKURA_SERVER_ACCESS_GRANTS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/grant.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/grant.h"
#include "server/access/grant_rows.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kGrantsMax = 100'000;  // kept; each person's newest is in memory, about 1 KiB
inline constexpr absl::Duration kGrantsKept =
    absl::Hours(400 * 24);                               // as long as budgets look back, and a month; then a request drops them
inline constexpr size_t kGrantsDroppedAtOnce = 2;        // by a request: so that they fall away as fast as they come
inline constexpr size_t kGrantRowsReadForAPage = 2'000;  // some milliseconds of opening rows that are not shown

// Thread-safe.
class Grants {
 public:
  // Borrowed, all must outlive this, the committer also its callbacks; `in_force` is kept up with what is stored. DATA_LOSS where a row
  // does not open.
  static absl::StatusOr<std::unique_ptr<Grants>> Open(const storage::RecordReader& records, storage::Committer* committer,
                                                      const keys::SiteKeys* keys, runtime::Clock* clock, GrantsInForce* in_force);
  ~Grants();

  // Nothing where no such grant is kept. Reads the store, as all below do: not for a thread that must not wait.
  absl::StatusOr<std::optional<v1::Grant>> Find(const GrantId& id) const;

  // What is to be written, on the condition that the store still says what it was made from.
  struct Change {
    v1::Grant grant;
    storage::Batch batch;
    size_t dropped = 0;  // others that are not kept any more
  };
  // FAILED_PRECONDITION with why not, and the word for the log in `*rule`; other errors leave that empty. NOT_FOUND where a grant is not
  // kept. The arguments were checked, and who asks may.

  // "one-grant"; RESOURCE_EXHAUSTED above kGrantsMax.
  absl::StatusOr<Change> Request(const v1::RequestGrantRequest& request, const v1::Account& account, std::string* rule) const;
  // "grant-state", or "approvals" where the person approved `approvals_max` in the last 24 hours. That its recordings may be heard is for
  // the caller to see to before.
  absl::StatusOr<Change> Approve(const GrantId& id, uint64_t revision, const v1::Account& approver, uint32_t approvals_max,
                                 std::string* rule) const;
  // "grant-state".
  absl::StatusOr<Change> Refuse(const GrantId& id, std::string_view reason, const v1::Account& by, std::string* rule) const;
  absl::StatusOr<Change> Revoke(const GrantId& id, std::string_view reason, const v1::Account& by, std::string* rule) const;

  using Done = std::function<void(absl::StatusOr<v1::Grant>)>;
  // In one write with `entry`. ABORTED where something of it was changed meanwhile; UNAVAILABLE where the fate is unknown: asking again is
  // safe and tells. `done` runs on the committer's thread, or before the call returns, and must only hand over.
  void Commit(Change change, std::unique_ptr<audit::Draft> entry, Done done);

  struct Page {
    std::vector<v1::Grant> grants;       // newest first, as they are now
    std::optional<GrantId> next_before;  // absent: that was all
  };
  // Of that person alone, unless it is empty; those that are over only where `ended`. A page may be short and still have a successor.
  absl::StatusOr<Page> List(std::optional<GrantId> before, size_t rows, std::string_view person, bool ended) const;

 private:
  struct State;
  explicit Grants(std::shared_ptr<State> state);
  // What becomes of a grant that there is.
  using Next = absl::FunctionRef<absl::StatusOr<v1::Grant>(v1::Grant stored)>;
  absl::StatusOr<Change> ChangeOf(const GrantId& id, Next next, std::string* rule) const;
  absl::Status DropOldest(Change* change) const;

  const std::shared_ptr<State> state_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GRANTS_H_
