// What `record` and `watch` both know about a recorder and its calls.
#ifndef OTOKURA_CLIENT_COMMAND_CALL_OPTIONS_H_
#define OTOKURA_CLIENT_COMMAND_CALL_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/command/session.h"
#include "otokura/recorder.h"

namespace otokura::client {

struct CallOptions {
  std::string centre;
  std::string queue;
  std::string retention_class;
  std::string spool_dir;
  std::string format;  // of bare samples
  uint32_t rate = 0;
  int give_up_after_s = 0;
};

void AddCallOptions(CLI::App* command, CallOptions* options);
absl::StatusOr<std::optional<AudioFormat>> RawFormatOf(const CallOptions& options);

// Tells a person on standard error what keeps a recorder from delivering: at most one line of each kind every ten seconds.
class RecorderNotes {
 public:
  void Take(const RecorderEvent& event);
  // Not OK once the gateway has said that it does not know our certificate: for somebody who waits at a terminal, trying again is of no
  // use.
  absl::Status Refusal();

 private:
  absl::Mutex mutex_;
  std::chrono::steady_clock::time_point last_[8] ABSL_GUARDED_BY(mutex_) = {};
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<Recorder>> MakeRecorder(const Session& session, const CallOptions& options,
                                                       std::shared_ptr<RecorderNotes> notes);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_CALL_OPTIONS_H_
