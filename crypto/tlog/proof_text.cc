#include "crypto/tlog/proof_text.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/decimal.h"
#include "crypto/tlog/lines.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr size_t kHashesMax = 64;  // one a level

absl::Status Malformed(std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("proof: expected ", absl::string_view(expected.data(), expected.size())));
}

}  // namespace

std::string FormatProof(const LogProof& proof) {
  std::string text(kFirstLine);
  text.push_back('\n');
  if (!proof.extra.empty()) absl::StrAppend(&text, "extra ", absl::Base64Escape(proof.extra), "\n");
  absl::StrAppend(&text, "index ", proof.index, "\n");
  for (const std::string& hash : proof.hashes) absl::StrAppend(&text, absl::Base64Escape(hash), "\n");
  absl::StrAppend(&text, "\n", proof.checkpoint);
  return text;
}

absl::StatusOr<LogProof> ParseProof(std::string_view text) {
  if (text.size() > kProofTextBytesMax) return Malformed(absl::StrCat("at most ", kProofTextBytesMax, " bytes"));
  std::optional<std::string_view> line = TakeLine(&text);
  if (line != kFirstLine) return Malformed("a first line c2sp.org/tlog-proof@v1");
  line = TakeLine(&text);
  LogProof proof;
  if (line && line->starts_with(kExtra)) {
    std::optional<std::string> extra = DecodeBase64(line->substr(kExtra.size()));
    if (!extra || extra->empty()) return Malformed("base64 behind 'extra '");
    proof.extra = *std::move(extra);
    line = TakeLine(&text);
  }
  const std::optional<uint64_t> index = line && line->starts_with(kIndex) ? ParseDecimal(line->substr(kIndex.size())) : std::nullopt;
  if (!index) return Malformed("a line 'index ' with a decimal number");
  proof.index = *index;
  std::optional<std::vector<std::string>> hashes = TakeHashLines(&text, kHashesMax);
  if (!hashes || text.empty()) return Malformed("at most 64 lines of 32 bytes in base64, a blank line and then a checkpoint");
  proof.hashes = *std::move(hashes);
  proof.checkpoint = std::string(text);
  return proof;
}

absl::Status VerifyProof(const LogProof& proof, std::string_view leaf, const LogKeys& log_keys) {
  const absl::StatusOr<Checkpoint> checkpoint = log_keys.Open(proof.checkpoint);
  if (!checkpoint.ok()) return checkpoint.status();
  return VerifyInclusion(proof.index, checkpoint->tree_size, MerkleLeafHash(leaf), proof.hashes, checkpoint->root);
}

}  // namespace otokura::crypto
