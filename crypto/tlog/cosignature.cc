#include "crypto/tlog/cosignature.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/note_signature.h"

namespace otokura::crypto {
namespace {

constexpr size_t kTimestampBytes = 8;

std::string SignedMessage(std::string_view checkpoint_text, uint64_t unix_seconds) {
  return absl::StrCat("cosignature/v1\ntime ", unix_seconds, "\n", absl::string_view(checkpoint_text.data(), checkpoint_text.size()));
}

std::string BigEndian(uint64_t value) {
  std::string bytes(kTimestampBytes, '\0');
  for (size_t i = kTimestampBytes; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xFF);
  return bytes;
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

CosignatureSigner::CosignatureSigner(std::string name, SecretBytes seed, std::string public_key)
    : name_(std::move(name)), seed_(std::move(seed)), public_key_(std::move(public_key)) {}

absl::StatusOr<CosignatureSigner> CosignatureSigner::Create(std::string_view name, SecretBytes seed) {
  if (!IsNoteKeyName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("witness name: expected 1..", kNoteKeyNameBytesMax, " bytes of UTF-8 without spaces, control characters and '+'"));
  }
  if (seed.size() != kEd25519SeedBytes) {
    return absl::InvalidArgumentError(absl::StrCat("witness key seed: ", seed.size(), " bytes, expected ", kEd25519SeedBytes));
  }
  std::string public_key = Ed25519PublicKey(seed);
  return CosignatureSigner(std::string(name), std::move(seed), std::move(public_key));
}

std::string CosignatureSigner::VerifierKey() const { return FormatVerifierKey(name_, kNoteCosignatureV1, public_key_); }

std::string CosignatureSigner::Cosign(std::string_view checkpoint_text, uint64_t unix_seconds) const {
  return FormatNoteSignature(name_, NoteKeyId(name_, kNoteCosignatureV1, public_key_),
                             BigEndian(unix_seconds) + Ed25519Sign(seed_, SignedMessage(checkpoint_text, unix_seconds)));
}

absl::StatusOr<CosignatureVerifier> CosignatureVerifier::Parse(std::string_view verifier_key) {
  absl::StatusOr<NoteVerifierKey> parsed = ParseVerifierKey(verifier_key, kNoteCosignatureV1);
  if (!parsed.ok()) return parsed.status();
  CosignatureVerifier verifier;
  verifier.name_ = std::move(parsed->name);
  verifier.key_id_ = parsed->key_id;
  verifier.public_key_ = std::move(parsed->public_key);
  return verifier;
}

absl::StatusOr<Cosignature> CosignatureVerifier::Find(std::string_view signature_lines, std::string_view checkpoint_text) const {
  while (!signature_lines.empty()) {
    const size_t end = signature_lines.find('\n');
    const std::optional<NoteSignature> line =
        end == std::string_view::npos ? std::nullopt : ParseNoteSignature(signature_lines.substr(0, end));
    if (!line) return absl::InvalidArgumentError("cosignature: a line is no signature line of a note");
    if (line->name != name_ || line->key_id != key_id_) {
      signature_lines.remove_prefix(end + 1);
      continue;
    }
    if (line->signature.size() != kTimestampBytes + kEd25519SignatureBytes) {
      return absl::DataLossError(absl::StrCat("cosignature: that of ", name_, " is not of its length"));
    }
    const std::string_view bytes = line->signature;
    const uint64_t unix_seconds = FromBigEndian(bytes.substr(0, kTimestampBytes));
    if (!Ed25519Verify(public_key_, SignedMessage(checkpoint_text, unix_seconds), bytes.substr(kTimestampBytes))) {
      return absl::DataLossError(absl::StrCat("cosignature: that of ", name_, " is not over this checkpoint"));
    }
    return Cosignature{unix_seconds, std::string(signature_lines.substr(0, end + 1))};
  }
  return absl::NotFoundError(absl::StrCat("cosignature: none of ", name_));
}

}  // namespace otokura::crypto
