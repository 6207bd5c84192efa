// Ownership of OpenSSL handles, and of its per-thread error queue. Internal to crypto/.
#ifndef OTOKURA_CRYPTO_OPENSSL_PTR_H_
#define OTOKURA_CRYPTO_OPENSSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace otokura::crypto {

template <auto kFree>
struct OpenSslFree {
  template <typename T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, OpenSslFree<CMS_ContentInfo_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, OpenSslFree<X509_CRL_free>>;

// Leaves the thread's error queue as it was found. Without it, a failed tag check here would be read by TLS code on the same thread
// as an error of the connection it serves.
class ErrorQueueMark {
 public:
  ErrorQueueMark() { ERR_set_mark(); }
  ~ErrorQueueMark() { ERR_pop_to_mark(); }
  ErrorQueueMark(const ErrorQueueMark&) = delete;
  ErrorQueueMark& operator=(const ErrorQueueMark&) = delete;
};

inline const unsigned char* Bytes(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
inline unsigned char* MutableBytes(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// For what cannot fail with a working library, and after which nothing may go on.
inline void AbortUnless(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "otokura: %s failed in the cryptographic library; stopping\n", what);
  std::abort();
}

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_OPENSSL_PTR_H_
