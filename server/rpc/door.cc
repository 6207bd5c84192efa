#include "server/rpc/door.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "server/rpc/peer.h"

namespace otokura::rpc {
namespace {

audit::Particulars Describe(const access::Peer& peer, const access::Directory& directory) {
  audit::Particulars particulars;
  particulars.address = peer.address;
  if (!peer.spiffe_ids.empty()) particulars.target = peer.spiffe_ids.front();
  if (const auto certificate = directory.ReadCertificate(peer.certificate_pem); certificate.ok()) {
    particulars.certificate = absl::BytesToHexString(certificate->sha256);
  }
  return particulars;
}

}  // namespace

void Door::Identify(const grpc::ServerContextBase& context, absl::AnyInvocable<void(absl::StatusOr<access::Caller>) &&> done) const {
  executor_->Post([this, peer = PeerOf(context), done = std::move(done)]() mutable { std::move(done)(Recognise(peer)); });
}

absl::StatusOr<access::Caller> Door::Recognise(const access::Peer& peer) const {
  std::string rule;
  absl::StatusOr<access::Caller> caller = directory_->Identify(peer, &rule);
  if (!caller.ok()) gate_->Refused(v1::CONNECTION_REFUSED, rule, "", Describe(peer, *directory_));
  return caller;
}

}  // namespace otokura::rpc
