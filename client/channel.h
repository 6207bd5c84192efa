// gRPC channels to the gateway, with the settings that make backpressure real.
#ifndef OTOKURA_CLIENT_CHANNEL_H_
#define OTOKURA_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "otokura/connection.h"

namespace otokura::client {

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& gateway, const Credentials& credentials);

// ChannelSource keeps one channel, and makes another when the files have changed: a renewed certificate is taken up without a restart. The
// one before is kept too: its last stream must not be what destroys gRPC's last channel, on a thread of gRPC that would wait for itself.
// Any thread; reads files, at most once a second.
class ChannelSource {
 public:
  explicit ChannelSource(ConnectionOptions options) : options_(std::move(options)) {}
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Get();
  // Lets the channel go, for good; CANCELLED from then on.
  void Close();

 private:
  const ConnectionOptions options_;
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time next_look_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  Credentials credentials_ ABSL_GUARDED_BY(mutex_);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel_ ABSL_GUARDED_BY(mutex_) = absl::UnavailableError("not connected yet");
  std::shared_ptr<grpc::Channel> replaced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_CHANNEL_H_
