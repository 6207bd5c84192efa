#include "crypto/sha256.h"

#include <algorithm>
#include <array>

#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

constexpr char kInnerPad = 0x36;
constexpr char kOuterPad = 0x5c;

// Fetched once: looking an algorithm up costs more than hashing a tree node. Never freed.
const EVP_MD* Algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  AbortUnless(algorithm != nullptr, "SHA-256");
  return algorithm;
}

}  // namespace

std::string Sha256(std::string_view data) {
  std::string digest(kSha256Bytes, '\0');
  Sha256Of({data}, digest.data());
  return digest;
}

void Sha256Of(std::initializer_list<std::string_view> parts, char* digest) {
  // Kept a thread: making a context costs more than hashing two nodes.
  thread_local const DigestContextPtr context(EVP_MD_CTX_new());
  bool done = context != nullptr && EVP_DigestInit_ex(context.get(), Algorithm(), nullptr) == 1;
  for (const std::string_view part : parts) done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  AbortUnless(done && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest), nullptr) == 1, "SHA-256");
}

// As FIPS 198-1 writes it, over Sha256Of: the library's own call looks its algorithm up each time, which takes five times as long.
std::string HmacSha256(const SecretBytes& key, std::string_view data) {
  constexpr size_t kBlockBytes = 64;
  std::array<char, kBlockBytes> block{};
  if (key.size() > kBlockBytes) {
    Sha256Of({key.Expose()}, block.data());
  } else {
    std::copy(key.Expose().begin(), key.Expose().end(), block.begin());
  }
  const auto pad_with = [&block](char before, char now) {
    for (char& byte : block) byte = static_cast<char>(byte ^ before ^ now);
  };
  const std::string_view padded(block.data(), block.size());
  std::string mac(kSha256Bytes, '\0');
  pad_with(0, kInnerPad);
  Sha256Of({padded, data}, mac.data());
  pad_with(kInnerPad, kOuterPad);
  Sha256Of({padded, mac}, mac.data());
  Wipe(block.data(), block.size());
  return mac;
}

struct Sha256Stream::State {
  DigestContextPtr context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  state_->context.reset(EVP_MD_CTX_new());
  AbortUnless(state_->context != nullptr && EVP_DigestInit_ex(state_->context.get(), Algorithm(), nullptr) == 1, "SHA-256");
}

Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Update(std::string_view data) {
  AbortUnless(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1, "SHA-256");
}

std::string Sha256Stream::Digest() const {
  const DigestContextPtr copy(EVP_MD_CTX_new());
  std::string digest(kSha256Bytes, '\0');
  AbortUnless(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()) == 1 &&
                  EVP_DigestFinal_ex(copy.get(), MutableBytes(digest), nullptr) == 1,
              "SHA-256");
  return digest;
}

}  // namespace otokura::crypto
