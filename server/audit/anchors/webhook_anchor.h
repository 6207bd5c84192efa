// An HTTPS endpoint that keeps checkpoints and repeats what it kept (ANCHORS.md).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_WEBHOOK_ANCHOR_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_WEBHOOK_ANCHOR_H_

#include <memory>
#include <string>
#include <utility>

#include "server/audit/anchors/anchor.h"
#include "server/audit/anchors/http_post.h"

namespace otokura::audit {

class WebhookAnchor final : public Anchor {
 public:
  WebhookAnchor(std::unique_ptr<HttpPost> post, std::string origin) : post_(std::move(post)), origin_(std::move(origin)) {}
  absl::StatusOr<Acknowledgement> Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) override;

 private:
  const std::unique_ptr<HttpPost> post_;
  const std::string origin_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_WEBHOOK_ANCHOR_H_
