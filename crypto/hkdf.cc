#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

// What OpenSSL 3.0 takes (2,048 bytes) with room to spare for ours, which are under 400.
constexpr size_t kHkdfInfoBytesMax = 1024;

OSSL_PARAM OctetString(const char* name, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(value.data()), value.size());
}

absl::StatusOr<SecretBytes> Derive(int mode, std::string_view key, std::string_view salt, std::string_view info, size_t output_bytes) {
  static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (key.empty()) return absl::InvalidArgumentError("HKDF: the input key is empty");
  if (info.size() > kHkdfInfoBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("HKDF: info is ", info.size(), " bytes, at most ", kHkdfInfoBytesMax));
  }
  if (output_bytes == 0 || output_bytes > kHkdfOutputBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("HKDF: ", output_bytes, " bytes of output asked for, 1..", kHkdfOutputBytesMax));
  }
  absl::StatusOr<SecretBytes> output = SecretBytes::Zeroed(output_bytes);
  if (!output.ok()) return output;

  char digest[] = "SHA512";
  OSSL_PARAM params[6];
  OSSL_PARAM* next = params;
  *next++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
  *next++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  *next++ = OctetString(OSSL_KDF_PARAM_KEY, key);
  if (!salt.empty()) *next++ = OctetString(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) *next++ = OctetString(OSSL_KDF_PARAM_INFO, info);
  *next = OSSL_PARAM_construct_end();

  const ErrorQueueMark mark;
  const KdfContextPtr context(EVP_KDF_CTX_new(hkdf));
  AbortUnless(context != nullptr && EVP_KDF_derive(context.get(), output->ExposeMutable(), output_bytes, params) == 1, "HKDF");
  return output;
}

}  // namespace

absl::StatusOr<SecretBytes> HkdfExpand(const SecretBytes& key, std::string_view info, size_t output_bytes) {
  return Derive(EVP_KDF_HKDF_MODE_EXPAND_ONLY, key.Expose(), {}, info, output_bytes);
}

absl::StatusOr<SecretBytes> Hkdf(std::string_view key, std::string_view salt, std::string_view info, size_t output_bytes) {
  return Derive(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, key, salt, info, output_bytes);
}

}  // namespace otokura::crypto
