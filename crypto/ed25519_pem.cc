#include "crypto/ed25519_pem.h"

#include <openssl/pem.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/note_signature.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

struct Asking {
  absl::FunctionRef<absl::StatusOr<SecretBytes>()> passphrase;
  bool asked = false;
  absl::Status status{};
};

// pem_password_cb
int GivePassphrase(char* buffer, int bytes_max, int /*writing*/, void* argument) {
  Asking& asking = *static_cast<Asking*>(argument);
  if (asking.asked) return -1;  // a decoder that failed has the next one try; nobody wants to type it twice
  asking.asked = true;
  const absl::StatusOr<SecretBytes> given = asking.passphrase();
  if (!given.ok()) {
    asking.status = given.status();
    return -1;
  }
  if (given->size() > static_cast<size_t>(bytes_max)) return -1;
  std::memcpy(buffer, given->Expose().data(), given->size());
  return static_cast<int>(given->size());
}

absl::Status NoSuchKey() {
  return absl::InvalidArgumentError("key: no Ed25519 private key in PEM; make one with `openssl genpkey -algorithm ed25519`");
}

}  // namespace

absl::StatusOr<SecretBytes> ReadEd25519Pem(std::string_view pem, absl::FunctionRef<absl::StatusOr<SecretBytes>()> passphrase) {
  if (pem.size() > kEd25519PemBytesMax) return NoSuchKey();
  const ErrorQueueMark mark;
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  AbortUnless(bio != nullptr, "reading a key");
  Asking asking{passphrase};
  const PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, &asking));
  if (!asking.status.ok()) return asking.status;
  if (key == nullptr && asking.asked) return absl::PermissionDeniedError("key: wrong passphrase, or the file was changed");
  if (key == nullptr || EVP_PKEY_is_a(key.get(), "ED25519") != 1) return NoSuchKey();
  absl::StatusOr<SecretBytes> seed = SecretBytes::Zeroed(kEd25519SeedBytes);
  if (!seed.ok()) return seed;
  size_t bytes = seed->size();
  AbortUnless(EVP_PKEY_get_raw_private_key(key.get(), seed->ExposeMutable(), &bytes) == 1 && bytes == kEd25519SeedBytes, "Ed25519");
  return seed;
}

}  // namespace otokura::crypto
