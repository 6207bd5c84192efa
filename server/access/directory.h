// The accounts: sealed in the store, whole in memory, changed only together with an entry (I3).
#ifndef OTOKURA_SERVER_ACCESS_DIRECTORY_H_
#define OTOKURA_SERVER_ACCESS_DIRECTORY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "crypto/certificate.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"
#include "server/access/caller.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kAccountsMax = 100000;  // all are in memory, about 1 KiB each

// Thread-safe.
class Directory {
 public:
  // Borrowed, all must outlive the directory, the committer also its callbacks; `config` gives centres, queues, retention classes, the
  // trust domain and the revocation list, which is read here. DATA_LOSS where a row does not open; what ReloadRevocations says.
  static absl::StatusOr<std::unique_ptr<Directory>> Open(const storage::RecordReader& records, storage::Committer* committer,
                                                         const keys::SiteKeys* keys, runtime::Clock* clock, v1::GatewayConfig config);

  // Who this is. UNAUTHENTICATED (no or several ids, foreign trust domain, unknown account, key not the pinned one, expired, revoked),
  // PERMISSION_DENIED (suspended). A refusal sets
  // `*rule` to the word for the log; what is told to the peer does not tell one kind of unknown from another.
  absl::StatusOr<Caller> Identify(const Peer& peer, std::string* rule) const;

  // As crypto::ParseCertificate, for certificates that are shown again and again.
  absl::StatusOr<crypto::Certificate> ReadCertificate(std::string_view pem) const;

  // The account as it would be enrolled: every field checked, defaults filled, the key pinned. INVALID_ARGUMENT naming the field;
  // ALREADY_EXISTS.
  absl::StatusOr<v1::Account> Prepare(const v1::AddAccountRequest& request) const;

  using Done = std::function<void(absl::StatusOr<v1::Account>)>;
  // `entry` commits in the same write; its target is set here. ALREADY_EXISTS; UNAVAILABLE where the fate is unknown: asking again is safe
  // and tells. Reads the store: not for a thread that must not wait. `done` runs on the committer's thread and must only hand over.
  void Add(v1::Account prepared, std::unique_ptr<audit::Draft> entry, Done done);
  // Ends the account's streams too: every Caller of it turns unwelcome. FAILED_PRECONDITION when already suspended, NOT_FOUND; otherwise as
  // Add. Sets the entry's reason too. That nobody suspends itself is Decide's to refuse.
  void Suspend(std::string_view name, std::string_view reason, std::unique_ptr<audit::Draft> entry, Done done);
  // By name, after `after`.
  std::vector<v1::Account> List(std::string_view after, size_t limit) const;

  // Reads the revocation list of the configuration anew; called on SIGHUP and once a minute. An error keeps the old list; a list past its
  // next update refuses everyone (fail closed).
  absl::Status ReloadRevocations();

 private:
  struct State;
  explicit Directory(std::shared_ptr<State> state);
  const std::shared_ptr<State> state_;

 public:
  ~Directory();
};

// `otokurad init`: the first two accounts, before there is a gateway. Adds their writes to `*batch`.
absl::Status EnrolAtInit(const v1::AddAccountRequest& request, const v1::GatewayConfig& config, const keys::SiteKeys& keys, absl::Time now,
                         storage::Batch* batch);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_DIRECTORY_H_
