// How syslog messages get to a collector.
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_TRANSPORT_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_TRANSPORT_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/config.pb.h"

namespace otokura::audit {

// One thread at a time.
class SyslogTransport {
 public:
  virtual ~SyslogTransport() = default;
  // Returns once the collector's side took them all over: see the makers for what that means. UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED:
  // some may have arrived, all are to be sent again, and what went over the same connection before may be lost with it. The next call makes
  // a new one.
  virtual absl::Status Send(const std::vector<std::string>& messages, const std::atomic<bool>& cancelled) = 0;
};

// Datagrams to a socket of this host, such as /dev/log: taken over once its reader has room for them.
std::unique_ptr<SyslogTransport> MakeLocalSyslog(std::string path, absl::Duration timeout);

struct SyslogServer {
  std::string address;    // host:port
  std::string ca_file{};  // PEM; empty: the system's authorities
  std::string certificate_file{};
  std::string private_key_file{};
  absl::Duration timeout = absl::Seconds(3);  // for connecting, and for each time that something is sent
};
// TLS with counted octets (RFC 5425) over one kept connection. The protocol has no answers: taken over once the other host acknowledged
// every byte in TCP. TLS as everywhere in the process (crypto/tls13.h).
std::unique_ptr<SyslogTransport> MakeTlsSyslog(SyslogServer server);

// Whichever of the two the configuration names.
std::unique_ptr<SyslogTransport> MakeSyslogTransport(const v1::SyslogAnchor& config, absl::Duration timeout);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_TRANSPORT_H_
