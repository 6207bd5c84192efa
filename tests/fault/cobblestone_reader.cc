#include "tests/fault/cobblestone_reader.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace otokura::fault {
namespace {

constexpr size_t kSaltBytes = 24;
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kDerivedBytes = kKeyBytes + kNonceBytes + 32;
constexpr std::string_view kLabel("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", 48);

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// RFC 5869 §2.3 with SHA-512.
std::string HkdfExpand(std::string_view key, std::string_view info, size_t length) {
  std::string okm;
  std::string block;
  for (unsigned char i = 1; okm.size() < length; ++i) {
    std::string input = block;
    input += info;
    input += static_cast<char>(i);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_length = 0;
    HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), Bytes(input), input.size(), mac, &mac_length);
    block.assign(reinterpret_cast<char*>(mac), mac_length);
    okm += block;
  }
  return okm.substr(0, length);
}

std::string Nonce(std::string_view base, uint64_t index) {
  std::string nonce(base);
  for (size_t i = 0; i < 8; ++i)
    nonce[kNonceBytes - 1 - i] = static_cast<char>(nonce[kNonceBytes - 1 - i] ^ static_cast<char>(index >> (8 * i)));
  return nonce;
}

bool OpenChunk(std::string_view key, std::string_view nonce, std::string_view sealed, std::string* plaintext) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const std::string_view ciphertext = sealed.substr(0, sealed.size() - kReaderTagBytes);
  std::string tag(sealed.substr(ciphertext.size()));
  std::string opened(ciphertext.size() + 1, '\0');
  int length = 0;
  if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) != 1) return false;
  if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kReaderTagBytes, tag.data()) != 1) return false;
  auto* const out = reinterpret_cast<unsigned char*>(opened.data());
  if (EVP_DecryptUpdate(context.get(), out, &length, Bytes(ciphertext), static_cast<int>(ciphertext.size())) != 1) return false;
  if (EVP_DecryptFinal_ex(context.get(), out + length, &length) != 1) return false;
  plaintext->append(opened, 0, ciphertext.size());
  return true;
}

}  // namespace

std::optional<std::string> OpenMessage(std::string_view key, std::string_view context, std::string_view message, MessageEnd end) {
  if (key.size() != kKeyBytes || message.size() < kReaderHeaderBytes) return std::nullopt;
  std::string info(kLabel);
  info += message.substr(0, kSaltBytes);
  info += context;
  const std::string derived = HkdfExpand(key, info, kDerivedBytes);
  const std::string_view aead_key = std::string_view(derived).substr(0, kKeyBytes);
  const std::string_view base_nonce = std::string_view(derived).substr(kKeyBytes, kNonceBytes);
  if (std::string_view(derived).substr(kKeyBytes + kNonceBytes) != message.substr(kSaltBytes, kReaderHeaderBytes - kSaltBytes))
    return std::nullopt;
  std::string plaintext;
  std::string_view rest = message.substr(kReaderHeaderBytes);
  uint64_t index = 0;
  while (rest.size() >= kReaderChunkBytes + kReaderTagBytes) {
    if (!OpenChunk(aead_key, Nonce(base_nonce, index++), rest.substr(0, kReaderChunkBytes + kReaderTagBytes), &plaintext))
      return std::nullopt;
    rest.remove_prefix(kReaderChunkBytes + kReaderTagBytes);
  }
  if (end == MessageEnd::kPrefix) return rest.empty() ? std::optional(plaintext) : std::nullopt;
  if (rest.size() < kReaderTagBytes || !OpenChunk(aead_key, Nonce(base_nonce, index), rest, &plaintext)) return std::nullopt;
  return plaintext;
}

}  // namespace otokura::fault
