#include "server/rpc/log_proofs.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "server/audit/proven_leaf.h"
#include "server/audit/tile_rows.h"

namespace otokura::rpc {
namespace {

access::Ask AskForProof(std::string what = "") {
  access::Ask ask;
  ask.action = access::Action::kProveAudit;
  ask.requested_id = std::move(what);
  return ask;
}

}  // namespace

// Hashes alone make no entry: whoever watches checkpoints would else grow the log by watching it.
void LogProofs::IfAllowed(const access::Caller& caller, std::function<void()> allowed, std::function<void(absl::Status)> refused) const {
  const access::Ask ask = AskForProof();
  const access::Decision decision = parts_.gate->DecideNow(caller, ask);
  if (decision.allowed) return parts_.executor->Post(std::move(allowed));
  parts_.gate->Refuse(caller, ask, decision, std::move(refused));
}

void LogProofs::Checkpoint(const access::Caller& caller, Done<v1::GetCheckpointResponse> done) const {
  const auto answer = [this, done] {
    absl::StatusOr<audit::PublishedCheckpoint> checkpoint = parts_.publisher->newest();
    if (!checkpoint.ok()) return done(checkpoint.status());
    v1::GetCheckpointResponse response;
    response.set_checkpoint(checkpoint->note);
    response.set_verifier_key(parts_.publisher->VerifierKey());
    if (auto cosigned = parts_.publisher->newest_cosigned()) response.set_cosigned_checkpoint(std::move(cosigned->note));
    for (const std::string& hand_over : parts_.publisher->hand_overs()) response.add_hand_overs(hand_over);
    done(std::move(response));
  };
  IfAllowed(caller, answer, done);
}

void LogProofs::Consistency(const access::Caller& caller, const v1::ProveConsistencyRequest& request,
                            Done<v1::ProveConsistencyResponse> done) const {
  IfAllowed(
      caller, [this, done, old_size = request.old_size()] { done(MakeConsistency(old_size)); }, done);
}

absl::StatusOr<v1::ProveConsistencyResponse> LogProofs::MakeConsistency(uint64_t old_size) const {
  absl::StatusOr<audit::PublishedCheckpoint> checkpoint = parts_.publisher->newest();
  if (!checkpoint.ok()) return checkpoint.status();
  if (old_size == 0 || old_size > checkpoint->tree_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("old_size: ", old_size, ", must be 1 to the newest checkpoint's ", checkpoint->tree_size));
  }
  audit::StoredTiles tiles(parts_.records);
  crypto::TileHashReader hashes(&tiles, checkpoint->tree_size);
  absl::StatusOr<std::vector<std::string>> proof = crypto::ProveConsistency(old_size, checkpoint->tree_size, hashes);
  if (!proof.ok()) return proof.status();
  v1::ProveConsistencyResponse response;
  for (std::string& hash : *proof) response.add_hashes(std::move(hash));
  response.set_checkpoint(checkpoint->note);
  return response;
}

void LogProofs::Inclusion(const access::Caller& caller, const v1::ProveInclusionRequest& request,
                          Done<v1::ProveInclusionResponse> done) const {
  parts_.gate->Note(caller, AskForProof(absl::StrCat(request.sequence())),
                    [this, done = std::move(done), sequence = request.sequence()](absl::StatusOr<uint64_t> noted) {
                      if (!noted.ok()) return done(noted.status());
                      parts_.executor->Post([this, done, sequence] { done(MakeInclusion(sequence)); });
                    });
}

absl::StatusOr<v1::ProveInclusionResponse> LogProofs::MakeInclusion(uint64_t sequence) const {
  absl::StatusOr<audit::PublishedCheckpoint> checkpoint = parts_.publisher->newest();
  if (!checkpoint.ok()) return checkpoint.status();
  if (sequence >= checkpoint->tree_size) {
    return absl::FailedPreconditionError(absl::StrCat("sequence: ", sequence, " is in no checkpoint yet, the newest has ",
                                                      checkpoint->tree_size, " entries; a new entry is in one within seconds"));
  }
  audit::StoredTiles tiles(parts_.records);
  crypto::TileHashReader hashes(&tiles, checkpoint->tree_size);
  absl::StatusOr<v1::ProvenLeaf> proven = audit::ProveLeaf(*parts_.records, sequence, checkpoint->tree_size, hashes);
  if (!proven.ok()) return proven.status();
  v1::ProveInclusionResponse response;
  response.set_leaf(std::move(*proven->mutable_leaf()));
  *response.mutable_hashes() = std::move(*proven->mutable_hashes());
  response.set_checkpoint(checkpoint->note);
  return response;
}

}  // namespace otokura::rpc
