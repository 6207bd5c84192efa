#include "client/witness/witness_server.h"

#include <httplib.h>

#include <cstdint>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace otokura::client {
namespace {

constexpr size_t kRequestBytesMax = 65536;     // a checkpoint of a few hundred bytes with a dozen cosignatures, and 63 hashes
constexpr size_t kThreads = 16;                // a connection each while it is kept
constexpr size_t kConnectionsWaitingMax = 64;  // beyond, the system's own queue fills, and then connections are refused
constexpr int kHttpUnsupportedMediaType = 415;
constexpr absl::Duration kBeginningLook = absl::Milliseconds(1);
constexpr time_t kPatienceSeconds = 5;  // for a request that is slow to come, and between two

// The library's pool takes any number of connections; this one makes accepting wait.
class BoundedPool final : public httplib::TaskQueue {
 public:
  BoundedPool() : pool_(kThreads) {}
  void enqueue(std::function<void()> task) override {
    absl::MutexLock lock(&mutex_);
    while (waiting_ >= kConnectionsWaitingMax) room_.Wait(&mutex_);
    ++waiting_;
    pool_.enqueue([this, task = std::move(task)] {
      {
        absl::MutexLock taken(&mutex_);
        --waiting_;
        room_.Signal();
      }
      task();
    });
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  httplib::ThreadPool pool_;
  absl::Mutex mutex_;
  absl::CondVar room_;
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

class HttpWitnessServer final : public WitnessServer {
 public:
  HttpWitnessServer(std::unique_ptr<httplib::Server> server, Witness* witness) : server_(std::move(server)) {
    // Not the library's SO_REUSEPORT: a second server must not share the port.
    server_->set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server_->new_task_queue = [] { return new BoundedPool; };
    server_->set_payload_max_length(kRequestBytesMax);
    server_->set_read_timeout(kPatienceSeconds);
    server_->set_write_timeout(kPatienceSeconds);
    server_->set_keep_alive_timeout(kPatienceSeconds);
    // The library would unpack any number of bytes before it counts them.
    server_->set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      if (!request.has_header("Content-Encoding")) return httplib::Server::HandlerResponse::Unhandled;
      response.status = kHttpUnsupportedMediaType;
      response.set_header("Connection", "close");
      return httplib::Server::HandlerResponse::Handled;
    });
    server_->Post("/add-checkpoint", [witness](const httplib::Request& request, httplib::Response& response) {
      WitnessAnswer answer = witness->Add(request.body);
      response.status = answer.status;
      response.set_content(answer.body, answer.content_type);
    });
  }

  absl::Status Bind(const std::string& address) {
    const size_t colon = address.rfind(':');
    uint32_t port = 0;
    if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port > 65535) {
      return absl::InvalidArgumentError("--listen: must be host:port");
    }
    host_ = address.substr(0, colon);
    port_ = static_cast<int>(port);
    const bool bound = port == 0 ? (port_ = server_->bind_to_any_port(host_)) > 0 : server_->bind_to_port(host_, port_);
    if (bound) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(address, " cannot be listened on; is the port taken, or the address another machine's?"));
  }

  std::string address() const override { return absl::StrCat(host_, ":", port_); }

  // The library forgets a stop that comes before it has begun, so that begun it must be.
  void Begin() {
    serving_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) absl::SleepFor(kBeginningLook);
  }
  ~HttpWitnessServer() override {
    if (!serving_.joinable()) return;
    server_->stop();
    serving_.join();
  }

 private:
  const std::unique_ptr<httplib::Server> server_;
  std::string host_;
  int port_ = 0;
  std::thread serving_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessServer>> WitnessServer::Listen(const WitnessListener& listener, Witness* witness) {
  std::unique_ptr<httplib::Server> http;
  if (listener.certificate_file.empty()) {
    http = std::make_unique<httplib::Server>();
  } else {
    http = std::make_unique<httplib::SSLServer>(listener.certificate_file.c_str(), listener.private_key_file.c_str());
  }
  if (!http->is_valid()) return absl::FailedPreconditionError("--tls-certificate, --tls-key: cannot be used; are they PEM, and a pair?");
  auto server = std::make_unique<HttpWitnessServer>(std::move(http), witness);
  if (absl::Status bound = server->Bind(listener.address); !bound.ok()) return bound;
  server->Begin();
  return server;
}

}  // namespace otokura::client
