#include "crypto/note_signature.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/openssl_ptr.h"
#include "crypto/sha256.h"
#include "crypto/unicode.h"

namespace otokura::crypto {
namespace {

constexpr size_t kKeyIdBytes = 4;
constexpr size_t kVerifierKeyBytesMax = 1024;
constexpr std::string_view kSignatureLineStart = "\xE2\x80\x94 ";  // an em dash and a space

uint32_t KeyIdOf(std::string_view bytes) {
  uint32_t id = 0;
  for (size_t i = 0; i < kKeyIdBytes; ++i) id = (id << 8) | static_cast<uint8_t>(bytes[i]);
  return id;
}

PkeyPtr PrivateKey(const SecretBytes& seed) {
  PkeyPtr key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, Bytes(seed.Expose()), seed.size()));
  AbortUnless(key != nullptr, "Ed25519");
  return key;
}

}  // namespace

bool IsNoteKeyName(std::string_view name) {
  const std::optional<std::u32string> decoded = DecodeUtf8(name);
  return decoded && !decoded->empty() && name.size() <= kNoteKeyNameBytesMax &&
         std::none_of(decoded->begin(), decoded->end(), [](char32_t c) { return IsUnicodeSpace(c) || c == U'+' || c < 0x20; });
}

std::string NoteKeyId(std::string_view name, char type, std::string_view public_key) {
  std::string input(name);
  input.append(1, '\n').append(1, type).append(public_key);
  return Sha256(input).substr(0, kKeyIdBytes);
}

std::string FormatVerifierKey(std::string_view name, char type, std::string_view public_key) {
  return absl::StrCat(absl::string_view(name.data(), name.size()), "+", absl::BytesToHexString(NoteKeyId(name, type, public_key)), "+",
                      absl::Base64Escape(std::string(1, type).append(public_key)));
}

absl::StatusOr<NoteVerifierKey> ParseVerifierKey(std::string_view verifier_key, char type) {
  const auto malformed = [type] {
    return absl::InvalidArgumentError(absl::StrCat("verifier key: expected <name>+<key id, 8 hex digits>+<base64 of 0x0",
                                                   static_cast<int>(type), " and an Ed25519 key>"));
  };
  const size_t first = verifier_key.find('+');
  const size_t second = first == std::string_view::npos ? first : verifier_key.find('+', first + 1);
  if (verifier_key.size() > kVerifierKeyBytesMax || second == std::string_view::npos) return malformed();
  const std::string_view name = verifier_key.substr(0, first);
  const std::string_view key_id = verifier_key.substr(first + 1, second - first - 1);
  const std::optional<std::string> typed_key = DecodeBase64(verifier_key.substr(second + 1));
  if (!IsNoteKeyName(name) || !typed_key || typed_key->size() != 1 + kEd25519PublicKeyBytes || (*typed_key)[0] != type) return malformed();
  NoteVerifierKey parsed{std::string(name), 0, typed_key->substr(1)};
  const std::string expected_id = NoteKeyId(name, type, parsed.public_key);
  if (key_id != absl::BytesToHexString(expected_id)) {
    return absl::InvalidArgumentError("verifier key: the key id is not that of the name and key; it was mistyped or mixed up");
  }
  parsed.key_id = KeyIdOf(expected_id);
  return parsed;
}

std::string FormatNoteSignature(std::string_view name, std::string_view key_id, std::string_view signature) {
  std::string line(kSignatureLineStart);
  line.append(name).append(1, ' ').append(absl::Base64Escape(std::string(key_id).append(signature))).append(1, '\n');
  return line;
}

std::optional<NoteSignature> ParseNoteSignature(std::string_view line) {
  if (!line.starts_with(kSignatureLineStart)) return std::nullopt;
  line.remove_prefix(kSignatureLineStart.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsNoteKeyName(line.substr(0, space))) return std::nullopt;
  const std::optional<std::string> bytes = DecodeBase64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  return NoteSignature{std::string(line.substr(0, space)), KeyIdOf(*bytes), bytes->substr(kKeyIdBytes)};
}

std::string Ed25519PublicKey(const SecretBytes& seed) {
  const PkeyPtr key = PrivateKey(seed);
  std::string public_key(kEd25519PublicKeyBytes, '\0');
  size_t public_key_bytes = public_key.size();
  AbortUnless(EVP_PKEY_get_raw_public_key(key.get(), MutableBytes(public_key), &public_key_bytes) == 1, "Ed25519");
  return public_key;
}

std::string Ed25519Sign(const SecretBytes& seed, std::string_view message) {
  const PkeyPtr key = PrivateKey(seed);
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::string signature(kEd25519SignatureBytes, '\0');
  size_t signature_bytes = signature.size();
  AbortUnless(context != nullptr && EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) == 1 &&
                  EVP_DigestSign(context.get(), MutableBytes(signature), &signature_bytes, Bytes(message), message.size()) == 1,
              "Ed25519");
  return signature;
}

bool Ed25519Verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (signature.size() != kEd25519SignatureBytes) return false;
  const ErrorQueueMark mark;
  const PkeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, Bytes(public_key), public_key.size()));
  const DigestContextPtr context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) == 1;
}

}  // namespace otokura::crypto
