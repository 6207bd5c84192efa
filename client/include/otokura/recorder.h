// The way in: live or finished calls, streamed to the gateway as they are spoken.
//
//   auto recorder = Recorder::Create({.connection = …, .spool_dir = "/var/spool/otokura"});
//   auto call = (*recorder)->StartCall({.personal = {.call_id = "pbx-4711"}, .format = {Encoding::kPcmu}, .centre = "tokyo"});
//   (*call)->Write(packet);   // from the thread that has the audio, as often as it likes
//   (*call)->Finish();
//
// What was not acknowledged as durable by the gateway is kept: in memory up to a bound, past it in encrypted files of `spool_dir`. Streams
// that break are resumed without help, also after this process was restarted.
//
// Note: with a spool the process locks 4 MiB of memory for keys (RLIMIT_MEMLOCK must allow it). See connection.h on TLS.
#ifndef OTOKURA_RECORDER_H_
#define OTOKURA_RECORDER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

class CallDelivery;
class RecorderContext;

// Something a person who runs recorders wants to know. Delivered one at a time, on a thread of the Recorder, with no lock held; a handler
// may call any method but must not destroy the Recorder, and delays reconnecting while it runs.
struct RecorderEvent {
  enum class Kind {
    kDisconnected,   // `status` says why, `retry_in` when it is tried again
    kConnected,      // the stream is open; `offset`: where it continues
    kGap,            // audio was dropped or reported missing: `offset`, `length`, `gap_reason`
    kDataLoss,       // the gateway has lost acknowledged bytes: `offset`, `length`. It has logged them and marked the recording
    kLeftoverFound,  // an earlier process left this call in the spool; it is being delivered
    kSpoolProblem,   // the spool cannot be written, or a file of it was damaged and set aside: `status`
    kSealed,         // the gateway has the whole call
    kFailed,         // the call has ended without being sealed: `status`
  };
  Kind kind = Kind::kConnected;
  std::string call_id{};  // empty where a spool file cannot even tell that
  Leg leg = Leg::kUnspecified;
  absl::Status status{};
  std::chrono::milliseconds retry_in{0};
  uint64_t offset = 0;
  uint64_t length = 0;
  GapReason gap_reason = GapReason::kUnspecified;
};

// Waits between attempts to reach the gateway: doubling from `first` to `most`, each with up to a fifth more at random, so that many calls
// do not come back in the same instant. `refused` is the wait after UNAUTHENTICATED: certificates get renewed, but not every second.
struct Backoff {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds most{5000};
  std::chrono::milliseconds refused{30000};
};

struct RecorderOptions {
  ConnectionOptions connection{};
  std::string spool_dir{};                        // made if absent, used by one Recorder at a time; empty: memory only
  size_t memory_bytes_per_call_max = 256 * 1024;  // at least 64 KiB; 32 seconds of G.711
  uint64_t spool_bytes_max = uint64_t{4} << 30;   // over all calls; about six days of G.711
  size_t open_calls_max = 20000;
  Backoff backoff{};
  std::chrono::milliseconds stall_timeout{60000};  // a stream that takes or acknowledges nothing for so long is replaced
  std::function<void(const RecorderEvent&)> on_event{};
};

struct CallInfo {
  PersonalMetadata personal{};
  Leg leg = Leg::kMixed;
  AudioFormat format{};
  std::string centre{};
  std::string queue{};
  std::string retention_class{};  // empty: the account's first
  Time start{};                   // when the call began, as a claim; left at the epoch: not said
  // The source can supply every byte again from the first (a file). Its audio is then never spooled: after a restart, StartCall with the
  // same call id and leg continues where the gateway stands, and the bytes that it has already are hashed and skipped.
  bool replayable = false;
};

struct SealedCall {
  std::string recording_id{};
  uint64_t audio_bytes = 0;
  std::string audio_sha256{};  // of what the gateway keeps, gaps as silence; 32 bytes
  DigestCheck digest_check = DigestCheck::kUnspecified;
  std::string supplement_of{};  // set where the gateway had given the call up before its last audio came
};

// One leg of one call. All methods may be called from any thread; Write and ReportGap from one at a time, as audio has an order. Destroying
// a Call that was not finished finishes it (a replayable one is left as it stands, for the next process to continue).
class Call {
 public:
  explicit Call(std::shared_ptr<CallDelivery> delivery);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  // Takes the next audio; copies it and returns at once, whatever the network or disk do. At most memory_bytes_per_call_max bytes.
  //   RESOURCE_EXHAUSTED: memory_bytes_per_call_max are held and the spool has not taken them: it is full, cannot be written, or audio came
  //   faster than its disk writes (a source that can wait calls WaitForRoom). The bytes are gone: the timeline goes on with a gap of their
  //   length.
  //   FAILED_PRECONDITION: after Finish; or a replayable call has no room (nothing was taken: WaitForRoom first).
  //   Anything else: the call has failed for good; the same that Wait returns.
  absl::Status Write(std::string_view audio);

  // Says honestly that `length` bytes are missing here.
  absl::Status ReportGap(uint64_t length, GapReason reason);

  // No more audio comes. Returns at once.
  void Finish();

  // Waits until the gateway has sealed the finished call. DEADLINE_EXCEEDED leaves everything as it is; delivery goes on. CANCELLED: the
  // Recorder is gone.
  absl::StatusOr<SealedCall> Wait(Time deadline);

  // For sources that can wait (files, pipes): returns when Write(bytes) will be taken without growing the spool more than needed. `bytes`
  // is at most half of memory_bytes_per_call_max.
  absl::Status WaitForRoom(size_t bytes, Time deadline);

  uint64_t written_bytes() const;    // the end of the timeline
  uint64_t committed_bytes() const;  // durable at the gateway
  std::string recording_id() const;  // empty until the gateway has opened it

 private:
  std::shared_ptr<CallDelivery> delivery_;
};

// Two threads of its own whatever the number of calls, and gRPC's.
class Recorder {
 public:
  // Checks the options and the certificate, takes the spool and resumes what earlier processes left in it. Does not wait for the gateway.
  static absl::StatusOr<std::unique_ptr<Recorder>> Create(RecorderOptions options);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  // Ends all streams and puts what is not acknowledged into the spool. Without a spool it is lost: Wait or Drain first.
  ~Recorder();

  // Never waits for the network. ALREADY_EXISTS: a call of this id and leg is still being delivered. INVALID_ARGUMENT names the field.
  absl::StatusOr<std::unique_ptr<Call>> StartCall(CallInfo info);

  // Waits until every finished call is sealed or has failed, leftovers included.
  absl::Status Drain(Time deadline);

 private:
  explicit Recorder(std::shared_ptr<RecorderContext> context);
  std::shared_ptr<RecorderContext> context_;
};

}  // namespace otokura::client

#endif  // OTOKURA_RECORDER_H_
