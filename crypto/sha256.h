// SHA-256 and HMAC-SHA-256 (FIPS 180-4, FIPS 198-1), one shot and incremental.
#ifndef OTOKURA_CRYPTO_SHA256_H_
#define OTOKURA_CRYPTO_SHA256_H_

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr size_t kSha256Bytes = 32;

std::string Sha256(std::string_view data);
// The digest of these parts, one after another, into 32 bytes, which may be part of the input. Allocates nothing: trees hash millions of
// small inputs.
void Sha256Of(std::initializer_list<std::string_view> parts, char* digest);
std::string HmacSha256(const SecretBytes& key, std::string_view data);

// A running digest. Movable; one thread at a time. Failure of the library to hash aborts the process: there is nothing a caller could do.
class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  ~Sha256Stream();
  void Update(std::string_view data);
  std::string Digest() const;  // of all so far; the stream goes on

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_SHA256_H_
