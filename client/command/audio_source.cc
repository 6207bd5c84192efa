#include "client/command/audio_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "client/command/interrupt.h"
#include "client/command/wav.h"

namespace otokura::client {

absl::StatusOr<std::unique_ptr<AudioSource>> AudioSource::Open(const std::string& path, std::optional<AudioFormat> raw_format) {
  FileDescriptor owned;
  if (path != "-") {
    auto opened = OpenFile(path, O_RDONLY);
    if (!opened.ok()) return opened.status();
    owned = *std::move(opened);
  }
  const int fd = path == "-" ? STDIN_FILENO : owned.get();
  struct stat info {};
  if (::fstat(fd, &info) != 0) return FileError("look at", path, errno);
  if (S_ISDIR(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat("'", path, "' is a folder; `otokura watch` takes folders"));
  std::unique_ptr<AudioSource> source(new AudioSource(fd, std::move(owned), path));
  source->is_file_ = path != "-" && S_ISREG(info.st_mode);
  if (absl::Status head = source->ReadHead(raw_format); !head.ok()) return head;
  return source;
}

absl::Status AudioSource::ReadHead(std::optional<AudioFormat> raw_format) {
  // Bare samples need no more than a look at whether they are that: waiting for more would delay a live call.
  const size_t head_bytes = raw_format.has_value() ? 12 : kWavHeadBytesMax;
  while (head_.size() < head_bytes) {
    auto more = ReadBytes(head_bytes - head_.size());
    if (!more.ok()) return more.status();
    if (more->empty()) break;
    head_ += *more;
    if (!raw_format.has_value() && ParseWav(head_).ok()) break;
  }
  if (raw_format.has_value()) {
    if (LooksLikeWav(head_) && head_.substr(8) == "WAVE") {
      return absl::InvalidArgumentError(absl::StrCat("'", path_, "' is a WAV file; leave --format out"));
    }
    format_ = *raw_format;
    return absl::OkStatus();
  }
  auto wav = ParseWav(head_);
  if (!wav.ok())
    return absl::Status(wav.status().code(), absl::StrCat("'", path_, "': ", wav.status().message(), " (for bare samples give --format)"));
  format_ = wav->format;
  audio_bytes_ = wav->audio_bytes;
  head_.erase(0, wav->audio_offset);
  return absl::OkStatus();
}

absl::StatusOr<std::string> AudioSource::ReadBytes(size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  for (;;) {
    const ssize_t got = ::read(fd_, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR && !Interrupted()) continue;
    if (got < 0 && errno == EINTR) return absl::CancelledError("interrupted");
    if (got < 0) return FileError("read", path_, errno);
    bytes.resize(static_cast<size_t>(got));
    return bytes;
  }
}

absl::StatusOr<std::string> AudioSource::Read(size_t bytes_max) {
  if (Interrupted()) return absl::CancelledError("interrupted");
  if (audio_bytes_.has_value()) bytes_max = static_cast<size_t>(std::min<uint64_t>(bytes_max, *audio_bytes_ - handed_out_));
  if (bytes_max == 0) return std::string();
  std::string bytes;
  if (!head_.empty()) {
    bytes = head_.substr(0, bytes_max);
    head_.erase(0, bytes.size());
  } else {
    auto more = ReadBytes(bytes_max);
    if (!more.ok()) return more.status();
    bytes = *std::move(more);
  }
  if (bytes.empty() && audio_bytes_.has_value()) {
    return absl::DataLossError(absl::StrCat("'", path_, "' ends after ", handed_out_, " of ", *audio_bytes_,
                                            " bytes of audio; is it still being written, or cut off?"));
  }
  handed_out_ += bytes.size();
  return bytes;
}

}  // namespace otokura::client
