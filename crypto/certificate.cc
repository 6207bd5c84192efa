#include "crypto/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"
#include "crypto/pem.h"
#include "crypto/sha256.h"

namespace otokura::crypto {
namespace {

constexpr size_t kAuthoritiesPemBytesMax = size_t{1} << 20;  // a few hundred certificates
constexpr size_t kCrlPemBytesMax = size_t{8} << 20;          // about a hundred thousand revocations

using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;

struct FreeStackOnly {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using BorrowedStack = std::unique_ptr<STACK_OF(X509), FreeStackOnly>;

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

}  // namespace otokura::crypto
