// The signature lines of signed notes (c2sp.org/signed-note), whatever a line signs: shared by notes and cosignatures.
#ifndef OTOKURA_CRYPTO_NOTE_SIGNATURE_H_
#define OTOKURA_CRYPTO_NOTE_SIGNATURE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr char kNoteEd25519 = 0x01;        // signature types of the specification: Ed25519 over the text
inline constexpr char kNoteCosignatureV1 = 0x04;  // and a timestamped one over a checkpoint (c2sp.org/tlog-cosignature)
inline constexpr size_t kEd25519SeedBytes = 32;
inline constexpr size_t kEd25519PublicKeyBytes = 32;
inline constexpr size_t kEd25519SignatureBytes = 64;
inline constexpr size_t kNoteKeyNameBytesMax = 256;

// Non-empty UTF-8 without spaces (Unicode White_Space), control characters and '+'.
bool IsNoteKeyName(std::string_view name);

// The first 4 bytes of SHA-256(name ‖ newline ‖ type ‖ public key).
std::string NoteKeyId(std::string_view name, char type, std::string_view public_key);

// <name>+<key id, 8 hex digits>+<base64(type ‖ public key)>
struct NoteVerifierKey {
  std::string name;
  uint32_t key_id = 0;
  std::string public_key;
};
std::string FormatVerifierKey(std::string_view name, char type, std::string_view public_key);
// INVALID_ARGUMENT where it is not one of this type.
absl::StatusOr<NoteVerifierKey> ParseVerifierKey(std::string_view verifier_key, char type);

struct NoteSignature {
  std::string name;
  uint32_t key_id = 0;
  std::string signature;
};
// "— name base64(key id ‖ signature)" and its newline.
std::string FormatNoteSignature(std::string_view name, std::string_view key_id, std::string_view signature);
// Such a line without its newline; nothing where it is none.
std::optional<NoteSignature> ParseNoteSignature(std::string_view line);

// RFC 8032. The seed has kEd25519SeedBytes.
std::string Ed25519PublicKey(const SecretBytes& seed);
std::string Ed25519Sign(const SecretBytes& seed, std::string_view message);
bool Ed25519Verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_NOTE_SIGNATURE_H_
