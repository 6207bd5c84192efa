#include "crypto/signed_note.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/openssl_ptr.h"
#include "crypto/sha256.h"
#include "crypto/unicode.h"

namespace otokura::crypto {
namespace {

constexpr char kEd25519 = 0x01;  // the signature type of the specification
constexpr size_t kSeedBytes = 32;
constexpr size_t kPublicKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kNameBytesMax = 256;
constexpr size_t kVerifierKeyBytesMax = 1024;
constexpr std::string_view kSignatureLineStart = "\xE2\x80\x94 ";  // an em dash and a space

bool IsName(std::string_view name) {
  const std::optional<std::u32string> decoded = DecodeUtf8(name);
  return decoded && !decoded->empty() && name.size() <= kNameBytesMax &&
         std::none_of(decoded->begin(), decoded->end(), [](char32_t c) { return IsUnicodeSpace(c) || c == U'+' || c < 0x20; });
}

bool IsNoteText(std::string_view text) {
  return !text.empty() && text.back() == '\n' && DecodeUtf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

std::string KeyIdBytes(std::string_view name, std::string_view public_key) {
  std::string input(name);
  input.append(1, '\n').append(1, kEd25519).append(public_key);
  return Sha256(input).substr(0, kKeyIdBytes);
}

uint32_t KeyIdOf(std::string_view bytes) {
  uint32_t id = 0;
  for (size_t i = 0; i < kKeyIdBytes; ++i) id = (id << 8) | static_cast<uint8_t>(bytes[i]);
  return id;
}

struct SignatureLine {
  std::string name;
  uint32_t key_id;
  std::string signature;
};

// "— name base64(key id ‖ signature)", without its newline.
std::optional<SignatureLine> ParseSignatureLine(std::string_view line) {
  if (!line.starts_with(kSignatureLineStart)) return std::nullopt;
  line.remove_prefix(kSignatureLineStart.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsName(line.substr(0, space))) return std::nullopt;
  const std::optional<std::string> bytes = DecodeBase64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  return SignatureLine{std::string(line.substr(0, space)), KeyIdOf(*bytes), bytes->substr(kKeyIdBytes)};
}

struct ParsedNote {
  std::string_view text;
  std::vector<SignatureLine> signatures;
};

absl::StatusOr<ParsedNote> ParseNote(std::string_view note) {
  if (note.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("note: ", note.size(), " bytes, at most ", kNoteBytesMax));
  }
  // The text may hold blank lines of its own; the last one ends it.
  const size_t blank = note.rfind("\n\n");
  if (!IsNoteText(note) || blank == std::string_view::npos) {
    return absl::InvalidArgumentError("note: expected UTF-8 text without control characters, a blank line, then signature lines");
  }
  ParsedNote parsed;
  parsed.text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  while (!rest.empty()) {
    const size_t end = rest.find('\n');  // present: the note ends in a newline
    std::optional<SignatureLine> line = ParseSignatureLine(rest.substr(0, end));
    if (!line) return absl::InvalidArgumentError(absl::StrCat("note: signature line ", parsed.signatures.size() + 1, " is malformed"));
    if (parsed.signatures.size() == kNoteSignaturesMax) {
      return absl::InvalidArgumentError(absl::StrCat("note: more than ", kNoteSignaturesMax, " signatures"));
    }
    parsed.signatures.push_back(*std::move(line));
    rest.remove_prefix(end + 1);
  }
  if (parsed.signatures.empty()) return absl::InvalidArgumentError("note: no signature lines");
  return parsed;
}

PkeyPtr PrivateKey(const SecretBytes& seed) {
  PkeyPtr key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, Bytes(seed.Expose()), seed.size()));
  AbortUnless(key != nullptr, "Ed25519");
  return key;
}

std::string SignatureLineOver(std::string_view text, std::string_view name, const SecretBytes& seed, std::string_view public_key) {
  const PkeyPtr key = PrivateKey(seed);
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::string payload = KeyIdBytes(name, public_key);
  payload.resize(kKeyIdBytes + kSignatureBytes);
  size_t signature_bytes = kSignatureBytes;
  AbortUnless(context != nullptr && EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) == 1 &&
                  EVP_DigestSign(context.get(), MutableBytes(payload) + kKeyIdBytes, &signature_bytes, Bytes(text), text.size()) == 1,
              "Ed25519");
  std::string line(kSignatureLineStart);
  line.append(name).append(1, ' ').append(absl::Base64Escape(payload)).append(1, '\n');
  return line;
}

}  // namespace

// ---- signing

NoteSigner::NoteSigner(std::string name, SecretBytes seed, std::string public_key)
    : name_(std::move(name)), seed_(std::move(seed)), public_key_(std::move(public_key)) {}

