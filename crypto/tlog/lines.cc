#include "crypto/tlog/lines.h"

#include <utility>

#include "crypto/base64.h"
#include "crypto/sha256.h"

namespace otokura::crypto {

std::optional<std::string_view> TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return line;
}

std::optional<std::vector<std::string>> TakeHashLines(std::string_view* text, size_t hashes_max) {
  std::vector<std::string> hashes;
  for (;;) {
    const std::optional<std::string_view> line = TakeLine(text);
    if (!line) return std::nullopt;
    if (line->empty()) return hashes;
    std::optional<std::string> hash = DecodeBase64(*line);
    if (!hash || hash->size() != kSha256Bytes || hashes.size() == hashes_max) return std::nullopt;
    hashes.push_back(*std::move(hash));
  }
}

}  // namespace otokura::crypto
