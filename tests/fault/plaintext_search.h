// Looks for what must be nowhere in clear: any run of known audio, and personal values however they may be written.
#ifndef OTOKURA_TESTS_FAULT_PLAINTEXT_SEARCH_H_
#define OTOKURA_TESTS_FAULT_PLAINTEXT_SEARCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace otokura::fault {

inline constexpr size_t kAudioRunBytes = 16;

class PlaintextSearch {
 public:
  // Any kAudioRunBytes of `audio` in a row, from any byte on, count as found. `audio` should be random: silence lies in every file.
  explicit PlaintextSearch(std::string audio);
  // Found as UTF-8, as UTF-16 of both byte orders, and with its ASCII as full-width forms. Code points above U+FFFF are not needed here.
  void AddValue(const std::u16string& value);

  // What was found, in words; empty: nothing.
  std::vector<std::string> FindIn(std::string_view content) const;
  // In every file under `folder`, with its path; `*files` counts them.
  std::vector<std::string> FindUnder(const std::string& folder, int* files) const;

 private:
  bool HoldsAudio(std::string_view content) const;
  size_t RunAround(std::string_view content, size_t at, size_t audio_at) const;

  const std::string audio_;
  std::unordered_multimap<uint64_t, size_t> words_;          // each eighth byte of the audio and the seven after it
  std::vector<std::pair<std::string, std::string>> values_;  // name, bytes
};

std::string Utf8(const std::u16string& text);
std::string Utf16(const std::u16string& text, bool big_endian);
std::u16string FullWidth(std::u16string text);

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_PLAINTEXT_SEARCH_H_
