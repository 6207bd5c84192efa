// Syslog to a datagram socket of this host.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/audit/anchors/syslog_transport.h"

namespace otokura::audit {
namespace {

constexpr int kLookMs = 50;  // how often a reader without room, and a gateway that stops, are looked at

class LocalSyslog final : public SyslogTransport {
 public:
  LocalSyslog(std::string path, absl::Duration timeout) : path_(std::move(path)), timeout_(timeout) {}
  ~LocalSyslog() override { Close(); }

  absl::Status Send(const std::vector<std::string>& messages, const std::atomic<bool>& cancelled) override {
    for (const std::string& message : messages) {
      if (absl::Status sent = SendOne(message, cancelled); !sent.ok()) {
        Close();  // whoever listens next is another socket
        return sent;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Failure(const char* what) const {
    return absl::UnavailableError(absl::StrCat(path_, ": cannot ", what, ": ", std::strerror(errno)));
  }

  absl::Status Connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) return absl::InvalidArgumentError(absl::StrCat(path_, ": is too long for a socket"));
    std::memcpy(address.sun_path, path_.data(), path_.size());
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0) return Failure("make a socket");
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return absl::OkStatus();
    const absl::Status failed = Failure("connect");
    Close();
    return failed;
  }

  absl::Status SendOne(const std::string& message, const std::atomic<bool>& cancelled) {
    if (socket_ < 0) {
      if (absl::Status connected = Connect(); !connected.ok()) return connected;
    }
    const absl::Time deadline = absl::Now() + timeout_;
    while (send(socket_, message.data(), message.size(), MSG_NOSIGNAL) < 0) {
      if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) return Failure("be written");
      if (cancelled) return absl::CancelledError("the gateway stops");
      if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat(path_, ": its reader takes nothing"));
      pollfd room{socket_, POLLOUT, 0};
      poll(&room, 1, kLookMs);
    }
    return absl::OkStatus();
  }

  void Close() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }

  const std::string path_;
  const absl::Duration timeout_;
  int socket_ = -1;
};

}  // namespace

std::unique_ptr<SyslogTransport> MakeLocalSyslog(std::string path, absl::Duration timeout) {
  return std::make_unique<LocalSyslog>(std::move(path), timeout);
}

}  // namespace otokura::audit
