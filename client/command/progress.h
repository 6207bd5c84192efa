// A bar on standard error, where a person watches.
#ifndef OTOKURA_CLIENT_COMMAND_PROGRESS_H_
#define OTOKURA_CLIENT_COMMAND_PROGRESS_H_

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace otokura::client {

class Progress {
 public:
  ~Progress() {
    if (shown_ >= 0) std::fprintf(stderr, "\r\033[K");
  }
  void Show(uint64_t done, uint64_t total) {
    constexpr int kWidth = 40;
    const int percent = total == 0 ? 100 : static_cast<int>(done * 100 / total);
    if (!on_ || percent == shown_) return;
    shown_ = percent;
    const int filled = percent * kWidth / 100;
    std::fprintf(stderr, "\r[%s%s] %3d%%", std::string(static_cast<size_t>(filled), '#').c_str(),
                 std::string(static_cast<size_t>(kWidth - filled), ' ').c_str(), percent);
  }

 private:
  const bool on_ = ::isatty(STDERR_FILENO) == 1;
  int shown_ = -1;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_PROGRESS_H_
