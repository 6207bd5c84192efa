#include "crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"
#include "crypto/sha256.h"

namespace otokura::crypto {
namespace {

constexpr size_t kAuthoritiesPemBytesMax = size_t{1} << 20;  // a few hundred certificates
constexpr size_t kCrlPemBytesMax = size_t{8} << 20;          // about a hundred thousand revocations
constexpr size_t kSealedPlaintextBytesMax = 4096;
constexpr size_t kSealedCmsBytesMax = 16384;  // the secret, the envelope and the recipient's issuer name

using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;

struct FreeStackOnly {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using BorrowedStack = std::unique_ptr<STACK_OF(X509), FreeStackOnly>;

// An encrypted private key must be refused, not asked about on the terminal, which is what the library does by itself.
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

// True where reading a PEM file ended because nothing more was in it, and not at a damaged object.
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

absl::StatusOr<int64_t> UnixSeconds(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &broken_down) != 1) return absl::InvalidArgumentError("certificate: an unreadable time");
  return int64_t{timegm(&broken_down)};
}

std::string SerialHex(const ASN1_INTEGER* serial) {
  const NumberPtr number(ASN1_INTEGER_to_BN(serial, nullptr));
  AbortUnless(number != nullptr, "memory allocation");
  char* const hex = BN_bn2hex(number.get());
  AbortUnless(hex != nullptr, "memory allocation");
  std::string lower = absl::AsciiStrToLower(hex);
  OPENSSL_free(hex);
  return lower;
}

template <typename T>
std::string DerSha256(T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int bytes = encode(object, &der);
  AbortUnless(bytes > 0, "DER encoding");
  std::string digest = Sha256({reinterpret_cast<const char*>(der), static_cast<size_t>(bytes)});
  OPENSSL_free(der);
  return digest;
}

std::vector<std::string> UrisOf(X509* certificate) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)), static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

}  // namespace

absl::StatusOr<Certificate> ParseCertificate(std::string_view pem) {
  const ErrorQueueMark mark;
  absl::StatusOr<X509Ptr> x509 = ReadCertificate(pem);
  if (!x509.ok()) return x509.status();
  absl::StatusOr<int64_t> not_before = UnixSeconds(X509_get0_notBefore(x509->get()));
  if (!not_before.ok()) return not_before.status();
  absl::StatusOr<int64_t> not_after = UnixSeconds(X509_get0_notAfter(x509->get()));
  if (!not_after.ok()) return not_after.status();
  Certificate certificate;
  certificate.sha256 = DerSha256<X509>(x509->get(), i2d_X509);
  certificate.spki_sha256 = DerSha256<X509_PUBKEY>(X509_get_X509_PUBKEY(x509->get()), i2d_X509_PUBKEY);
  certificate.uris = UrisOf(x509->get());
  certificate.not_before_unix_s = *not_before;
  certificate.not_after_unix_s = *not_after;
  certificate.serial = SerialHex(X509_get0_serialNumber(x509->get()));
  return certificate;
}

absl::Status CheckKeyMatches(std::string_view certificate_pem, std::string_view private_key_pem) {
  const ErrorQueueMark mark;
  absl::StatusOr<X509Ptr> certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<PkeyPtr> key = ReadPrivateKey(private_key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate->get(), key->get()) == 1) return absl::OkStatus();
  return absl::FailedPreconditionError("private key: it is not the key of this certificate; give the pair that was issued together");
}

absl::Status CheckChain(std::string_view certificate_pem, std::string_view ca_pem, int64_t now_unix_s) {
  const ErrorQueueMark mark;
  absl::StatusOr<std::vector<X509Ptr>> chain = ReadCertificates("certificate", certificate_pem, kCertificatePemBytesMax);
  if (!chain.ok()) return chain.status();
  absl::StatusOr<std::vector<X509Ptr>> authorities = ReadCertificates("authorities", ca_pem, kAuthoritiesPemBytesMax);
  if (!authorities.ok()) return authorities.status();

  const StorePtr store(X509_STORE_new());
  const BorrowedStack intermediates(sk_X509_new_null());
  const StoreContextPtr context(X509_STORE_CTX_new());
  bool ready = store != nullptr && intermediates != nullptr && context != nullptr;
  for (const X509Ptr& authority : *authorities) ready = ready && X509_STORE_add_cert(store.get(), authority.get()) == 1;
  for (size_t i = 1; i < chain->size(); ++i) ready = ready && sk_X509_push(intermediates.get(), (*chain)[i].get()) > 0;
  ready = ready && X509_STORE_CTX_init(context.get(), store.get(), chain->front().get(), intermediates.get()) == 1;
  AbortUnless(ready, "memory allocation");
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), now_unix_s);
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("certificate: it does not chain to the authorities: ",
                                                    X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))));
}

