// The exports: sealed in the store, changed only together with an entry (I3).
#ifndef OTOKURA_SERVER_ACCESS_EXPORTS_H_
#define OTOKURA_SERVER_ACCESS_EXPORTS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/export.pb.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/contracts.h"
#include "server/access/export.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kExportsMax = 10'000;          // kept, with what was taken under them some 100 KiB each at most
inline constexpr size_t kOpenExportsOfPersonMax = 10;  // that wait or are active, which are in memory
inline constexpr absl::Duration kExportsKept =
    absl::Hours(400 * 24);                              // as long as budgets look back, and a month; then a request drops them
inline constexpr size_t kExportsDroppedAtOnce = 2;      // by a request: so that they fall away as fast as they come
inline constexpr size_t kExportRowsReadForAPage = 500;  // some tens of milliseconds of opening rows that are not shown

// INVALID_ARGUMENT naming the field. Recordings, recipient, purpose and reference are looked at by who decides.
absl::Status CheckExportRequest(const v1::RequestExportRequest& request, const v1::ExportRule& rule);

// Thread-safe.
class Exports {
 public:
  // Borrowed, all must outlive this, the committer also its callbacks. DATA_LOSS where a row does not open.
  static absl::StatusOr<std::unique_ptr<Exports>> Open(const storage::RecordReader& records, storage::Committer* committer,
                                                       const keys::SiteKeys* keys, runtime::Clock* clock, const Contracts* contracts);
  ~Exports();

  // Null where no such export is kept. Reads the store, as all below do: not for a thread that must not wait.
  absl::StatusOr<std::shared_ptr<const ExportStanding>> Find(const ExportId& id) const;

  // What is to be written, on the condition that the store still says what it was made from.
  struct Change {
    v1::Export kept;
    std::string certificate;
    storage::Batch batch;
    size_t dropped = 0;  // others that are not kept any more
  };
  // FAILED_PRECONDITION with why not, and the word for the log in `*rule`; other errors leave that empty. NOT_FOUND where an export is not
  // kept. The arguments were checked, and who asks may.

  // RESOURCE_EXHAUSTED, "open-exports", above kOpenExportsOfPersonMax; without a word above kExportsMax.
  absl::StatusOr<Change> Request(const v1::RequestExportRequest& request, const v1::Account& account, const v1::Recipient& recipient,
                                 std::string* rule) const;
  // "export-state". That its recordings may be exported, and to whom, is for the caller to see to before.
  absl::StatusOr<Change> Approve(const ExportId& id, uint64_t revision, const v1::Account& approver, std::string* rule) const;
  absl::StatusOr<Change> Refuse(const ExportId& id, std::string_view reason, const v1::Account& by, std::string* rule) const;
  absl::StatusOr<Change> Revoke(const ExportId& id, std::string_view reason, const v1::Account& by, std::string* rule) const;

  using Done = std::function<void(absl::StatusOr<v1::Export> kept, std::optional<uint64_t> sequence)>;
  // In one write with `entry`, whose sequence `done` is told where it was stored. ABORTED where something of it was changed meanwhile;
  // UNAVAILABLE where the fate is unknown: asking again is safe and tells. `done` runs on the committer's thread, or before the call
  // returns, and must only hand over.
  void Commit(Change change, std::unique_ptr<audit::Draft> entry, Done done);

  // What commits with the entry that tells that a recording was taken whole. One that is taken again replaces the one before.
  absl::Status PutTaken(const ExportId& id, const v1::ExportedObject& object, storage::Batch* batch) const;
  // The export as it is now, with what was taken under it in the order of recording ids; nothing where there is no such export.
  absl::StatusOr<std::optional<v1::Export>> Show(const ExportId& id) const;

  struct Page {
    std::vector<v1::Export> exports;      // newest first, as Show
    std::optional<ExportId> next_before;  // absent: that was all
  };
  // Those that are over only where `ended`. A page may be short and still have a successor; none is longer than `bytes_max`, but for its
  // first export.
  absl::StatusOr<Page> List(std::optional<ExportId> before, size_t rows, size_t bytes_max, bool ended) const;

 private:
  struct State;
  explicit Exports(std::shared_ptr<State> state);
  // What becomes of an export that there is.
  using Next = absl::FunctionRef<absl::StatusOr<v1::Export>(v1::Export stored)>;
  absl::StatusOr<Change> ChangeOf(const ExportId& id, Next next, std::string* rule) const;
  absl::Status DropOldest(Change* change) const;
  absl::Status AddTaken(v1::Export* kept) const;

  const std::shared_ptr<State> state_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EXPORTS_H_
