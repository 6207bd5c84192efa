// Base64 as the formats of C2SP use it: RFC 4648 §4, padded, and only the one encoding of its bytes.
#ifndef OTOKURA_CRYPTO_BASE64_H_
#define OTOKURA_CRYPTO_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace otokura::crypto {

// Nothing where `text` is not the standard encoding of its bytes.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_BASE64_H_