// ---- revocation

namespace {

bool SignedByAny(X509_CRL* crl, const std::vector<X509Ptr>& authorities) {
  return std::any_of(authorities.begin(), authorities.end(), [crl](const X509Ptr& authority) {
    return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority.get())) == 0 &&
           (X509_get_key_usage(authority.get()) & KU_CRL_SIGN) != 0 && X509_CRL_verify(crl, X509_get0_pubkey(authority.get())) == 1;
  });
}

// Its next update, where it can be relied upon.
absl::StatusOr<int64_t> CheckCrl(X509_CRL* crl, const std::vector<X509Ptr>& authorities) {
  if (!SignedByAny(crl, authorities)) {
    return absl::PermissionDeniedError("revocation list: not signed by one of the authorities; fetch the list of the authority in use");
  }
  // Deltas and lists for some certificates only announce themselves by a critical extension; reading one as a whole list would let the rest
  // through.
  if (X509_CRL_get_ext_by_critical(crl, 1, -1) >= 0) {
    return absl::FailedPreconditionError("revocation list: only complete lists are supported; this one has a critical extension");
  }
  const ASN1_TIME* next_update = X509_CRL_get0_nextUpdate(crl);
  if (next_update == nullptr) {
    return absl::FailedPreconditionError("revocation list: it has no next update, so a stale one could not be told; issue it with one");
  }
  return UnixSeconds(next_update);
}

}  // namespace

absl::StatusOr<RevocationList> ReadRevocationList(std::string_view crl_pem, std::string_view ca_pem) {
  const ErrorQueueMark mark;
  if (absl::Status size = CheckSize("revocation list", crl_pem, kCrlPemBytesMax); !size.ok()) return size;
  absl::StatusOr<std::vector<X509Ptr>> authorities = ReadCertificates("authorities", ca_pem, kAuthoritiesPemBytesMax);
  if (!authorities.ok()) return authorities.status();
  const BioPtr bio = ReaderOf(crl_pem);
  RevocationList list;
  size_t lists = 0;
  while (const X509CrlPtr crl{PEM_read_bio_X509_CRL(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    ++lists;
    const absl::StatusOr<int64_t> next_update_unix_s = CheckCrl(crl.get(), *authorities);
    if (!next_update_unix_s.ok()) return next_update_unix_s.status();
    list.next_update_unix_s = lists == 1 ? *next_update_unix_s : std::min(list.next_update_unix_s, *next_update_unix_s);
    const STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(crl.get());
    for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
      list.serials.push_back(SerialHex(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))));
    }
  }
  // The revocations of a damaged list must not be passed over.
  if (!RanOutOfPem()) return absl::InvalidArgumentError(absl::StrCat("revocation list: PEM list ", lists + 1, " in it is damaged"));
  if (lists == 0) return absl::InvalidArgumentError("revocation list: no PEM list in it");
  return list;
}

// ---- a secret for a certificate's holder

namespace {

// The library's defaults are PKCS #1 v1.5 padding and SHA-1; ours are OAEP and SHA-256.
bool ChooseRecipientAlgorithms(CMS_RecipientInfo* recipient, bool is_rsa) {
  EVP_PKEY_CTX* context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
  if (context == nullptr) return false;
  if (!is_rsa) return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 && EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

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

}  // namespace

absl::StatusOr<std::string> SealToCertificate(std::string_view certificate_pem, const SecretBytes& secret) {
  const ErrorQueueMark mark;
  absl::StatusOr<X509Ptr> certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  if (secret.size() == 0 || secret.size() > kSealedPlaintextBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("secret: ", secret.size(), " bytes, expected 1..", kSealedPlaintextBytesMax));
  }
  const int key_type = EVP_PKEY_get_base_id(X509_get0_pubkey(certificate->get()));
  if (key_type != EVP_PKEY_RSA && key_type != EVP_PKEY_EC) {
    return absl::FailedPreconditionError(
        "certificate: its key can only sign; an RSA or elliptic-curve (ECDH) key is needed to receive a secret");
  }
  constexpr unsigned int kFlags = CMS_BINARY | CMS_PARTIAL;
  const BioPtr plaintext = ReaderOf(secret.Expose());
  const CmsPtr cms(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), kFlags));
  CMS_RecipientInfo* recipient = cms == nullptr ? nullptr : CMS_add1_recipient_cert(cms.get(), certificate->get(), kFlags | CMS_KEY_PARAM);
  if (recipient == nullptr || !ChooseRecipientAlgorithms(recipient, key_type == EVP_PKEY_RSA) ||
      CMS_final(cms.get(), plaintext.get(), nullptr, kFlags) != 1) {
    return absl::InternalError("certificate: sealing to its key failed in the cryptographic library");
  }
  return DerOf(cms.get());
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
