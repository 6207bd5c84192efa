#include "crypto/tlog/consistency_text.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "crypto/tlog/lines.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kFirstLine = "otokura/consistency-proof@v1";
constexpr std::string_view kOld = "old ";
constexpr size_t kHashesMax = 65;  // one a level, and one more

absl::Status Malformed(const char* expected) { return absl::InvalidArgumentError(absl::StrCat("consistency proof: expected ", expected)); }

}  // namespace

bool IsConsistencyProof(std::string_view text) { return text.starts_with(kFirstLine); }

std::string FormatConsistencyProof(const ConsistencyProof& proof) {
  std::string text = absl::StrCat("otokura/consistency-proof@v1\nold ", absl::Base64Escape(proof.old_checkpoint), "\n");
  for (const std::string& hash : proof.hashes) absl::StrAppend(&text, absl::Base64Escape(hash), "\n");
  absl::StrAppend(&text, "\n", proof.checkpoint);
  return text;
}

absl::StatusOr<ConsistencyProof> ParseConsistencyProof(std::string_view text) {
  if (text.size() > kConsistencyTextBytesMax) return Malformed("two checkpoints and at most 65 hashes");
  if (TakeLine(&text) != kFirstLine) return Malformed("a first line otokura/consistency-proof@v1");
  const std::optional<std::string_view> old = TakeLine(&text);
  std::optional<std::string> old_checkpoint = old && old->starts_with(kOld) ? DecodeBase64(old->substr(kOld.size())) : std::nullopt;
  if (!old_checkpoint) return Malformed("a line 'old ' with a checkpoint in base64");
  std::optional<std::vector<std::string>> hashes = TakeHashLines(&text, kHashesMax);
  if (!hashes || text.empty()) return Malformed("at most 65 lines of 32 bytes in base64, a blank line and then a checkpoint");
  return ConsistencyProof{*std::move(old_checkpoint), *std::move(hashes), std::string(text)};
}

absl::StatusOr<Extended> VerifyConsistencyProof(const ConsistencyProof& proof, const LogKeys& log_keys) {
  absl::StatusOr<Checkpoint> older = log_keys.Open(proof.old_checkpoint);
  if (!older.ok()) return absl::Status(older.status().code(), absl::StrCat("older checkpoint: ", older.status().message()));
  absl::StatusOr<Checkpoint> newer = log_keys.Open(proof.checkpoint);
  if (!newer.ok()) return absl::Status(newer.status().code(), absl::StrCat("newer checkpoint: ", newer.status().message()));
  absl::Status extends = VerifyConsistency(older->tree_size, newer->tree_size, older->root, newer->root, proof.hashes);
  if (!extends.ok()) return extends;
  return Extended{*std::move(older), *std::move(newer)};
}

}  // namespace otokura::crypto
