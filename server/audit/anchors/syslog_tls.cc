// Syslog over TLS: libcurl connects, checks the certificate and encrypts; what goes over it is ours.
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/audit/anchors/curl_handle.h"
#include "server/audit/anchors/syslog_transport.h"

namespace otokura::audit {
namespace {

constexpr int kLookMs = 10;  // how often a slow collector, and a gateway that stops, are looked at

class TlsSyslog final : public SyslogTransport {
 public:
  explicit TlsSyslog(SyslogServer server) : server_(std::move(server)) {}

  absl::Status Send(const std::vector<std::string>& messages, const std::atomic<bool>& cancelled) override {
    std::string frames;
    for (const std::string& message : messages) absl::StrAppend(&frames, message.size(), " ", message);
    absl::Status sent = connection_ == nullptr ? Connect() : CheckOpen();
    if (sent.ok()) sent = SendFrames(frames, cancelled);
    if (!sent.ok()) connection_.reset();
    return sent;
  }

 private:
  absl::Status Connect() {
    auto curl = CurlHandle::Create(server_.address);
    if (!curl.ok()) return curl.status();
    connection_ = *std::move(curl);
    connection_->Set(CURLOPT_URL, absl::StrCat("https://", server_.address).c_str());
    connection_->Set(CURLOPT_CONNECT_ONLY, 1L);
    connection_->Set(CURLOPT_SSL_ENABLE_ALPN, 0L);  // this is no HTTP
    connection_->Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(server_.timeout)));
    connection_->SetTls(server_.ca_file, server_.certificate_file, server_.private_key_file);
    return connection_->Perform();
  }

  // Whether the other side still listens: it never says anything, so that whatever can be read is its end.
  absl::Status CheckOpen() {
    char byte;
    size_t received = 0;
    if (curl_easy_recv(connection_->get(), &byte, 1, &received) == CURLE_AGAIN) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(server_.address, ": closed the connection"));
  }

  // Until `done`, which says whether there is something to wait for; nothing once the time is over.
  template <typename Done>
  absl::Status Until(const Done& done, absl::Time deadline, const std::atomic<bool>& cancelled, short events) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(connection_->get(), CURLINFO_ACTIVESOCKET, &socket);
    for (;;) {
      const absl::StatusOr<bool> is_done = done(socket);
      if (!is_done.ok()) return is_done.status();
      if (*is_done) return absl::OkStatus();
      if (cancelled) return absl::CancelledError("the gateway stops");
      if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat(server_.address, ": takes nothing"));
      pollfd ready{socket, events, 0};
      poll(&ready, 1, kLookMs);
    }
  }

  absl::Status SendFrames(std::string_view frames, const std::atomic<bool>& cancelled) {
    const absl::Time deadline = absl::Now() + server_.timeout;
    const auto all_sent = [&](curl_socket_t) -> absl::StatusOr<bool> {
      while (!frames.empty()) {
        size_t sent = 0;
        const CURLcode code = curl_easy_send(connection_->get(), frames.data(), frames.size(), &sent);
        if (code == CURLE_AGAIN) return false;
        if (absl::Status status = connection_->ToStatus(code); !status.ok()) return status;
        frames.remove_prefix(sent);
      }
      return true;
    };
    if (absl::Status sent = Until(all_sent, deadline, cancelled, POLLOUT); !sent.ok()) return sent;
    const auto all_acknowledged = [&](curl_socket_t socket) -> absl::StatusOr<bool> {
      int unacknowledged = 0;
      if (absl::Status open = CheckOpen(); !open.ok()) return open;
      if (ioctl(socket, SIOCOUTQ, &unacknowledged) != 0) return absl::UnavailableError(absl::StrCat(server_.address, ": is gone"));
      return unacknowledged == 0;
    };
    return Until(all_acknowledged, deadline, cancelled, 0);
  }

  const SyslogServer server_;
  std::unique_ptr<CurlHandle> connection_;
};

}  // namespace

std::unique_ptr<SyslogTransport> MakeTlsSyslog(SyslogServer server) { return std::make_unique<TlsSyslog>(std::move(server)); }

}  // namespace otokura::audit
