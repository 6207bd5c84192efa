#include "server/audit/anchors/witness_anchor.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/tlog/add_checkpoint.h"
#include "crypto/tlog/decimal.h"
#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "server/audit/tile_rows.h"

namespace otokura::audit {
namespace {

// Answers of the specification.
constexpr long kCosigned = 200;
constexpr long kNotTrusted = 403;
constexpr long kUnknownLog = 404;
constexpr long kOtherSize = 409;
constexpr long kNotConsistent = 422;

absl::Status Contradiction(std::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(absl::string_view(what.data(), what.size()),
                   ": an older state of this site was put back, or another gateway goes on from a copy of it"));
}

// The size that a 409 tells.
std::optional<uint64_t> ToldSize(const HttpAnswer& answer) {
  if (answer.content_type != crypto::kTreeSizeContentType || !answer.body.ends_with('\n')) return std::nullopt;
  return crypto::ParseDecimal(std::string_view(answer.body).substr(0, answer.body.size() - 1));
}

absl::Status Refusal(const HttpAnswer& answer) {
  switch (answer.status) {
    case kNotTrusted:
      return absl::PermissionDeniedError("it does not trust this log's key; give it what `otokura audit key` prints");
    case kUnknownLog:
      return absl::NotFoundError("it does not know this log, or its url is wrong; give it what `otokura audit key` prints");
    case kNotConsistent:
      return Contradiction("what it cosigned before is no beginning of this log");
    default:
      return absl::UnavailableError(absl::StrCat("it answered with HTTP status ", answer.status));
  }
}

}  // namespace

absl::StatusOr<HttpAnswer> WitnessAnchor::Ask(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) {
  crypto::AddCheckpoint request{.old_size = witnessed_size_, .checkpoint = checkpoint.note};
  if (request.old_size > 0 && request.old_size < checkpoint.tree_size) {
    StoredTiles tiles(records_);
    crypto::TileHashReader hashes(&tiles, checkpoint.tree_size);
    absl::StatusOr<std::vector<std::string>> proof = crypto::ProveConsistency(request.old_size, checkpoint.tree_size, hashes);
    if (!proof.ok()) return proof.status();
    request.consistency = *std::move(proof);
  }
  return post_->Post("text/plain; charset=utf-8", crypto::FormatAddCheckpoint(request), cancelled);
}

absl::StatusOr<Acknowledgement> WitnessAnchor::Accept(const PublishedCheckpoint& checkpoint, const HttpAnswer& answer) {
  absl::StatusOr<crypto::Cosignature> cosignature = verifier_.Find(answer.body, CheckpointText(checkpoint));
  if (!cosignature.ok()) return absl::Status(absl::StatusCode::kUnavailable, cosignature.status().message());
  witnessed_size_ = checkpoint.tree_size;
  return Acknowledgement{std::move(cosignature->line)};
}

// OK: it told another size than we took for its own, which can be tried.
absl::Status WitnessAnchor::Correct(uint64_t tree_size, const HttpAnswer& answer) {
  const std::optional<uint64_t> told = ToldSize(answer);
  if (told.has_value() && *told > tree_size) {
    return Contradiction(absl::StrCat("it cosigned ", *told, " entries of this log, which has ", tree_size));
  }
  if (told.has_value() && *told != witnessed_size_) {
    witnessed_size_ = *told;
    return absl::OkStatus();
  }
  if (witnessed_size_ == tree_size) return Contradiction(absl::StrCat("it cosigned another log of ", tree_size, " entries"));
  return absl::UnavailableError("it answered with HTTP status 409 and no other size");
}

absl::StatusOr<Acknowledgement> WitnessAnchor::Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) {
  constexpr int kAttempts = 2;  // the second with the size that the first was told
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<HttpAnswer> answer = Ask(checkpoint, cancelled);
    if (!answer.ok()) return answer.status();
    if (answer->status == kCosigned) return Accept(checkpoint, *answer);
    if (answer->status != kOtherSize) return Refusal(*answer);
    if (absl::Status corrected = Correct(checkpoint.tree_size, *answer); !corrected.ok()) return corrected;
  }
  return absl::UnavailableError("it told two sizes one after another; does another gateway ask it?");
}

}  // namespace otokura::audit
