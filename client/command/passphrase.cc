#include "client/command/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "client/posix_file.h"
#include "crypto/file_key_provider.h"

namespace otokura::client {
namespace {

// The terminal shows nothing of what is typed while this lives.
class Unseen {
 public:
  explicit Unseen(int terminal) : terminal_(terminal) {
    changed_ = tcgetattr(terminal_, &before_) == 0;
    termios unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    unseen.c_lflag |= static_cast<tcflag_t>(ICANON);
    changed_ = changed_ && tcsetattr(terminal_, TCSAFLUSH, &unseen) == 0;
  }
  ~Unseen() {
    if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  bool changed() const { return changed_; }

 private:
  const int terminal_;
  termios before_{};
  bool changed_ = false;
};

absl::StatusOr<crypto::SecretBytes> ReadLine(int terminal) {
  auto line = crypto::SecretBytes::Zeroed(crypto::kPassphraseBytesMax + 1);  // with its newline; a terminal gives a line at a time
  if (!line.ok()) return line.status();
  const ssize_t bytes = read(terminal, line->ExposeMutable(), line->size());
  if (bytes <= 0 || line->Expose()[static_cast<size_t>(bytes) - 1] != '\n')
    return absl::InvalidArgumentError("passphrase: none was typed, or a longer one than 1024 bytes");
  return crypto::SecretBytes::CopyOf(line->Expose().substr(0, static_cast<size_t>(bytes) - 1));
}

}  // namespace

absl::StatusOr<crypto::SecretBytes> GetPassphrase(const std::string& file, std::string_view prompt) {
  if (!file.empty()) return crypto::ReadPassphraseFile(file);
  const FileDescriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid()) return absl::FailedPreconditionError("passphrase: there is no terminal to type it at; give --passphrase-file");
  const Unseen unseen(terminal.get());
  if (!unseen.changed()) return absl::FailedPreconditionError("passphrase: the terminal would show it; give --passphrase-file");
  if (absl::Status asked = WriteAll(terminal.get(), prompt, "/dev/tty"); !asked.ok()) return asked;
  auto passphrase = ReadLine(terminal.get());
  WriteAll(terminal.get(), "\n", "/dev/tty").IgnoreError();  // the one that was typed was not shown
  return passphrase;
}

}  // namespace otokura::client
