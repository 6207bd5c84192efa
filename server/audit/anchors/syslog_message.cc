#include "server/audit/anchors/syslog_message.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/audit/anchors/entry_json.h"

namespace otokura::audit {
namespace {

constexpr int kFacilityLogAudit = 13;
constexpr int kAlert = 1, kWarning = 4, kInformational = 6;
constexpr size_t kHostBytesMax = 255;
constexpr size_t kMessageIdBytesMax = 32;
constexpr char kNil[] = "-";

std::string Message(int severity, const std::string& time, const std::string& host, const std::string& id, const std::string& text) {
  return absl::StrCat("<", kFacilityLogAudit * 8 + severity, ">1 ", time, " ", host, " otokurad ", getpid(), " ",
                      id.substr(0, kMessageIdBytesMax), " ", kNil, " ", text);
}

}  // namespace

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

SyslogMessages::SyslogMessages(std::string_view host, std::string origin)
    : host_(host.empty() ? kNil : host.substr(0, kHostBytesMax)), origin_(std::move(origin)) {
  std::replace_if(
      host_.begin(), host_.end(), [](unsigned char c) { return !absl::ascii_isgraph(c); }, '-');
}

std::string SyslogMessages::OfEntry(const v1::AuditEntry& entry) const {
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(entry.time_unix_us()), absl::UTCTimeZone());
  return Message(entry.decision() == v1::DENIED ? kWarning : kInformational, time, host_, v1::AuditAction_Name(entry.action()),
                 EntryJson(entry, origin_));
}

std::string SyslogMessages::OfCheckpoint(const PublishedCheckpoint& checkpoint) const {
  return Message(kInformational, kNil, host_, "CHECKPOINT", CheckpointJson(checkpoint, origin_));
}

std::string SyslogMessages::OfIncident(const std::string& json) const { return Message(kAlert, kNil, host_, "INCIDENT", json); }

}  // namespace otokura::audit
