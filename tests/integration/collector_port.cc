#include "tests/integration/collector_port.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/pki.h"

namespace otokura::integration {
namespace {

constexpr int kLookMs = 20;

void Must(bool done, const char* what) {
  if (done) return;
  std::cerr << "collector port: " << what << "\n";
  std::abort();
}

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

std::unique_ptr<SSL_CTX, ContextDeleter> ServerContext() {
  std::unique_ptr<SSL_CTX, ContextDeleter> context(SSL_CTX_new(TLS_server_method()));
  const std::string certificate = Pki::Ours().File("gateway.pem"), key = Pki::Ours().File("gateway.key");
  Must(SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
           SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) == 1 &&
           SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) == 1,
       "certificate");
  return context;
}

}  // namespace

struct WebhookPort::Server {
  Server() : http(Pki::Ours().File("gateway.pem").c_str(), Pki::Ours().File("gateway.key").c_str()) {}
  httplib::SSLServer http;
  int port = 0;
  std::thread serving;
};

WebhookPort::WebhookPort(Answer answer) : server_(std::make_unique<Server>()) {
  server_->http.Post("/anchor", [answer = std::move(answer)](const httplib::Request& request, httplib::Response& response) {
    WebhookAnswer answered = answer(request.body);
    response.status = answered.status;
    response.set_content(answered.body, "application/json");
  });
  server_->port = server_->http.bind_to_any_port("127.0.0.1");
  Must(server_->port > 0, "bind");
  server_->serving = std::thread([this] { server_->http.listen_after_bind(); });
  while (!server_->http.is_running()) absl::SleepFor(absl::Milliseconds(1));
}

WebhookPort::~WebhookPort() {
  server_->http.stop();
  server_->serving.join();
}

std::string WebhookPort::url() const { return absl::StrCat("https://127.0.0.1:", server_->port, "/anchor"); }

SyslogPort::SyslogPort() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  Must(bind(listener_, reinterpret_cast<const sockaddr*>(&where), size) == 0 && listen(listener_, 8) == 0 &&
           getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size) == 0,
       "listen");
  port_ = ntohs(where.sin_port);
  thread_ = std::thread([this] { Work(); });
}

SyslogPort::~SyslogPort() {
  stopping_ = true;
  thread_.join();
  close(listener_);
}

std::string SyslogPort::address() const { return absl::StrCat("localhost:", port_); }

std::vector<std::string> SyslogPort::received() {
  absl::MutexLock lock(&mutex_);
  return received_;
}

void SyslogPort::Hang() { hang_ = true; }

void SyslogPort::Work() {
  while (!stopping_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, kLookMs) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Serve(connection);
    close(connection);
  }
}

void SyslogPort::Serve(int connection) {
  const auto context = ServerContext();
  const std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), connection);
  if (SSL_accept(ssl.get()) != 1) return;
  {
    absl::MutexLock lock(&mutex_);
    received_.emplace_back();
  }
  char bytes[4096];
  while (!stopping_ && !hang_.exchange(false)) {
    pollfd ready{connection, POLLIN, 0};
    if (!reads_ || (SSL_pending(ssl.get()) == 0 && poll(&ready, 1, kLookMs) <= 0)) {
      if (!reads_) absl::SleepFor(absl::Milliseconds(kLookMs));
      continue;
    }
    const int count = SSL_read(ssl.get(), bytes, sizeof bytes);
    if (count <= 0) return;
    absl::MutexLock lock(&mutex_);
    received_.back().append(bytes, static_cast<size_t>(count));
  }
}

}  // namespace otokura::integration
