#include "server/audit/anchors/syslog_anchor.h"

#include <algorithm>

namespace otokura::audit {
namespace {

// Of a connection that broke, what the other host had taken and its collector may not have read: more than the six megabytes that Linux
// lets lie unread.
constexpr uint64_t kRepeatedMax = 8192;

}  // namespace

absl::Status SyslogAnchor::Send(const std::vector<std::string>& messages, const std::atomic<bool>& cancelled) {
  const absl::Status sent = transport_->Send(messages, cancelled);
  if (sent.ok()) {
    carried_ += messages.size();
  } else {
    feed_.StepBack(std::min(carried_, kRepeatedMax));
    carried_ = 0;
  }
  return sent;
}

absl::StatusOr<Acknowledgement> SyslogAnchor::Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) {
  const absl::Status sent = feed_.Run(checkpoint.tree_size, cancelled, [&](const std::vector<v1::AuditEntry>& entries) {
    std::vector<std::string> messages;
    messages.reserve(entries.size());
    for (const v1::AuditEntry& entry : entries) messages.push_back(messages_.OfEntry(entry));
    return Send(messages, cancelled);
  });
  if (!sent.ok()) return sent;
  if (absl::Status told = Send({messages_.OfCheckpoint(checkpoint)}, cancelled); !told.ok()) return told;
  return Acknowledgement();
}

}  // namespace otokura::audit
