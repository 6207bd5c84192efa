#include "crypto/pem.h"

#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"

namespace otokura::crypto {

int NoPassphrase(char*, int, int, void*) { return -1; }

BioPtr ReaderOf(std::string_view bytes) {
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  AbortUnless(bio != nullptr, "memory allocation");
  return bio;
}

absl::Status CheckSize(const char* what, std::string_view pem, size_t bytes_max) {
  if (pem.size() <= bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", pem.size(), " bytes, at most ", bytes_max));
}

bool RanOutOfPem() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(const char* what, std::string_view pem, size_t bytes_max) {
  if (absl::Status size = CheckSize(what, pem, bytes_max); !size.ok()) return size;
  const BioPtr bio = ReaderOf(pem);
  std::vector<X509Ptr> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) certificates.emplace_back(certificate);
  if (!RanOutOfPem()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": PEM certificate ", certificates.size() + 1, " in it is damaged"));
  }
  if (certificates.empty()) return absl::InvalidArgumentError(absl::StrCat(what, ": no PEM certificate in it"));
  return certificates;
}

absl::StatusOr<X509Ptr> ReadCertificate(std::string_view pem) {
  if (absl::Status size = CheckSize("certificate", pem, kCertificatePemBytesMax); !size.ok()) return size;
  X509Ptr certificate(PEM_read_bio_X509(ReaderOf(pem).get(), nullptr, NoPassphrase, nullptr));
  if (certificate == nullptr) return absl::InvalidArgumentError("certificate: no PEM certificate in it");
  return certificate;
}

absl::StatusOr<PkeyPtr> ReadPrivateKey(std::string_view pem) {
  if (absl::Status size = CheckSize("private key", pem, kCertificatePemBytesMax); !size.ok()) return size;
  PkeyPtr key(PEM_read_bio_PrivateKey(ReaderOf(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return absl::InvalidArgumentError("private key: no unencrypted PEM private key in it");
  return key;
}

}  // namespace otokura::crypto
