#include "crypto/cms_envelope.h"

#include <openssl/rsa.h>

#include "crypto/pem.h"

namespace otokura::crypto {
namespace {

// The library's defaults are PKCS #1 v1.5 padding and SHA-1; ours are OAEP and SHA-256.
bool ChooseRecipientAlgorithms(CMS_RecipientInfo* recipient, bool is_rsa) {
  EVP_PKEY_CTX* context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
  if (context == nullptr) return false;
  if (!is_rsa) return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 && EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

}  // namespace

absl::StatusOr<CmsPtr> NewEnvelope(std::string_view certificate_pem, unsigned flags) {
  absl::StatusOr<X509Ptr> certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const int key_type = EVP_PKEY_get_base_id(X509_get0_pubkey(certificate->get()));
  if (key_type != EVP_PKEY_RSA && key_type != EVP_PKEY_EC) {
    return absl::FailedPreconditionError(
        "certificate: its key can only sign; an RSA or elliptic-curve (ECDH) key is needed to receive a secret");
  }
  flags |= CMS_BINARY | CMS_PARTIAL;
  CmsPtr cms(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), flags));
  CMS_RecipientInfo* recipient = cms == nullptr ? nullptr : CMS_add1_recipient_cert(cms.get(), certificate->get(), flags | CMS_KEY_PARAM);
  if (recipient != nullptr && ChooseRecipientAlgorithms(recipient, key_type == EVP_PKEY_RSA)) return cms;
  return absl::InternalError("certificate: sealing to its key failed in the cryptographic library");
}

}  // namespace otokura::crypto
