#include "crypto/signed_note.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/note_signature.h"
#include "crypto/unicode.h"

namespace otokura::crypto {
namespace {

bool IsNoteText(std::string_view text) {
  return !text.empty() && text.back() == '\n' && DecodeUtf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

struct ParsedNote {
  std::string_view text;
  std::vector<NoteSignature> signatures;
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
    std::optional<NoteSignature> line = ParseNoteSignature(rest.substr(0, end));
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

std::string SignatureLineOver(std::string_view text, std::string_view name, const SecretBytes& seed, std::string_view public_key) {
  return FormatNoteSignature(name, NoteKeyId(name, kNoteEd25519, public_key), Ed25519Sign(seed, text));
}

}  // namespace

// ---- signing

NoteSigner::NoteSigner(std::string name, SecretBytes seed, std::string public_key)
    : name_(std::move(name)), seed_(std::move(seed)), public_key_(std::move(public_key)) {}

absl::StatusOr<NoteSigner> NoteSigner::Create(std::string_view name, SecretBytes seed) {
  if (!IsNoteKeyName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("note key name: expected 1..", kNoteKeyNameBytesMax, " bytes of UTF-8 without spaces, control characters and '+'"));
  }
  if (seed.size() != kEd25519SeedBytes) {
    return absl::InvalidArgumentError(absl::StrCat("note key seed: ", seed.size(), " bytes, expected ", kEd25519SeedBytes));
  }
  std::string public_key = Ed25519PublicKey(seed);
  return NoteSigner(std::string(name), std::move(seed), std::move(public_key));
}

std::string NoteSigner::VerifierKey() const { return FormatVerifierKey(name_, kNoteEd25519, public_key_); }

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
  absl::StatusOr<NoteVerifierKey> parsed = ParseVerifierKey(verifier_key, kNoteEd25519);
  if (!parsed.ok()) return parsed.status();
  NoteVerifier verifier;
  verifier.name_ = std::move(parsed->name);
  verifier.key_id_ = parsed->key_id;
  verifier.public_key_ = std::move(parsed->public_key);
  verifier.verifier_key_ = verifier_key;
  return verifier;
}

bool NoteVerifier::Verify(std::string_view text, std::string_view signature) const { return Ed25519Verify(public_key_, text, signature); }

absl::StatusOr<OpenedNote> OpenNote(std::string_view note, const std::vector<NoteVerifier>& verifiers) {
  absl::StatusOr<ParsedNote> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  OpenedNote opened;
  std::vector<const NoteVerifier*> seen;
  for (const NoteSignature& line : parsed->signatures) {
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
