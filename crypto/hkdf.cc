#include "crypto/hkdf.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

constexpr size_t kDigestBytes = 64;
constexpr size_t kBlockBytes = 128;
constexpr char kInnerPad = 0x36;
constexpr char kOuterPad = 0x5c;
constexpr size_t kHkdfInfoBytesMax = 1024;  // with room to spare for ours, which are under 400

void Sha512Of(std::initializer_list<std::string_view> parts, char* digest) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  thread_local const DigestContextPtr context(EVP_MD_CTX_new());
  bool done = algorithm != nullptr && context != nullptr && EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1;
  for (const std::string_view part : parts) done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  AbortUnless(done && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest), nullptr) == 1, "SHA-512");
}

// HMAC as FIPS 198-1 writes it: the library's own HKDF and HMAC look their algorithm up at each call, which takes longer than all the
// hashing.
class HmacSha512 {
 public:
  explicit HmacSha512(std::string_view key) {
    std::array<char, kBlockBytes> block{};
    if (key.size() > kBlockBytes) {
      Sha512Of({key}, block.data());
    } else {
      std::copy(key.begin(), key.end(), block.begin());
    }
    for (size_t i = 0; i < kBlockBytes; ++i) {
      inner_[i] = static_cast<char>(block[i] ^ kInnerPad);
      outer_[i] = static_cast<char>(block[i] ^ kOuterPad);
    }
    Wipe(block.data(), block.size());
  }
  HmacSha512(const HmacSha512&) = delete;
  ~HmacSha512() {
    Wipe(inner_.data(), inner_.size());
    Wipe(outer_.data(), outer_.size());
  }

  void Of(std::string_view first, std::string_view second, std::string_view third, char* mac) const {
    Sha512Of({{inner_.data(), inner_.size()}, first, second, third}, mac);
    Sha512Of({{outer_.data(), outer_.size()}, {mac, kDigestBytes}}, mac);
  }

 private:
  std::array<char, kBlockBytes> inner_;
  std::array<char, kBlockBytes> outer_;
};

absl::Status CheckSizes(std::string_view key, std::string_view info, size_t output_bytes) {
  if (key.empty()) return absl::InvalidArgumentError("HKDF: the input key is empty");
  if (info.size() > kHkdfInfoBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("HKDF: info is ", info.size(), " bytes, at most ", kHkdfInfoBytesMax));
  if (output_bytes == 0 || output_bytes > kHkdfOutputBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("HKDF: ", output_bytes, " bytes of output asked for, 1..", kHkdfOutputBytesMax));
  return absl::OkStatus();
}

// RFC 5869 §2.3.
absl::StatusOr<SecretBytes> Expand(std::string_view pseudorandom_key, std::string_view info, size_t output_bytes) {
  absl::StatusOr<SecretBytes> output = SecretBytes::Zeroed(output_bytes);
  if (!output.ok()) return output;
  const HmacSha512 hmac(pseudorandom_key);
  std::array<char, kDigestBytes> block{};
  std::string_view before;
  char count = 0;
  for (size_t done = 0; done < output_bytes; done += kDigestBytes) {
    ++count;
    hmac.Of(before, info, {&count, 1}, block.data());
    before = {block.data(), block.size()};
    std::copy_n(block.begin(), std::min(kDigestBytes, output_bytes - done), output->ExposeMutable() + done);
  }
  Sha512Of({}, block.data());  // over what the thread's context has of the last block, which is a key
  Wipe(block.data(), block.size());
  return output;
}

}  // namespace

absl::StatusOr<SecretBytes> HkdfExpand(const SecretBytes& key, std::string_view info, size_t output_bytes) {
  if (absl::Status fit = CheckSizes(key.Expose(), info, output_bytes); !fit.ok()) return fit;
  return Expand(key.Expose(), info, output_bytes);
}

absl::StatusOr<SecretBytes> Hkdf(std::string_view key, std::string_view salt, std::string_view info, size_t output_bytes) {
  if (absl::Status fit = CheckSizes(key, info, output_bytes); !fit.ok()) return fit;
  std::array<char, kDigestBytes> pseudorandom_key{};
  HmacSha512(salt).Of(key, {}, {}, pseudorandom_key.data());
  absl::StatusOr<SecretBytes> output = Expand({pseudorandom_key.data(), pseudorandom_key.size()}, info, output_bytes);
  Wipe(pseudorandom_key.data(), pseudorandom_key.size());
  return output;
}

}  // namespace otokura::crypto
