// Where `record` and `watch` take audio from: a WAV file, bare samples, or either on standard input.
#ifndef OTOKURA_CLIENT_COMMAND_AUDIO_SOURCE_H_
#define OTOKURA_CLIENT_COMMAND_AUDIO_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/posix_file.h"
#include "otokura/recording.h"

namespace otokura::client {

class AudioSource {
 public:
  // "-" is standard input. Without `raw_format` it must be WAV; with it a WAV file is refused, as its header would be heard as a click.
  static absl::StatusOr<std::unique_ptr<AudioSource>> Open(const std::string& path, std::optional<AudioFormat> raw_format);

  const AudioFormat& format() const { return format_; }
  bool is_file() const { return is_file_; }  // can be read again from its beginning
  std::optional<uint64_t> audio_bytes() const { return audio_bytes_; }

  // The next bytes, at most `bytes_max`; empty at the end. DATA_LOSS: the source ends before its header says. CANCELLED: interrupted.
  absl::StatusOr<std::string> Read(size_t bytes_max);

 private:
  AudioSource(int fd, FileDescriptor owned, std::string path) : fd_(fd), owned_(std::move(owned)), path_(std::move(path)) {}
  absl::Status ReadHead(std::optional<AudioFormat> raw_format);
  absl::StatusOr<std::string> ReadBytes(size_t bytes_max);

  const int fd_;
  const FileDescriptor owned_;  // none for standard input
  const std::string path_;
  AudioFormat format_;
  bool is_file_ = false;
  std::optional<uint64_t> audio_bytes_;
  std::string head_;  // read, not handed out yet
  uint64_t handed_out_ = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_AUDIO_SOURCE_H_
