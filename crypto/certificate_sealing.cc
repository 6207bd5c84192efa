// A secret for a certificate's holder (certificate.h).
#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"
#include "crypto/cms_envelope.h"
#include "crypto/openssl_ptr.h"
#include "crypto/pem.h"

namespace otokura::crypto {
namespace {

constexpr size_t kSealedPlaintextBytesMax = 4096;
constexpr size_t kSealedCmsBytesMax = 16384;  // the secret, the envelope and the recipient's issuer name
constexpr int kReceivingRsaBitsMin = 3072;    // as strong as AES-128, which what is sealed to it for years must be at least

std::string DerOf(CMS_ContentInfo* cms) {
  unsigned char* der = nullptr;
  const int bytes = i2d_CMS_ContentInfo(cms, &der);
  AbortUnless(bytes > 0, "DER encoding");
  std::string encoded(reinterpret_cast<const char*>(der), static_cast<size_t>(bytes));
  OPENSSL_free(der);
  return encoded;
}

CmsPtr ParseCms(std::string_view der) {
  const unsigned char* next = Bytes(der);
  CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &next, static_cast<long>(der.size())));
  if (next != Bytes(der) + der.size()) return nullptr;
  return cms;
}

bool IsReceivingCurve(const EVP_PKEY* key) {
  char name[64];
  size_t length = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof name, &length) != 1) return false;
  const std::string_view curve(name, length);
  return curve == "prime256v1" || curve == "secp384r1" || curve == "secp521r1";
}

}  // namespace

absl::Status CheckCanReceive(std::string_view certificate_pem) {
  const ErrorQueueMark mark;
  absl::StatusOr<X509Ptr> certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const EVP_PKEY* const key = X509_get0_pubkey(certificate->get());
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kReceivingRsaBitsMin) return absl::OkStatus();
  if (type == EVP_PKEY_EC && IsReceivingCurve(key)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("certificate: nothing is sealed to a key of this kind; take one of the curves P-256, P-384 or P-521, or RSA of ",
                   kReceivingRsaBitsMin, " bits and more"));
}

absl::StatusOr<std::string> SealToCertificate(std::string_view certificate_pem, const SecretBytes& secret) {
  const ErrorQueueMark mark;
  if (secret.size() == 0 || secret.size() > kSealedPlaintextBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("secret: ", secret.size(), " bytes, expected 1..", kSealedPlaintextBytesMax));
  }
  const BioPtr plaintext = ReaderOf(secret.Expose());
  const absl::StatusOr<CmsPtr> cms = NewEnvelope(certificate_pem, 0);
  if (!cms.ok()) return cms.status();
  if (CMS_final(cms->get(), plaintext.get(), nullptr, CMS_BINARY | CMS_PARTIAL) != 1) {
    return absl::InternalError("certificate: sealing to its key failed in the cryptographic library");
  }
  return DerOf(cms->get());
}

absl::StatusOr<SecretBytes> OpenWithKey(std::string_view certificate_pem, std::string_view private_key_pem, std::string_view sealed) {
  const ErrorQueueMark mark;
  absl::StatusOr<X509Ptr> certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<PkeyPtr> key = ReadPrivateKey(private_key_pem);
  if (!key.ok()) return key.status();
  if (absl::Status size = CheckSize("sealed secret", sealed, kSealedCmsBytesMax); !size.ok()) return size;
  const CmsPtr cms = ParseCms(sealed);
  // Only the authenticated kind: a plain EnvelopedData could have been changed on its way.
  if (cms == nullptr || OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_id_smime_ct_authEnvelopedData) {
    return absl::DataLossError("sealed secret: not a CMS AuthEnvelopedData");
  }
  const BioPtr opened(BIO_new(BIO_s_secmem()));
  AbortUnless(opened != nullptr, "memory allocation");
  if (CMS_decrypt(cms.get(), key->get(), certificate->get(), nullptr, opened.get(), CMS_BINARY) != 1) {
    return absl::DataLossError("sealed secret: it does not open: sealed to another certificate, or changed");
  }
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(opened.get(), &bytes);
  return SecretBytes::CopyOf({bytes, static_cast<size_t>(length)});
}

}  // namespace otokura::crypto
