// From a source into a call.
#ifndef OTOKURA_CLIENT_COMMAND_SEND_AUDIO_H_
#define OTOKURA_CLIENT_COMMAND_SEND_AUDIO_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/command/audio_source.h"
#include "otokura/recorder.h"

namespace otokura::client {

struct SendingPace {
  bool live = false;                      // as fast as it is spoken, in packets of 20 ms
  std::chrono::seconds give_up_after{0};  // without the gateway taking anything; 0: never
  std::function<absl::Status()> check{};  // asked several times a second; an error ends the sending with it
};

// Writes all of `source`, finishes the call and waits until it is sealed. A live source that cannot wait (standard input) is never held up:
// what neither memory nor spool can take becomes a gap.
absl::StatusOr<SealedCall> SendAudio(AudioSource* source, Call* call, const SendingPace& pace);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_SEND_AUDIO_H_
