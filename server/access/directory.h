// The accounts: sealed in the store, whole in memory, changed only together with an entry (I3).
#ifndef OTOKURA_SERVER_ACCESS_DIRECTORY_H_
#define OTOKURA_SERVER_ACCESS_DIRECTORY_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/certificate.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"
#include "server/access/caller.h"
#include "server/access/contracts.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kAccountsMax = 100000;  // all are in memory, about 1 KiB each

// Thread-safe.
class Directory {
 public:
  // Borrowed, all must outlive the directory, the committer also its callbacks; `config` gives centres, queues, retention
  // classes, the trust domain and the revocation list, which is read here. DATA_LOSS where a row does not open; what ReloadRevocations
  // says.
  static absl::StatusOr<std::unique_ptr<Directory>> Open(const storage::RecordReader& records, storage::Committer* committer,
                                                         const keys::SiteKeys* keys, std::shared_ptr<const Contracts> contracts,
                                                         runtime::Clock* clock, v1::GatewayConfig config);

  // Who this is. UNAUTHENTICATED (no or several ids, foreign trust domain, unknown account, key not the pinned one, expired, revoked),
  // PERMISSION_DENIED (pending, suspended). A refusal
  // sets `*rule` to the word for the log; what is told to the peer does not tell one kind of unknown from another.
  absl::StatusOr<Caller> Identify(const Peer& peer, std::string* rule) const;

  // As crypto::ParseCertificate, for certificates that are shown again and again.
  absl::StatusOr<crypto::Certificate> ReadCertificate(std::string_view pem) const;

  // The account as it would be enrolled by the account `proposer`: every field checked, defaults filled, the key pinned, pending unless it
  // is a recorder's. INVALID_ARGUMENT naming the field, a contractor's contract that is not its company's or not confirmed included;
  // ALREADY_EXISTS.
  absl::StatusOr<v1::Account> Prepare(const v1::AddAccountRequest& request, std::string_view proposer) const;

  // Whose concern it is that what waits of the account takes effect, or that its suspension is lifted: the persons behind it and behind the
  // account that proposed it. Nobody where there is no such account.
  std::vector<std::string> PersonsConcerned(std::string_view name) const;

  // The roles that the person has by accounts that are neither suspended nor void, and by the one of that name even if it is.
  std::vector<v1::Role> RolesOf(std::string_view person, std::string_view name) const;
  // FAILED_PRECONDITION naming a person who has duties under these rules that must not meet (DESIGN I9).
  absl::Status CheckDutiesApart(const policy::Rules& rules) const;

  // Who has an account, in whatever state, that says that they work for one of these companies.
  std::vector<std::string> PersonsOf(const std::vector<std::string>& companies) const;

  using Done = std::function<void(absl::StatusOr<v1::Account>)>;
  // In all of these `entry` commits in the same write; its target is set here. NOT_FOUND; FAILED_PRECONDITION where the account is not in a
  // state for it; ABORTED where it was changed meanwhile; UNAVAILABLE where the fate is unknown: asking again is safe and tells. They read
  // the store: not for a thread that must not wait. `done` runs on the committer's thread, or before the call returns, and must only hand
  // over.

  // ALREADY_EXISTS.
  void Add(v1::Account prepared, std::unique_ptr<audit::Draft> entry, Done done);
  // `confirmer` looked at the account as it was in that revision. Two accounts of one person are one person here.
  void Confirm(std::string_view name, uint64_t revision, const v1::Account& confirmer, std::unique_ptr<audit::Draft> entry, Done done);
  // INVALID_ARGUMENT, ALREADY_EXISTS as Prepare.
  void Renew(const v1::RenewAccountRequest& request, std::string_view proposer, std::unique_ptr<audit::Draft> entry, Done done);
  // Ends the account's streams too: every Caller of it turns unwelcome. One account of the security role stays active, whoever asks at
  // once. Sets the entry's reason too. That nobody suspends itself is Decide's to refuse.
  void Suspend(std::string_view name, std::string_view reason, std::unique_ptr<audit::Draft> entry, Done done);
  // Lifts a suspension. Sets the entry's reason too. That nobody restores an account of their own is Decide's to refuse.
  void Restore(std::string_view name, std::string_view reason, std::unique_ptr<audit::Draft> entry, Done done);

  // What suspends an account as part of somebody's write: in the batch its row on the condition that it still is what was read, and, of the
  // security role, that another active one is. FAILED_PRECONDITION where it is suspended already, or the last active one of the security
  // role; NOT_FOUND. Reads the store.
  struct Suspension {
    v1::Account account;  // as it will be
    storage::Batch batch;
  };
  absl::StatusOr<Suspension> PrepareSuspension(std::string_view name, std::string_view reason) const;
  // Takes the account in as it is stored: once that write is done, or its fate unknown. Every Caller of it turns unwelcome.
  absl::Status Reread(std::string_view name) const;
  // Accounts that are active, of those that this is true of.
  size_t CountActive(absl::FunctionRef<bool(const Enrolled& enrolled)> which) const;

  // By name, after `after`, as they are now.
  std::vector<v1::Account> List(std::string_view after, size_t limit) const;
  std::optional<v1::Account> Find(std::string_view name) const;

  // Reads the revocation list of the configuration anew; called on SIGHUP and once a minute. An error keeps the old list; a list past its
  // next update refuses everyone (fail closed).
  absl::Status ReloadRevocations();

 private:
  struct State;
  explicit Directory(std::shared_ptr<State> state);
  // What an account will be, from what is stored of it; may add to the batch and to the entry that commit with it.
  using Change = absl::FunctionRef<absl::StatusOr<v1::Account>(v1::Account stored, storage::Batch* batch, audit::Draft* entry)>;
  void Commit(std::string_view name, std::unique_ptr<audit::Draft> entry, Change change, Done done);
  const std::shared_ptr<State> state_;

 public:
  ~Directory();
};

// `otokurad init`: the first two accounts, before there is a gateway. Adds their writes to `*batch`.
absl::Status EnrolAtInit(const v1::AddAccountRequest& request, const v1::GatewayConfig& config, const keys::SiteKeys& keys, absl::Time now,
                         storage::Batch* batch);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_DIRECTORY_H_
