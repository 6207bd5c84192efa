#include "client/command/sound_device.h"

#include <alsa/asoundlib.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/command/interrupt.h"

namespace otokura::client {
namespace {

constexpr unsigned kBufferedUs = 300'000;  // in the device: rides out a busy machine, and an interrupt is still felt at once
constexpr unsigned kPiecesPerSecond = 10;  // between which an interrupt is looked for

snd_pcm_format_t AlsaFormat(Encoding encoding) {
  switch (encoding) {
    case Encoding::kPcmu:
      return SND_PCM_FORMAT_MU_LAW;
    case Encoding::kPcma:
      return SND_PCM_FORMAT_A_LAW;
    case Encoding::kL16:
      return SND_PCM_FORMAT_S16_LE;
    default:
      return SND_PCM_FORMAT_UNKNOWN;
  }
}

class AlsaDevice : public SoundDevice {
 public:
  AlsaDevice(snd_pcm_t* pcm, std::string name) : pcm_(pcm), name_(std::move(name)) {}
  ~AlsaDevice() override {
    snd_pcm_drop(pcm_);
    snd_pcm_close(pcm_);
  }

  absl::Status Begin(const AudioFormat& format) override {
    format_ = format;
    constexpr unsigned kChannels = 1;
    constexpr int kMayResample = 1;
    const int set = snd_pcm_set_params(pcm_, AlsaFormat(format.encoding), SND_PCM_ACCESS_RW_INTERLEAVED, kChannels, format.sample_rate_hz,
                                       kMayResample, kBufferedUs);
    return set < 0 ? Failed("cannot play this audio", set) : absl::OkStatus();
  }

  absl::Status Play(std::string_view samples) override {
    const size_t piece_bytes = std::max<size_t>(format_.bytes_per_second() / kPiecesPerSecond, format_.bytes_per_sample());
    for (; !samples.empty(); samples.remove_prefix(std::min(piece_bytes, samples.size()))) {
      if (Interrupted()) return absl::CancelledError("interrupted");
      if (absl::Status played = PlayPiece(samples.substr(0, piece_bytes)); !played.ok()) return played;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    const int drained = snd_pcm_drain(pcm_);
    return drained < 0 ? Failed("did not play to the end", drained) : absl::OkStatus();
  }

 private:
  absl::Status PlayPiece(std::string_view samples) {
    while (!samples.empty()) {
      const snd_pcm_sframes_t frames = snd_pcm_writei(pcm_, samples.data(), samples.size() / format_.bytes_per_sample());
      if (frames >= 0) {
        samples.remove_prefix(static_cast<size_t>(frames) * format_.bytes_per_sample());
        continue;
      }
      // The device ran dry, as it does whenever the network pauses: it begins anew with the next samples.
      if (const int recovered = snd_pcm_recover(pcm_, static_cast<int>(frames), /*silent=*/1); recovered < 0)
        return Failed("stopped playing", recovered);
    }
    return absl::OkStatus();
  }
  absl::Status Failed(const char* what, int error) const {
    return absl::FailedPreconditionError(
        absl::StrCat("sound device '", name_, "' ", what, ": ", snd_strerror(error), "; try another --device, or give --output FILE"));
  }

  snd_pcm_t* const pcm_;
  const std::string name_;
  AudioFormat format_;
};

void SayNothing(const char* /*file*/, int /*line*/, const char* /*function*/, int /*error*/, const char* /*format*/, ...) {}

}  // namespace

absl::StatusOr<std::unique_ptr<SoundDevice>> SoundDevice::Open(const std::string& name) {
  snd_lib_error_set_handler(SayNothing);  // what it would print says less than our own message
  snd_pcm_t* pcm = nullptr;
  const int opened = snd_pcm_open(&pcm, name.c_str(), SND_PCM_STREAM_PLAYBACK, 0);
  if (opened < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("sound device '", name, "' cannot be opened: ", snd_strerror(opened),
                     "; `aplay -L` lists devices for --device; or pipe to a player, or give --output FILE"));
  }
  return std::make_unique<AlsaDevice>(pcm, name);
}

}  // namespace otokura::client
