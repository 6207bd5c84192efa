#include "crypto/tlog/proof_text.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/merkle.h"
#include "crypto/sha256.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/decimal.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr size_t kHashesMax = 64;  // one a level

absl::Status Malformed(std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("proof: expected ", absl::string_view(expected.data(), expected.size())));
}

// Cuts one line off, without its newline; nothing where there is none.
std::optional<std::string_view> TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return line;
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
  for (line = TakeLine(&text); line && !line->empty(); line = TakeLine(&text)) {
    std::optional<std::string> hash = DecodeBase64(*line);
    if (!hash || hash->size() != kSha256Bytes || proof.hashes.size() == kHashesMax)
      return Malformed("at most 64 lines of 32 bytes in base64");
    proof.hashes.push_back(*std::move(hash));
  }
  if (!line || text.empty()) return Malformed("a blank line and then a checkpoint");
  proof.checkpoint = std::string(text);
  return proof;
}

absl::Status VerifyProof(const LogProof& proof, std::string_view leaf, const NoteVerifier& log_key) {
  const absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(proof.checkpoint, log_key);
  if (!checkpoint.ok()) return checkpoint.status();
  return VerifyInclusion(proof.index, checkpoint->tree_size, MerkleLeafHash(leaf), proof.hashes, checkpoint->root);
}

}  // namespace otokura::crypto
