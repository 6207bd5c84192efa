#include "crypto/tlog/entry_bundle.h"

#include "absl/strings/str_cat.h"

namespace otokura::crypto {

absl::Status AppendEntry(std::string_view entry, std::string* bundle) {
  if (entry.size() > kEntryBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("entry: ", entry.size(), " bytes, a bundle takes at most ", kEntryBytesMax));
  }
  bundle->push_back(static_cast<char>(entry.size() >> 8));
  bundle->push_back(static_cast<char>(entry.size() & 0xff));
  bundle->append(entry);
  return absl::OkStatus();
}

std::optional<std::string_view> EntryBundleReader::Next() {
  if (rest_.size() < kEntryLengthBytes) return std::nullopt;
  const size_t bytes = static_cast<size_t>(static_cast<unsigned char>(rest_[0])) << 8 | static_cast<unsigned char>(rest_[1]);
  if (rest_.size() - kEntryLengthBytes < bytes) return std::nullopt;
  const std::string_view entry = rest_.substr(kEntryLengthBytes, bytes);
  rest_.remove_prefix(kEntryLengthBytes + bytes);
  return entry;
}

}  // namespace otokura::crypto
