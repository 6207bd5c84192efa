// Who is calling: an account proven by the key behind a client certificate (DESIGN §4, §8). Nothing here knows gRPC.
#ifndef OTOKURA_SERVER_ACCESS_CALLER_H_
#define OTOKURA_SERVER_ACCESS_CALLER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"
#include "server/access/contract.h"
#include "server/audit/log.h"

namespace otokura::access {

// What the transport knows of the peer.
struct Peer {
  std::string certificate_pem;          // leaf, verified against the client CA by TLS
  std::vector<std::string> spiffe_ids;  // from the transport; exactly one is demanded
  std::string address;
};

inline constexpr std::string_view kContractRule = "contract";

// Whether an account lets its holder in.
enum class Standing : uint8_t { kActive, kPending, kSuspended, kKeyReplaced };

// An account as the directory has it now. Immutable but for its standing, which turns for every holder at once.
struct Enrolled {
  v1::Account account;
  std::vector<v1::CentreConfig> centres;     // recorders: theirs as the gateway knows them, for accounts that have every queue
  std::shared_ptr<const Contract> contract;  // contractors: the one under which they are
  // Shared with what the account was before, as long as neither its key was replaced nor a suspension lifted: who was cut off stays it.
  std::shared_ptr<std::atomic<Standing>> standing = std::make_shared<std::atomic<Standing>>(Standing::kActive);
};

// A copyable value.
struct Caller {
  std::shared_ptr<const Enrolled> enrolled;
  std::string certificate_sha256_hex;
  std::string certificate_serial;
  absl::Time certificate_expiry;
  std::string address;
  std::shared_ptr<const std::atomic<bool>> certificate_revoked{};    // set when a new revocation list names it
  std::shared_ptr<const std::atomic<bool>> revocation_list_stale{};  // somebody may be revoked whom it does not name

  const v1::Account& account() const { return enrolled->account; }

  // OK, or why not, and the word for it in the log.
  struct Admission {
    std::string_view rule;
    absl::Status status;
  };
  // PERMISSION_DENIED while the account waits to be confirmed, once it is suspended, and, with rule kContractRule, while a contractor's
  // contract is not in force; UNAUTHENTICATED once its key was replaced, once the
  // certificate expired or was revoked, or cannot be told to be good because the revocation list is stale; that stops no recorder (I11).
  Admission AdmissionAt(absl::Time now) const;
  // The same, asked at each call and, on open streams, at each message.
  absl::Status StillWelcome(absl::Time now) const { return AdmissionAt(now).status; }
  audit::Particulars Describe() const;

  // Whether the centre is among the account's and, for contractors, the contract's.
  bool HasCentre(std::string_view centre) const;
  // Whether the contract, where there is one, permits it. What the role may state is another question.
  bool ContractPermits(std::string_view purpose) const;
  // The contract and those above it, nearest first, each with what all under it may take; none of who is no contractor.
  std::vector<ContractBudgets> Contracts() const;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CALLER_H_
