// What all calls of one Recorder share.
#ifndef OTOKURA_CLIENT_RECORDER_CONTEXT_H_
#define OTOKURA_CLIENT_RECORDER_CONTEXT_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/call_spool.h"
#include "client/channel.h"
#include "client/spool_folder.h"
#include "client/task_thread.h"
#include "otokura/recorder.h"

namespace otokura::client {

class RecorderContext : public std::enable_shared_from_this<RecorderContext> {
 public:
  RecorderContext(RecorderOptions options, std::unique_ptr<SpoolFolder> folder);

  const RecorderOptions& options() const { return options_; }
  ChannelSource& channels() { return channels_; }
  SpoolFolder* folder() { return folder_.get(); }  // null: memory only
  TaskThread& wire() { return wire_; }             // timers, connecting, sending for Write, events
  TaskThread& disk() { return disk_; }             // everything that waits for the spool: a slow disk delays no live stream
  void Report(RecorderEvent event);

  // Takes up what earlier processes left, then looks after all calls once a second.
  absl::Status ResumeLeftovers();
  void Tick();
  absl::StatusOr<std::shared_ptr<CallDelivery>> StartCall(CallInfo info);
  absl::Status Drain(Time deadline);
  // Ends streams, spools what is not acknowledged, joins the threads.
  void Stop();

  // The state of a replayable call that was left unfinished, for its next StartCall.
  void KeepReplayable(std::unique_ptr<CallSpool> spool);

  // Streams that gRPC still calls back about; Stop waits until there are none.
  void StreamBegan();
  void StreamEnded();

 private:
  using CallKey = std::pair<std::string, Leg>;  // the recorder's call id
  std::vector<std::shared_ptr<CallDelivery>> Deliveries();
  void LoadLeftover(const std::string& name);
  void ScheduleTick();

  const RecorderOptions options_;
  ChannelSource channels_;
  const std::unique_ptr<SpoolFolder> folder_;

  absl::Mutex mutex_;
  std::map<CallKey, std::shared_ptr<CallDelivery>> deliveries_ ABSL_GUARDED_BY(mutex_);
  std::map<CallKey, std::unique_ptr<CallSpool>> replayable_leftovers_ ABSL_GUARDED_BY(mutex_);  // wait for their StartCall
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  // Its own: calls count their streams under their own lock, which comes after mutex_.
  absl::Mutex streams_mutex_;
  absl::CondVar stream_ended_;  // the last one
  int streams_ ABSL_GUARDED_BY(streams_mutex_) = 0;

  TaskThread disk_;
  TaskThread wire_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_RECORDER_CONTEXT_H_
