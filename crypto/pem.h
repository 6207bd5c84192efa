// PEM, read as it comes from elsewhere. Internal to crypto/; nothing here leaves the error queue as it was (ErrorQueueMark).
#ifndef OTOKURA_CRYPTO_PEM_H_
#define OTOKURA_CRYPTO_PEM_H_

#include <openssl/pem.h>

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {

// An encrypted private key must be refused, not asked about on the terminal, which is what the library does by itself.
int NoPassphrase(char*, int, int, void*);
// Borrows the bytes.
BioPtr ReaderOf(std::string_view bytes);
absl::Status CheckSize(const char* what, std::string_view pem, size_t bytes_max);
// True where reading a PEM file ended because nothing more was in it, and not at a damaged object.
bool RanOutOfPem();

// INVALID_ARGUMENT where there is none, one is damaged, or it is too large.
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(const char* what, std::string_view pem, size_t bytes_max);
absl::StatusOr<X509Ptr> ReadCertificate(std::string_view pem);
absl::StatusOr<PkeyPtr> ReadPrivateKey(std::string_view pem);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_PEM_H_
