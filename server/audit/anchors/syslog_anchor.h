// A syslog collector: checkpoints and the entries under them as messages (ANCHORS.md).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_ANCHOR_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_ANCHOR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/audit/anchors/anchor.h"
#include "server/audit/anchors/entry_feed.h"
#include "server/audit/anchors/syslog_message.h"
#include "server/audit/anchors/syslog_transport.h"

namespace otokura::audit {

class SyslogAnchor final : public Anchor {
 public:
  SyslogAnchor(EntryFeed feed, SyslogMessages messages, std::unique_ptr<SyslogTransport> transport)
      : feed_(std::move(feed)), messages_(std::move(messages)), transport_(std::move(transport)) {}
  absl::StatusOr<Acknowledgement> Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) override;

 private:
  absl::Status Send(const std::vector<std::string>& messages, const std::atomic<bool>& cancelled);

  EntryFeed feed_;
  const SyslogMessages messages_;
  const std::unique_ptr<SyslogTransport> transport_;
  uint64_t carried_ = 0;  // messages since the connection was made
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_SYSLOG_ANCHOR_H_
