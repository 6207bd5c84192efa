#include "server/rpc/peer.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace otokura::rpc {
namespace {

constexpr size_t kAddressBytesMax = 64;     // the longest IPv6 text form with a zone fits
constexpr size_t kSpiffeIdsMax = 8;         // one is demanded; the rest only shows that there are too many
constexpr size_t kSpiffeIdBytesMax = 2048;  // of the SPIFFE standard

// gRPC percent-encodes the brackets of IPv6 addresses in peer().
std::string_view WithoutBrackets(std::string_view host) {
  for (const std::string_view open : {"[", "%5B"}) {
    if (host.substr(0, open.size()) == open) host.remove_prefix(open.size());
  }
  for (const std::string_view close : {"]", "%5D"}) {
    if (host.size() >= close.size() && host.substr(host.size() - close.size()) == close) host.remove_suffix(close.size());
  }
  return host;
}

}  // namespace

std::string AddressOf(std::string_view grpc_peer) {
  const size_t scheme = grpc_peer.find(':');
  if (scheme == std::string_view::npos) return std::string(grpc_peer.substr(0, kAddressBytesMax));
  const std::string_view kind = grpc_peer.substr(0, scheme);
  std::string_view host = grpc_peer.substr(scheme + 1);
  if (kind == "ipv4" || kind == "ipv6") host = WithoutBrackets(host.substr(0, host.rfind(':')));
  return std::string(host.substr(0, kAddressBytesMax));
}

access::Peer PeerOf(const grpc::ServerContextBase& context) {
  access::Peer peer;
  peer.address = AddressOf(context.peer());
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr) return peer;
  for (const grpc::string_ref& id : auth->FindPropertyValues(GRPC_PEER_SPIFFE_ID_PROPERTY_NAME)) {
    if (peer.spiffe_ids.size() == kSpiffeIdsMax) break;
    peer.spiffe_ids.emplace_back(id.data(), std::min(id.size(), kSpiffeIdBytesMax));
  }
  const std::vector<grpc::string_ref> leaf = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (leaf.size() == 1) peer.certificate_pem.assign(leaf.front().data(), leaf.front().size());
  return peer;
}

}  // namespace otokura::rpc
