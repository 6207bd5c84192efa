#include "server/storage/recording_id.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace otokura::storage {
namespace {

constexpr int64_t kMillisecondsMax = (int64_t{1} << 48) - 1;  // the field's width, RFC 9562 §5.7
constexpr size_t kTimeBytes = 6;
constexpr size_t kRandomBytes = RecordingId::kBytes - kTimeBytes;
constexpr size_t kTextBytes = 36;

bool IsHyphen(size_t index) { return index == 8 || index == 13 || index == 18 || index == 23; }

// The value of a lower-case hexadecimal digit, -1 for any other character.
int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

absl::Status NotAnId() {
  return absl::InvalidArgumentError("recording id: not a version 7 UUID in lower case, as in 01890a5d-ac96-774b-bcce-b302099a8057");
}

}  // namespace

RecordingId RecordingId::Make(absl::Time time, std::string_view random) {
  RecordingId id;
  const int64_t milliseconds = std::clamp<int64_t>(absl::ToUnixMillis(time), 0, kMillisecondsMax);
  for (size_t i = 0; i < kTimeBytes; ++i) id.bytes_[i] = static_cast<uint8_t>(milliseconds >> (8 * (kTimeBytes - 1 - i)));
  std::copy_n(random.begin(), std::min(random.size(), kRandomBytes), id.bytes_.begin() + kTimeBytes);
  id.bytes_[6] = static_cast<uint8_t>(0x70 | (id.bytes_[6] & 0x0f));
  id.bytes_[8] = static_cast<uint8_t>(0x80 | (id.bytes_[8] & 0x3f));
  return id;
}

RecordingId RecordingId::FirstAt(absl::Time time) { return Make(time, std::string_view()); }

absl::StatusOr<RecordingId> RecordingId::Parse(std::string_view text) {
  if (text.size() != kTextBytes) return NotAnId();
  std::string bytes;
  for (size_t i = 0; i < kTextBytes;) {
    if (IsHyphen(i)) {
      if (text[i] != '-') return NotAnId();
      ++i;
      continue;
    }
    const int high = DigitValue(text[i]);
    const int low = DigitValue(text[i + 1]);
    if (high < 0 || low < 0) return NotAnId();
    bytes.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return FromBytes(bytes);
}

absl::StatusOr<RecordingId> RecordingId::FromBytes(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return absl::InvalidArgumentError(absl::StrCat("recording id: ", bytes.size(), " bytes where a UUID has ", kBytes));
  }
  RecordingId id;
  std::memcpy(id.bytes_.data(), bytes.data(), kBytes);
  if (id.bytes_[6] >> 4 != 7 || id.bytes_[8] >> 6 != 2) return NotAnId();
  return id;
}

std::string RecordingId::Text() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(kTextBytes);
  for (uint8_t byte : bytes_) {
    if (IsHyphen(text.size())) text.push_back('-');
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0x0f]);
  }
  return text;
}

absl::Time RecordingId::time() const {
  int64_t milliseconds = 0;
  for (size_t i = 0; i < kTimeBytes; ++i) milliseconds = milliseconds << 8 | bytes_[i];
  return absl::FromUnixMillis(milliseconds);
}

}  // namespace otokura::storage
