// A CMS AuthEnvelopedData (RFC 5083) to one certificate's holder, before anything is in it. Internal to crypto/.
#ifndef OTOKURA_CRYPTO_CMS_ENVELOPE_H_
#define OTOKURA_CRYPTO_CMS_ENVELOPE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {

// AES-256-GCM under a fresh key, which goes to an EC key by ECDH with SHA-256 (RFC 5753), to an RSA key by OAEP with SHA-256. `flags` are
// the library's (CMS_STREAM…), CMS_BINARY and CMS_PARTIAL are added. INVALID_ARGUMENT where there is no certificate, FAILED_PRECONDITION
// where its key can only sign.
absl::StatusOr<CmsPtr> NewEnvelope(std::string_view certificate_pem, unsigned flags);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_CMS_ENVELOPE_H_
