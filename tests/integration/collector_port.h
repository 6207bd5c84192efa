// Collectors of anchors and sinks on ports of this host: a webhook over HTTPS, and syslog over TLS.
#ifndef OTOKURA_TESTS_INTEGRATION_COLLECTOR_PORT_H_
#define OTOKURA_TESTS_INTEGRATION_COLLECTOR_PORT_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace otokura::integration {

// What a webhook answers to a body.
struct WebhookAnswer {
  int status = 200;
  std::string body;
};

// Shows the certificate of Pki::Ours' "gateway".
class WebhookPort {
 public:
  using Answer = std::function<WebhookAnswer(const std::string& body)>;
  explicit WebhookPort(Answer answer);
  ~WebhookPort();
  std::string url() const;

 private:
  struct Server;
  const std::unique_ptr<Server> server_;
};

// Speaks TLS 1.3 and keeps what it reads, from one connection after another.
class SyslogPort {
 public:
  SyslogPort();
  ~SyslogPort();
  std::string address() const;
  // What came over each connection, in the order of their beginning.
  std::vector<std::string> received();
  // Ends the connection that is there, with what it has not read.
  void Hang();
  // While false it reads nothing.
  void Read(bool reads) { reads_ = reads; }

 private:
  void Work();
  void Serve(int connection);

  int listener_;
  int port_ = 0;
  std::atomic<bool> stopping_{false}, hang_{false}, reads_{true};
  absl::Mutex mutex_;
  std::vector<std::string> received_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_COLLECTOR_PORT_H_
