#include "tests/fault/plaintext_search.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace otokura::fault {
namespace {

constexpr size_t kWordBytes = sizeof(uint64_t);
// A run contains one word of the audio that begins at a multiple of the word's length, wherever the run begins.
static_assert(kAudioRunBytes >= 2 * kWordBytes);

uint64_t WordAt(std::string_view bytes, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, kWordBytes);
  return word;
}

}  // namespace

PlaintextSearch::PlaintextSearch(std::string audio) : audio_(std::move(audio)) {
  for (size_t at = 0; at + kWordBytes <= audio_.size(); at += kWordBytes) words_.emplace(WordAt(audio_, at), at);
}

void PlaintextSearch::AddValue(const std::u16string& value) {
  const std::string name = Utf8(value);
  for (const std::u16string& written : {value, FullWidth(value)}) {
    values_.emplace_back(name + " as UTF-8", Utf8(written));
    values_.emplace_back(name + " as UTF-16 LE", Utf16(written, false));
    values_.emplace_back(name + " as UTF-16 BE", Utf16(written, true));
  }
}

size_t PlaintextSearch::RunAround(std::string_view content, size_t at, size_t audio_at) const {
  size_t before = 0;
  while (before < at && before < audio_at && content[at - before - 1] == audio_[audio_at - before - 1]) ++before;
  size_t after = 0;
  while (at + after < content.size() && audio_at + after < audio_.size() && content[at + after] == audio_[audio_at + after]) ++after;
  return before + after;
}

bool PlaintextSearch::HoldsAudio(std::string_view content) const {
  for (size_t at = 0; at + kWordBytes <= content.size(); ++at) {
    const auto [begin, end] = words_.equal_range(WordAt(content, at));
    for (auto it = begin; it != end; ++it) {
      if (RunAround(content, at, it->second) >= kAudioRunBytes) return true;
    }
  }
  return false;
}

std::vector<std::string> PlaintextSearch::FindIn(std::string_view content) const {
  std::vector<std::string> found;
  if (HoldsAudio(content)) found.push_back("audio");
  for (const auto& [name, bytes] : values_) {
    if (content.find(bytes) != std::string_view::npos) found.push_back(name);
  }
  return found;
}

std::vector<std::string> PlaintextSearch::FindUnder(const std::string& folder, int* files) const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    if (!file) {
      // A file that is renamed or deleted meanwhile is no finding; one that is there must be read.
      if (std::filesystem::exists(entry.path())) found.push_back(entry.path().string() + ": cannot be read");
      continue;
    }
    ++*files;
    const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    for (const std::string& what : FindIn(content)) found.push_back(entry.path().string() + ": " + what);
  }
  return found;
}

std::string Utf8(const std::u16string& text) {
  std::string utf8;
  for (const char16_t unit : text) {
    if (unit < 0x80) {
      utf8 += static_cast<char>(unit);
    } else if (unit < 0x800) {
      utf8 += static_cast<char>(0xc0 | (unit >> 6));
      utf8 += static_cast<char>(0x80 | (unit & 0x3f));
    } else {
      utf8 += static_cast<char>(0xe0 | (unit >> 12));
      utf8 += static_cast<char>(0x80 | ((unit >> 6) & 0x3f));
      utf8 += static_cast<char>(0x80 | (unit & 0x3f));
    }
  }
  return utf8;
}

std::string Utf16(const std::u16string& text, bool big_endian) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char high = static_cast<char>(unit >> 8);
    const char low = static_cast<char>(unit & 0xff);
    bytes += big_endian ? high : low;
    bytes += big_endian ? low : high;
  }
  return bytes;
}

std::u16string FullWidth(std::u16string text) {
  for (char16_t& unit : text) {
    if (unit > 0x20 && unit < 0x7f) unit = static_cast<char16_t>(unit + 0xfee0);
    if (unit == 0x20) unit = 0x3000;
  }
  return text;
}

}  // namespace otokura::fault
