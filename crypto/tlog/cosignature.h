// Cosignatures (c2sp.org/tlog-cosignature): a witness says when it saw that a checkpoint extends all that it saw before of that log.
#ifndef OTOKURA_CRYPTO_TLOG_COSIGNATURE_H_
#define OTOKURA_CRYPTO_TLOG_COSIGNATURE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

// The key of a witness, Ed25519. The seed is 32 bytes.
class CosignatureSigner {
 public:
  // `name` as of a NoteSigner.
  static absl::StatusOr<CosignatureSigner> Create(std::string_view name, SecretBytes seed);
  const std::string& name() const { return name_; }
  // <name>+<key id, 8 hex digits>+<base64(0x04 ‖ public key)>
  std::string VerifierKey() const;
  // A signature line over the text of a checkpoint, which the caller has verified.
  std::string Cosign(std::string_view checkpoint_text, uint64_t unix_seconds) const;

 private:
  CosignatureSigner(std::string name, SecretBytes seed, std::string public_key);
  std::string name_;
  SecretBytes seed_;
  std::string public_key_;
};

struct Cosignature {
  uint64_t unix_seconds = 0;
  std::string line;  // with its newline, to be put behind the checkpoint's signatures
};

class CosignatureVerifier {
 public:
  static absl::StatusOr<CosignatureVerifier> Parse(std::string_view verifier_key);
  const std::string& name() const { return name_; }
  // The first line of this key among signature lines; those of others are passed over. NOT_FOUND where there is none, DATA_LOSS where it
  // does not verify, INVALID_ARGUMENT where a line is none.
  absl::StatusOr<Cosignature> Find(std::string_view signature_lines, std::string_view checkpoint_text) const;

 private:
  std::string name_;
  uint32_t key_id_ = 0;
  std::string public_key_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_COSIGNATURE_H_
