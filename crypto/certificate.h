// What we read from X.509 certificates: the pinned key, the names, the validity.
#ifndef OTOKURA_CRYPTO_CERTIFICATE_H_
#define OTOKURA_CRYPTO_CERTIFICATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr size_t kCertificatePemBytesMax = 16384;

struct Certificate {
  std::string sha256;             // of the DER form, 32 bytes
  std::string spki_sha256;        // of its SubjectPublicKeyInfo, 32 bytes
  std::vector<std::string> uris;  // subject alternative names of type URI, as written
  int64_t not_before_unix_s = 0;
  int64_t not_after_unix_s = 0;
  std::string serial;  // lower-case hex
};

// Reads the first certificate of `pem`. INVALID_ARGUMENT where there is none or it is too large.
absl::StatusOr<Certificate> ParseCertificate(std::string_view pem);

// FAILED_PRECONDITION where the private key is not the certificate's. Both PEM.
absl::Status CheckKeyMatches(std::string_view certificate_pem, std::string_view private_key_pem);

// FAILED_PRECONDITION naming the reason where the leaf of `certificate_pem` (intermediates may follow it) does not chain to `ca_pem` at
// that time.
absl::Status CheckChain(std::string_view certificate_pem, std::string_view ca_pem, int64_t now_unix_s);

struct RevocationList {
  std::vector<std::string> serials;  // lower-case hex
  int64_t next_update_unix_s = 0;    // past it the list is stale: somebody may have been revoked whom it does not name
};
// What the CRLs in `crl_pem` revoke together; the earliest of their next updates. The signatures must be by an authority in `ca_pem`
// (PERMISSION_DENIED); a list without next update, or a delta, is FAILED_PRECONDITION.
absl::StatusOr<RevocationList> ReadRevocationList(std::string_view crl_pem, std::string_view ca_pem);

// INVALID_ARGUMENT unless something that is to stay secret for long can be sealed to its key: one of the curves P-256, P-384 or P-521, or
// RSA of 3,072 bits and more.
absl::Status CheckCanReceive(std::string_view certificate_pem);

// A short secret to one certificate's holder: CMS AuthEnvelopedData, DER, AES-256-GCM (RFC 5083, RFC 5084), to an EC key by ECDH with
// SHA-256 (RFC 5753) or an RSA key by OAEP with SHA-256. 1..4096 bytes. OpenWithKey is DATA_LOSS where it was sealed to another certificate
// or changed.
absl::StatusOr<std::string> SealToCertificate(std::string_view certificate_pem, const SecretBytes& secret);
absl::StatusOr<SecretBytes> OpenWithKey(std::string_view certificate_pem, std::string_view private_key_pem, std::string_view sealed);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_CERTIFICATE_H_
