#include "crypto/random.h"

#include <openssl/rand.h>

#include "crypto/openssl_ptr.h"

namespace otokura::crypto {

std::string RandomBytes(size_t bytes) {
  std::string out(bytes, '\0');
  AbortUnless(RAND_bytes_ex(nullptr, MutableBytes(out), bytes, 0) == 1, "random generation");
  return out;
}

}  // namespace otokura::crypto
