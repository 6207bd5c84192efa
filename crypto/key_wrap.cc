#include "crypto/key_wrap.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

constexpr size_t kWrapBlockBytes = 8;
constexpr size_t kWrapPlaintextBytesMax = 4096;  // ours are 49 bytes; published vectors 384
constexpr size_t kWrappedBytesMax = kWrapPlaintextBytesMax + kWrapBlockBytes;
constexpr size_t kPayloadBytes = 1 + kOwnerIdBytes + kKeyBytes;

absl::StatusOr<const EVP_CIPHER*> WrapCipher(size_t key_bytes) {
  static EVP_CIPHER* const wrap_128 = EVP_CIPHER_fetch(nullptr, "AES-128-WRAP-PAD", nullptr);
  static EVP_CIPHER* const wrap_192 = EVP_CIPHER_fetch(nullptr, "AES-192-WRAP-PAD", nullptr);
  static EVP_CIPHER* const wrap_256 = EVP_CIPHER_fetch(nullptr, "AES-256-WRAP-PAD", nullptr);
  switch (key_bytes) {
    case 16:
      return wrap_128;
    case 24:
      return wrap_192;
    case 32:
      return wrap_256;
    default:
      return absl::InvalidArgumentError(absl::StrCat("key-encryption key: ", key_bytes, " bytes, expected 16, 24 or 32"));
  }
}

absl::StatusOr<CipherContextPtr> WrapContext(std::string_view key, bool wrapping) {
  absl::StatusOr<const EVP_CIPHER*> cipher = WrapCipher(key.size());
  if (!cipher.ok()) return cipher.status();
  CipherContextPtr context(EVP_CIPHER_CTX_new());
  AbortUnless(*cipher != nullptr && context != nullptr, "AES key wrap");
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  AbortUnless(EVP_CipherInit_ex2(context.get(), *cipher, Bytes(key), nullptr, wrapping ? 1 : 0, nullptr) == 1, "AES key wrap");
  return context;
}

absl::Status CheckOwner(std::string_view owner_id) {
  if (owner_id.size() == kOwnerIdBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("owner id: ", owner_id.size(), " bytes, expected ", kOwnerIdBytes));
}

}  // namespace

absl::StatusOr<std::string> Rfc5649Wrap(std::string_view key, std::string_view plaintext) {
  if (plaintext.empty() || plaintext.size() > kWrapPlaintextBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("key to wrap: ", plaintext.size(), " bytes, expected 1..", kWrapPlaintextBytesMax));
  }
  const ErrorQueueMark mark;
  absl::StatusOr<CipherContextPtr> context = WrapContext(key, /*wrapping=*/true);
  if (!context.ok()) return context.status();
  // Padded to whole blocks, and one block of integrity check.
  std::string wrapped((plaintext.size() + kWrapBlockBytes - 1) / kWrapBlockBytes * kWrapBlockBytes + kWrapBlockBytes, '\0');
  int written = 0;
  const int plaintext_bytes = static_cast<int>(plaintext.size());
  AbortUnless(EVP_EncryptUpdate(context->get(), MutableBytes(wrapped), &written, Bytes(plaintext), plaintext_bytes) == 1 &&
                  static_cast<size_t>(written) == wrapped.size(),
              "AES key wrap");
  return wrapped;
}

absl::StatusOr<SecretBytes> Rfc5649Unwrap(std::string_view key, std::string_view wrapped) {
  if (wrapped.size() < 2 * kWrapBlockBytes || wrapped.size() > kWrappedBytesMax || wrapped.size() % kWrapBlockBytes != 0) {
    return absl::DataLossError(absl::StrCat("wrapped key: ", wrapped.size(), " bytes, expected a multiple of 8 in 16..", kWrappedBytesMax));
  }
  const ErrorQueueMark mark;
  absl::StatusOr<CipherContextPtr> context = WrapContext(key, /*wrapping=*/false);
  if (!context.ok()) return context.status();
  absl::StatusOr<SecretBytes> padded = SecretBytes::Zeroed(wrapped.size());  // the library uses the whole length while it works
  if (!padded.ok()) return padded;
  int written = 0;
  if (EVP_DecryptUpdate(context->get(), padded->ExposeMutable(), &written, Bytes(wrapped), static_cast<int>(wrapped.size())) != 1 ||
      written <= 0) {
    return absl::DataLossError("wrapped key: the integrity check fails: another wrapping key, or changed bytes");
  }
  return SecretBytes::CopyOf(padded->Expose().substr(0, static_cast<size_t>(written)));
}

absl::StatusOr<std::string> WrapKey(const SecretBytes& key_encryption_key, KeyType type, std::string_view owner_id,
                                    const SecretBytes& key) {
  if (absl::Status owner = CheckOwner(owner_id); !owner.ok()) return owner;
  if (key_encryption_key.size() != kKeyBytes || key.size() != kKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat("key wrap: keys are ", kKeyBytes, " bytes"));
  }
  absl::StatusOr<SecretBytes> payload = SecretBytes::Zeroed(kPayloadBytes);
  if (!payload.ok()) return payload.status();
  uint8_t* const out = payload->ExposeMutable();
  out[0] = static_cast<uint8_t>(type);
  std::memcpy(out + 1, owner_id.data(), kOwnerIdBytes);
  std::memcpy(out + 1 + kOwnerIdBytes, key.Expose().data(), kKeyBytes);
  return Rfc5649Wrap(key_encryption_key.Expose(), payload->Expose());
}

absl::StatusOr<SecretBytes> UnwrapKey(const SecretBytes& key_encryption_key, KeyType type, std::string_view owner_id,
                                      std::string_view wrapped) {
  if (absl::Status owner = CheckOwner(owner_id); !owner.ok()) return owner;
  if (key_encryption_key.size() != kKeyBytes) return absl::InvalidArgumentError(absl::StrCat("key wrap: keys are ", kKeyBytes, " bytes"));
  absl::StatusOr<SecretBytes> payload = Rfc5649Unwrap(key_encryption_key.Expose(), wrapped);
  if (!payload.ok()) return payload;
  const std::string_view bytes = payload->Expose();
  if (bytes.size() != kPayloadBytes) return absl::DataLossError("wrapped key: the payload has another length than type, owner and key");
  if (bytes[0] != static_cast<char>(type)) {
    return absl::DataLossError(
        absl::StrCat("wrapped key: of type ", static_cast<uint8_t>(bytes[0]), ", expected ", static_cast<uint8_t>(type)));
  }
  if (bytes.substr(1, kOwnerIdBytes) != owner_id)
    return absl::DataLossError("wrapped key: it belongs to another owner; it was put in this place");
  return SecretBytes::CopyOf(bytes.substr(1 + kOwnerIdBytes));
}

}  // namespace otokura::crypto
