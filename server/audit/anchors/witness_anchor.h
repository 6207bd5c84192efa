// A witness that cosigns checkpoints (c2sp.org/tlog-witness).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_WITNESS_ANCHOR_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_WITNESS_ANCHOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "crypto/tlog/cosignature.h"
#include "server/audit/anchors/anchor.h"
#include "server/audit/anchors/http_post.h"
#include "server/storage/storage.h"

namespace otokura::audit {

class WitnessAnchor final : public Anchor {
 public:
  // `records` is borrowed and holds the log's tiles.
  WitnessAnchor(std::unique_ptr<HttpPost> post, crypto::CosignatureVerifier verifier, const storage::RecordReader* records)
      : post_(std::move(post)), verifier_(std::move(verifier)), records_(records) {}
  absl::StatusOr<Acknowledgement> Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) override;

 private:
  absl::StatusOr<HttpAnswer> Ask(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled);
  absl::Status Correct(uint64_t tree_size, const HttpAnswer& answer);
  absl::StatusOr<Acknowledgement> Accept(const PublishedCheckpoint& checkpoint, const HttpAnswer& answer);

  const std::unique_ptr<HttpPost> post_;
  const crypto::CosignatureVerifier verifier_;
  const storage::RecordReader* const records_;
  uint64_t witnessed_size_ = 0;  // what it cosigned last, as far as we know: it corrects us
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_WITNESS_ANCHOR_H_
