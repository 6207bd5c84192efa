// Random bytes that need not be secret (salts are drawn inside the sealers; ids, tokens and salts of commitments come from here).
#ifndef OTOKURA_CRYPTO_RANDOM_H_
#define OTOKURA_CRYPTO_RANDOM_H_

#include <cstddef>
#include <string>

namespace otokura::crypto {

// OpenSSL's generator; aborts the process if it fails, because nothing may go on with predictable bytes.
std::string RandomBytes(size_t bytes);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_RANDOM_H_
