// Throw-away authorities, certificates and revocation lists, made in memory.
#ifndef OTOKURA_TESTS_UNIT_CRYPTO_ISSUED_CERTIFICATE_H_
#define OTOKURA_TESTS_UNIT_CRYPTO_ISSUED_CERTIFICATE_H_

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "crypto/openssl_ptr.h"

namespace otokura::crypto {

inline constexpr int64_t kIssuedUnixS = 1700000000;
inline constexpr int64_t kExpiresUnixS = kIssuedUnixS + 86400;

struct Issued {
  X509Ptr x509;
  PkeyPtr key;
  std::string pem;
  std::string key_pem;
};

inline std::string PemText(BIO* bio) {
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(bio, &text);
  return {text, static_cast<size_t>(bytes)};
}

inline PkeyPtr EcKey() { return PkeyPtr(EVP_EC_gen("P-256")); }
inline PkeyPtr RsaKey() { return PkeyPtr(EVP_RSA_gen(2048)); }
inline PkeyPtr Ed25519Key() { return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

inline void AddExtension(X509* x509, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  AbortUnless(extension != nullptr && X509_add_ext(x509, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself where there is none. `extensions` are pairs of OpenSSL's number and text form.
inline Issued Issue(const std::string& name, PkeyPtr key, const Issued* issuer, uint64_t serial,
                    const std::vector<std::pair<int, std::string>>& extensions) {
  Issued issued;
  issued.key = std::move(key);
  issued.x509.reset(X509_new());
  X509* x509 = issued.x509.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial);
  ASN1_TIME_set(X509_getm_notBefore(x509), kIssuedUnixS);
  ASN1_TIME_set(X509_getm_notAfter(x509), kExpiresUnixS);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(x509, X509_get_subject_name(issuer != nullptr ? issuer->x509.get() : x509));
  X509_set_pubkey(x509, issued.key.get());
  for (const auto& [nid, value] : extensions) AddExtension(x509, nid, value);
  AbortUnless(X509_sign(x509, issuer != nullptr ? issuer->key.get() : issued.key.get(), EVP_sha256()) > 0, "signing");
  const BioPtr certificate(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate.get(), x509);
  issued.pem = PemText(certificate.get());
  const BioPtr private_key(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(private_key.get(), issued.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  issued.key_pem = PemText(private_key.get());
  return issued;
}

inline Issued Authority(const std::string& name) {
  return Issue(name, EcKey(), nullptr, 1, {{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign,cRLSign"}});
}

struct CrlPlan {
  std::vector<uint64_t> revoked = {};
  bool has_next_update = true;
  bool is_delta = false;
};

inline std::string CrlOf(const Issued& issuer, const CrlPlan& plan) {
  const X509CrlPtr crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.x509.get()));
  ASN1_TIME* time = ASN1_TIME_set(nullptr, kIssuedUnixS);
  X509_CRL_set1_lastUpdate(crl.get(), time);
  for (const uint64_t serial : plan.revoked) {
    X509_REVOKED* revoked = X509_REVOKED_new();
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    ASN1_INTEGER_set_uint64(number, serial);
    X509_REVOKED_set_serialNumber(revoked, number);
    X509_REVOKED_set_revocationDate(revoked, time);
    X509_CRL_add0_revoked(crl.get(), revoked);
    ASN1_INTEGER_free(number);
  }
  if (plan.has_next_update) {
    ASN1_TIME_set(time, kIssuedUnixS + 3600);
    X509_CRL_set1_nextUpdate(crl.get(), time);
  }
  ASN1_TIME_free(time);
  if (plan.is_delta) {
    ASN1_INTEGER* base = ASN1_INTEGER_new();
    ASN1_INTEGER_set(base, 1);
    X509_CRL_add1_ext_i2d(crl.get(), NID_delta_crl, base, 1, 0);
    ASN1_INTEGER_free(base);
  }
  AbortUnless(X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256()) > 0, "signing");
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(bio.get(), crl.get());
  return PemText(bio.get());
}

}  // namespace otokura::crypto

#endif  // OTOKURA_TESTS_UNIT_CRYPTO_ISSUED_CERTIFICATE_H_