absl::StatusOr<NoteSigner> NoteSigner::Create(std::string_view name, SecretBytes seed) {
  if (!IsName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("note key name: expected 1..", kNameBytesMax, " bytes of UTF-8 without spaces, control characters and '+'"));
  }
  if (seed.size() != kSeedBytes) {
    return absl::InvalidArgumentError(absl::StrCat("note key seed: ", seed.size(), " bytes, expected ", kSeedBytes));
  }
  const PkeyPtr key = PrivateKey(seed);
  std::string public_key(kPublicKeyBytes, '\0');
  size_t public_key_bytes = public_key.size();
  AbortUnless(EVP_PKEY_get_raw_public_key(key.get(), MutableBytes(public_key), &public_key_bytes) == 1, "Ed25519");
  return NoteSigner(std::string(name), std::move(seed), std::move(public_key));
}

std::string NoteSigner::VerifierKey() const {
  return absl::StrCat(name_, "+", absl::BytesToHexString(KeyIdBytes(name_, public_key_)), "+",
                      absl::Base64Escape(std::string(1, kEd25519) + public_key_));
}

absl::StatusOr<std::string> NoteSigner::Sign(std::string_view text) const {
  if (!IsNoteText(text)) {
    return absl::InvalidArgumentError("note text: expected UTF-8 that ends in a newline and holds no other control characters");
  }
  std::string note(text);
  note.append(1, '\n').append(SignatureLineOver(text, name_, seed_, public_key_));
  if (note.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("note: ", note.size(), " bytes when signed, at most ", kNoteBytesMax));
  }
  return note;
}

absl::StatusOr<std::string> NoteSigner::AddSignature(std::string_view note) const {
  absl::StatusOr<ParsedNote> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  std::string signed_note(note);
  signed_note.append(SignatureLineOver(parsed->text, name_, seed_, public_key_));
  if (parsed->signatures.size() == kNoteSignaturesMax || signed_note.size() > kNoteBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("note: full; at most ", kNoteSignaturesMax, " signatures and ", kNoteBytesMax, " bytes"));
  }
  return signed_note;
}

// ---- verifying

absl::StatusOr<NoteVerifier> NoteVerifier::Parse(std::string_view verifier_key) {
  const auto malformed = [] {
    return absl::InvalidArgumentError("verifier key: expected <name>+<key id, 8 hex digits>+<base64 of 0x01 and an Ed25519 key>");
  };
  const size_t first = verifier_key.find('+');
  const size_t second = first == std::string_view::npos ? first : verifier_key.find('+', first + 1);
  if (verifier_key.size() > kVerifierKeyBytesMax || second == std::string_view::npos) return malformed();
  const std::string_view name = verifier_key.substr(0, first);
  const std::string_view key_id = verifier_key.substr(first + 1, second - first - 1);
  const std::optional<std::string> typed_key = DecodeBase64(verifier_key.substr(second + 1));
  if (!IsName(name) || !typed_key || typed_key->size() != 1 + kPublicKeyBytes || (*typed_key)[0] != kEd25519) return malformed();
  NoteVerifier verifier;
  verifier.name_ = name;
  verifier.public_key_ = typed_key->substr(1);
  const std::string expected_id = KeyIdBytes(name, verifier.public_key_);
  if (key_id != absl::BytesToHexString(expected_id)) {
    return absl::InvalidArgumentError("verifier key: the key id is not that of the name and key; it was mistyped or mixed up");
  }
  verifier.key_id_ = KeyIdOf(expected_id);
  return verifier;
}

bool NoteVerifier::Verify(std::string_view text, std::string_view signature) const {
  if (signature.size() != kSignatureBytes) return false;
  const ErrorQueueMark mark;
  const PkeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, Bytes(public_key_), public_key_.size()));
  const DigestContextPtr context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text), text.size()) == 1;
}

absl::StatusOr<OpenedNote> OpenNote(std::string_view note, const std::vector<NoteVerifier>& verifiers) {
  absl::StatusOr<ParsedNote> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  OpenedNote opened;
  std::vector<const NoteVerifier*> seen;
  for (const SignatureLine& line : parsed->signatures) {
    const auto known = std::find_if(verifiers.begin(), verifiers.end(), [&line](const NoteVerifier& verifier) {
      return verifier.name() == line.name && verifier.key_id() == line.key_id;
    });
    // A key's first signature decides; repeating it proves nothing more.
    if (known == verifiers.end() || std::find(seen.begin(), seen.end(), &*known) != seen.end()) continue;
    if (!known->Verify(parsed->text, line.signature)) {
      return absl::DataLossError(absl::StrCat("note: the signature of ", line.name, " does not verify; the text was changed"));
    }
    seen.push_back(&*known);
    opened.signed_by.push_back(line.name);
  }
  if (opened.signed_by.empty()) return absl::PermissionDeniedError("note: no known key signed it");
  opened.text = parsed->text;
  return opened;
}

}  // namespace otokura::crypto
