#include "tests/unit/access/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <utility>

#include "crypto/openssl_ptr.h"

namespace otokura::access {
namespace {

using crypto::AbortUnless;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, crypto::OpenSslFree<X509_EXTENSION_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, crypto::OpenSslFree<ASN1_INTEGER_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, crypto::OpenSslFree<ASN1_TIME_free>>;

void Must(bool ok) { AbortUnless(ok, "making a test certificate"); }

crypto::BioPtr NewBio() {
  crypto::BioPtr bio(BIO_new(BIO_s_mem()));
  Must(bio != nullptr);
  return bio;
}

std::string Contents(const crypto::BioPtr& bio) {
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(bytes));
}

std::string Pem(X509* certificate) {
  const crypto::BioPtr bio = NewBio();
  Must(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return Contents(bio);
}

std::string Pem(EVP_PKEY* key) {
  const crypto::BioPtr bio = NewBio();
  Must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return Contents(bio);
}

crypto::PkeyPtr KeyFrom(const std::string& pem) {
  const crypto::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  crypto::PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  Must(key != nullptr);
  return key;
}

crypto::PkeyPtr FreshKey() {
  crypto::PkeyPtr key(EVP_EC_gen("P-256"));
  Must(key != nullptr);
  return key;
}

TimePtr Asn1(absl::Time time) {
  TimePtr asn1(ASN1_TIME_set(nullptr, absl::ToTimeT(time)));
  Must(asn1 != nullptr);
  return asn1;
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

crypto::X509Ptr Unsigned(EVP_PKEY* key, int64_t serial, const char* common_name, absl::Time not_before, absl::Time not_after) {
  crypto::X509Ptr certificate(X509_new());
  Must(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  Must(ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), serial) == 1);
  Must(X509_set1_notBefore(certificate.get(), Asn1(not_before).get()) == 1);
  Must(X509_set1_notAfter(certificate.get(), Asn1(not_after).get()) == 1);
  Must(X509_set_pubkey(certificate.get(), key) == 1);
  const auto* name = reinterpret_cast<const unsigned char*>(common_name);
  Must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC, name, -1, -1, 0) == 1);
  return certificate;
}

}  // namespace

struct TestAuthority::Keys {
  crypto::PkeyPtr key;
  crypto::X509Ptr certificate;
};

TestAuthority::TestAuthority(absl::Time now) : keys_(std::make_unique<Keys>()) {
  keys_->key = FreshKey();
  keys_->certificate = Unsigned(keys_->key.get(), 1, "Test authority", now - absl::Hours(24), now + absl::Hours(24) * 3650);
  X509* const certificate = keys_->certificate.get();
  Must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
  AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  Must(X509_sign(certificate, keys_->key.get(), EVP_sha256()) > 0);
  certificate_pem_ = Pem(certificate);
}

TestAuthority::~TestAuthority() = default;

IssuedCertificate TestAuthority::Make(const Issue& issue) {
  const crypto::PkeyPtr key = issue.same_key_as.empty() ? FreshKey() : KeyFrom(issue.same_key_as);
  const int64_t serial = next_serial_++;
  const crypto::X509Ptr certificate = Unsigned(key.get(), serial, "client", issue.not_before, issue.not_after);
  Must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get())) == 1);
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(certificate.get(), NID_key_usage, "critical,digitalSignature");
  AddExtension(certificate.get(), NID_ext_key_usage, "clientAuth");
  std::string names;
  for (const std::string& uri : issue.uris) names.append(names.empty() ? "URI:" : ",URI:").append(uri);
  if (!names.empty()) AddExtension(certificate.get(), NID_subject_alt_name, names);
  Must(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0);
  return {Pem(certificate.get()), Pem(key.get()), serial};
}

IssuedCertificate TestAuthority::ForAccount(const std::string& trust_domain, const std::string& account, absl::Time now) {
  return Make({{"spiffe://" + trust_domain + "/account/" + account}, now - absl::Hours(1), now + absl::Hours(24) * 365, ""});
}

std::string TestAuthority::RevocationList(const std::vector<int64_t>& serials, absl::Time this_update, absl::Time next_update) {
  const crypto::X509CrlPtr crl(X509_CRL_new());
  Must(crl != nullptr && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1);
  Must(X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(keys_->certificate.get())) == 1);
  Must(X509_CRL_set1_lastUpdate(crl.get(), Asn1(this_update).get()) == 1);
  Must(X509_CRL_set1_nextUpdate(crl.get(), Asn1(next_update).get()) == 1);
  for (int64_t serial : serials) {
    X509_REVOKED* const revoked = X509_REVOKED_new();
    const IntegerPtr number(ASN1_INTEGER_new());
    Must(revoked != nullptr && number != nullptr && ASN1_INTEGER_set_int64(number.get(), serial) == 1);
    Must(X509_REVOKED_set_serialNumber(revoked, number.get()) == 1);
    Must(X509_REVOKED_set_revocationDate(revoked, Asn1(this_update).get()) == 1);
    Must(X509_CRL_add0_revoked(crl.get(), revoked) == 1);  // takes it
  }
  Must(X509_CRL_sign(crl.get(), keys_->key.get(), EVP_sha256()) > 0);
  const crypto::BioPtr bio = NewBio();
  Must(PEM_write_bio_X509_CRL(bio.get(), crl.get()) == 1);
  return Contents(bio);
}

}  // namespace otokura::access
