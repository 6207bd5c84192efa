// Entries and checkpoints as syslog messages (RFC 5424), whose text is the JSON of entry_json.h (ANCHORS.md is the schema).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_MESSAGE_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_MESSAGE_H_

#include <string>
#include <string_view>

#include "otokura/v1/audit.pb.h"
#include "server/audit/publisher.h"

namespace otokura::audit {

// Of this machine; empty where it has none.
std::string HostName();

class SyslogMessages {
 public:
  // `host` is what messages name as their source; what RFC 5424 does not allow there becomes '-'.
  SyslogMessages(std::string_view host, std::string origin);
  std::string OfEntry(const v1::AuditEntry& entry) const;
  // Has no time of its own: the collector's is as good.
  std::string OfCheckpoint(const PublishedCheckpoint& checkpoint) const;
  // Of an incident, in JSON: somebody is to act at once. No time of its own either.
  std::string OfIncident(const std::string& json) const;

 private:
  std::string host_;
  const std::string origin_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_MESSAGE_H_
