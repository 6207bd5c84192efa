#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "absl/time/clock.h"
#include "crypto/tls13.h"

namespace otokura::client {
namespace {

constexpr int kMessageBytesMax = 16 << 20;  // the largest answer is a page of 200 recordings, each with 1,024 gaps
constexpr absl::Duration kCredentialsLook = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& gateway, const Credentials& credentials) {
  if (absl::Status tls = crypto::RequireTls13(); !tls.ok()) return tls;
  grpc::ChannelArguments arguments;
  // Together these keep gRPC from buffering megabytes for a stream that one side does not read.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 16384);
  // A gateway that restarts is back in seconds, and calls wait for it.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  // A gateway that has lost power says nothing: without probes a stream to it would hang for as long as TCP retries.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  // Recorders and archives of one process must not share a connection, or one's renewed certificate would be hidden by the other's old one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = credentials.ca_pem;
  tls.pem_cert_chain = credentials.certificate_pem;
  tls.pem_private_key = credentials.private_key_pem;
  return grpc::CreateCustomChannel(gateway, grpc::SslCredentials(tls), arguments);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelSource::Get() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (closed_) return absl::CancelledError("the connection was closed");
  if (channel_.ok() && now < next_look_) return channel_;
  next_look_ = now + kCredentialsLook;
  auto credentials = LoadCredentials(options_);
  if (credentials.ok() && channel_.ok() && *credentials == credentials_) return channel_;
  if (channel_.ok()) replaced_ = *channel_;
  if (!credentials.ok()) return channel_ = credentials.status();
  credentials_ = *std::move(credentials);
  return channel_ = MakeChannel(options_.gateway, credentials_);
}

void ChannelSource::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  channel_ = absl::CancelledError("the connection was closed");
  replaced_.reset();
}

}  // namespace otokura::client
