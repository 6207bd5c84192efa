// A loudspeaker or headset, through ALSA: what `otokura listen` plays on.
#ifndef OTOKURA_CLIENT_COMMAND_SOUND_DEVICE_H_
#define OTOKURA_CLIENT_COMMAND_SOUND_DEVICE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/recording.h"

namespace otokura::client {

inline constexpr char kDefaultSoundDevice[] = "default";

// Not thread-safe. Silent once destroyed.
class SoundDevice {
 public:
  // `name` as ALSA has it (aplay -L lists them). FAILED_PRECONDITION with what to do where it cannot be opened.
  static absl::StatusOr<std::unique_ptr<SoundDevice>> Open(const std::string& name);
  virtual ~SoundDevice() = default;

  // Before anything is played. FAILED_PRECONDITION where the device cannot play such audio.
  virtual absl::Status Begin(const AudioFormat& format) = 0;
  // Waits while the device has enough to play. Whole samples. CANCELLED soon after an interrupt.
  virtual absl::Status Play(std::string_view samples) = 0;
  // Waits until all of it was heard.
  virtual absl::Status Finish() = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_SOUND_DEVICE_H_
