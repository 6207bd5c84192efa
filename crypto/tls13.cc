#include "crypto/tls13.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/ssl.h>

#include <memory>

namespace otokura::crypto {
namespace {

// `Protocol = TLSv1.3` alone adds to what is allowed; only "-ALL" first takes the older versions away.
constexpr char kConfiguration[] =
    "openssl_conf = otokura\n"
    "[otokura]\n"
    "ssl_conf = tls\n"
    "[tls]\n"
    "system_default = tls13\n"
    "[tls13]\n"
    "Protocol = -ALL,TLSv1.3\n"
    "Ciphersuites = TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256\n";

absl::Status Load() {
  // OpenSSL reads the system's configuration at its first use, which would replace ours if it came later.
  if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr) != 1)
    return absl::InternalError("OpenSSL does not start; check the system's openssl.cnf");
  std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_mem_buf(kConfiguration, -1), &BIO_free);
  std::unique_ptr<CONF, decltype(&NCONF_free)> configuration(NCONF_new(nullptr), &NCONF_free);
  long error_line = 0;
  if (text == nullptr || configuration == nullptr || NCONF_load_bio(configuration.get(), text.get(), &error_line) != 1 ||
      CONF_modules_load(configuration.get(), nullptr, 0) != 1) {
    return absl::InternalError("OpenSSL refuses to be limited to TLS 1.3; is it built without it?");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RequireTls13() {
  static const absl::Status result = Load();
  return result;
}

}  // namespace otokura::crypto
