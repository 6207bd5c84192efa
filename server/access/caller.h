// Who is calling: an account proven by the key behind a client certificate (DESIGN §4, §8). Nothing here knows gRPC.
#ifndef OTOKURA_SERVER_ACCESS_CALLER_H_
#define OTOKURA_SERVER_ACCESS_CALLER_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"
#include "server/audit/log.h"

namespace otokura::access {

// What the transport knows of the peer.
struct Peer {
  std::string certificate_pem;          // leaf, verified against the client CA by TLS
  std::vector<std::string> spiffe_ids;  // from the transport; exactly one is demanded
  std::string address;
};

// An account as the directory has it now. Immutable but for the flag that suspension sets on every holder at once.
struct Enrolled {
  v1::Account account;
  std::vector<v1::CentreConfig> centres;  // recorders: theirs as the gateway knows them, for accounts that have every queue
  std::atomic<bool> suspended{false};
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
  // PERMISSION_DENIED once suspended, UNAUTHENTICATED once the certificate expired or was revoked, or cannot be told to be good because the
  // revocation list is stale; that stops no recorder (I11). Asked at each call and, on open streams, at each message.
  absl::Status StillWelcome(absl::Time now) const;
  audit::Particulars Describe() const;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CALLER_H_
