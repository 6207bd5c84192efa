// Signed notes (c2sp.org/signed-note) with Ed25519 (RFC 8032), for checkpoints and policy documents.
#ifndef OTOKURA_CRYPTO_SIGNED_NOTE_H_
#define OTOKURA_CRYPTO_SIGNED_NOTE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr size_t kNoteBytesMax = 1000000;   // as the reference implementation bounds it
inline constexpr size_t kNoteSignaturesMax = 100;  // likewise

// A key that signs notes under a name. The seed is 32 bytes (RFC 8032) in secret memory.
class NoteSigner {
 public:
  // `name` is non-empty UTF-8 without spaces (Unicode White_Space) and without '+'.
  static absl::StatusOr<NoteSigner> Create(std::string_view name, SecretBytes seed);
  const std::string& name() const { return name_; }
  // <name>+<key id, 8 hex digits>+<base64(0x01 ‖ public key)>
  std::string VerifierKey() const;
  // `text` ends in a newline and holds no other control characters (newlines apart). Returns text, blank line, signature line.
  absl::StatusOr<std::string> Sign(std::string_view text) const;
  // One more signature line on a note that others signed.
  absl::StatusOr<std::string> AddSignature(std::string_view note) const;

 private:
  NoteSigner(std::string name, SecretBytes seed, std::string public_key);
  std::string name_;
  SecretBytes seed_;
  std::string public_key_;
};

class NoteVerifier {
 public:
  static absl::StatusOr<NoteVerifier> Parse(std::string_view verifier_key);
  const std::string& name() const { return name_; }
  uint32_t key_id() const { return key_id_; }
  const std::string& VerifierKey() const { return verifier_key_; }  // as it was parsed
  bool Verify(std::string_view text, std::string_view signature) const;

 private:
  std::string name_;
  uint32_t key_id_ = 0;
  std::string public_key_;
  std::string verifier_key_;
};

struct OpenedNote {
  std::string text;                    // with its final newline
  std::vector<std::string> signed_by;  // names of the known verifiers whose signatures hold, in the order of the note
};

// Succeeds where at least one known key signed and no known key's signature is wrong; unknown signatures are passed over.
// INVALID_ARGUMENT malformed, DATA_LOSS a known key's signature does not verify, PERMISSION_DENIED nobody known signed.
absl::StatusOr<OpenedNote> OpenNote(std::string_view note, const std::vector<NoteVerifier>& verifiers);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_SIGNED_NOTE_H_
