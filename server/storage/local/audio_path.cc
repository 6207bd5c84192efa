#include "server/storage/local/audio_path.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace otokura::storage {
namespace {

constexpr std::string_view kEnding = ".cbl";
constexpr size_t kIdTextBytes = 36;

}  // namespace

std::string AudioDayFolder(const RecordingId& recording) {
  const absl::CivilDay day = absl::ToCivilDay(recording.time(), absl::UTCTimeZone());
  return absl::StrCat(absl::Dec(day.year(), absl::kZeroPad4), "/", absl::Dec(day.month(), absl::kZeroPad2), "/",
                      absl::Dec(day.day(), absl::kZeroPad2));
}

std::string AudioPath(const AudioObjectId& object) {
  return absl::StrCat(AudioDayFolder(object.recording), "/", object.recording.Text(), ".", object.part,
                      absl::string_view(kEnding.data(), kEnding.size()));
}

std::optional<AudioObjectId> ParseAudioPath(std::string_view path) {
  const size_t name_at = path.rfind('/');
  if (name_at == std::string_view::npos) return std::nullopt;
  const std::string_view name = path.substr(name_at + 1);
  if (name.size() <= kIdTextBytes + 1 + kEnding.size() || !name.ends_with(kEnding)) return std::nullopt;
  const std::string_view part = name.substr(kIdTextBytes + 1, name.size() - kIdTextBytes - 1 - kEnding.size());
  absl::StatusOr<RecordingId> recording = RecordingId::Parse(name.substr(0, kIdTextBytes));
  AudioObjectId object;
  if (!recording.ok() || !absl::SimpleAtoi(absl::string_view(part.data(), part.size()), &object.part)) return std::nullopt;
  object.recording = *recording;
  // Only the one spelling: no signs, leading zeros or other day.
  if (AudioPath(object) != path) return std::nullopt;
  return object;
}

}  // namespace otokura::storage
