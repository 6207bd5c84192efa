#include "server/audit/anchors/syslog_transport.h"

namespace otokura::audit {

std::unique_ptr<SyslogTransport> MakeSyslogTransport(const v1::SyslogAnchor& config, absl::Duration timeout) {
  if (config.server().empty()) return MakeLocalSyslog(config.socket(), timeout);
  return MakeTlsSyslog({config.server(), config.ca_file(), config.certificate_file(), config.private_key_file(), timeout});
}

}  // namespace otokura::audit
