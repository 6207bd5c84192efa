// Names of what is stored: recordings (UUIDv7, RFC 9562) and their audio objects.
#ifndef OTOKURA_SERVER_STORAGE_RECORDING_ID_H_
#define OTOKURA_SERVER_STORAGE_RECORDING_ID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace otokura::storage {

// Sixteen bytes of a UUIDv7, ordered by time of making. A value type.
class RecordingId {
 public:
  static constexpr size_t kBytes = 16;
  RecordingId() = default;
  // `random` is 10 random bytes; version and variant bits are set over them.
  static RecordingId Make(absl::Time time, std::string_view random);
  // The smallest id of that millisecond, for range scans.
  static RecordingId FirstAt(absl::Time time);
  // Exactly the lower-case hyphenated form of a UUIDv7; INVALID_ARGUMENT otherwise.
  static absl::StatusOr<RecordingId> Parse(std::string_view text);
  static absl::StatusOr<RecordingId> FromBytes(std::string_view bytes);

  std::string Text() const;
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }
  absl::Time time() const;
  auto operator<=>(const RecordingId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const RecordingId& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, kBytes> bytes_{};
};

// One part of one recording: one Cobblestone message or prefix.
struct AudioObjectId {
  RecordingId recording;
  uint32_t part = 0;
  auto operator<=>(const AudioObjectId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const AudioObjectId& id) {
    return H::combine(std::move(h), id.recording, id.part);
  }
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_RECORDING_ID_H_
