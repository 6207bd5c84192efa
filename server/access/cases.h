// The cases: sealed in the store, the open ones in memory, changed only together with an entry (I3).
#ifndef OTOKURA_SERVER_ACCESS_CASES_H_
#define OTOKURA_SERVER_ACCESS_CASES_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/v1/case.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/caller.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kOpenCasesMax = 100'000;  // in memory, about a kilobyte each

// Thread-safe.
class Cases {
 public:
  // Borrowed, all must outlive this, the committer also its callbacks. DATA_LOSS where a row does not open.
  static absl::StatusOr<std::unique_ptr<Cases>> Open(const storage::RecordReader& records, storage::Committer* committer,
                                                     const keys::SiteKeys* keys, runtime::Clock* clock);
  ~Cases();

  using Done = std::function<void(absl::StatusOr<v1::Case>)>;
  // Both commit `entry` in the same write, and read the store: not for a thread that must not wait. `done` runs on the committer's thread,
  // or before the call returns, and must only hand over. ABORTED where it was changed meanwhile; UNAVAILABLE where the fate is unknown:
  // asking again tells.

  // The request passed CheckCase; its recordings are within the opener's reach. `pseudonyms`: of its terms, under the key of this year.
  // ALREADY_EXISTS; RESOURCE_EXHAUSTED above kOpenCasesMax.
  void Add(const v1::OpenCaseRequest& request, std::vector<std::string> pseudonyms, const v1::Account& opener,
           std::unique_ptr<audit::Draft> entry, Done done);
  // NOT_FOUND; FAILED_PRECONDITION.
  void Close(std::string_view name, std::string_view closer, std::unique_ptr<audit::Draft> entry, Done done);

  // As it is now, closed or not. Reads the store.
  absl::StatusOr<std::optional<v1::Case>> Find(std::string_view name) const;
  // Open ones by name, after `after`.
  std::vector<v1::Case> List(std::string_view after, size_t limit) const;

  // Whether the case that the ask's reference names, or none, lets the caller do what its role and scope allow: rule "case" or "own-case"
  // where it does not. May read the store.
  Decision Judge(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now) const;
  // The same of what was allowed before: only that the case still stands.
  Decision JudgeAgain(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now) const;

 private:
  struct State;
  explicit Cases(std::shared_ptr<State> state);
  void Commit(v1::CaseRecord record, std::optional<std::string> expected, std::unique_ptr<audit::Draft> entry, Done done);

  const std::shared_ptr<State> state_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CASES_H_
