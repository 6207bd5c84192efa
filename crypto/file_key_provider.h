// The root key in a file, sealed by a passphrase with scrypt (RFC 7914; crypto/FORMAT.md).
#ifndef OTOKURA_CRYPTO_FILE_KEY_PROVIDER_H_
#define OTOKURA_CRYPTO_FILE_KEY_PROVIDER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_encryption_provider.h"

namespace otokura::crypto {

inline constexpr size_t kPassphraseBytesMin = 12;
inline constexpr size_t kPassphraseBytesMax = 1024;

// scrypt's cost. N is a power of two.
struct ScryptCost {
  uint64_t n = uint64_t{1} << 17;  // 128 MiB with r = 8, about half a second on the reference machine
  uint32_t r = 8;
  uint32_t p = 1;
};

class FileKeyProvider : public KeyEncryptionProvider {
 public:
  // Makes a root key and writes the file (mode 0600, synced, through a temporary name). ALREADY_EXISTS leaves an existing file alone.
  static absl::Status Create(const std::string& path, const SecretBytes& passphrase, ScryptCost cost = {});
  // NOT_FOUND, PERMISSION_DENIED "wrong passphrase, or the file was changed", FAILED_PRECONDITION a newer version or a cost beyond what
  // this build accepts (N a power of two up to 2^20, r up to 32, p up to 4, 1 GiB of memory), DATA_LOSS not such a file.
  static absl::StatusOr<std::unique_ptr<FileKeyProvider>> Open(const std::string& path, const SecretBytes& passphrase);

  uint32_t root_version() const override;
  absl::StatusOr<std::string> Wrap(KeyType type, std::string_view owner_id, const SecretBytes& key) override;
  absl::StatusOr<SecretBytes> Unwrap(KeyType type, std::string_view owner_id, uint32_t root_version, std::string_view wrapped) override;

 private:
  FileKeyProvider(SecretBytes root_key, uint32_t root_version);
  SecretBytes root_key_;
  uint32_t root_version_;
};

// Reads a passphrase: the file's bytes without one trailing newline. FAILED_PRECONDITION unless it is a regular file that others, and a
// group other than root's, cannot read.
absl::StatusOr<SecretBytes> ReadPassphraseFile(const std::string& path);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_FILE_KEY_PROVIDER_H_
