// Numbers as the texts of C2SP hold them: ASCII decimal, without sign and without leading zeros.
#ifndef OTOKURA_CRYPTO_TLOG_DECIMAL_H_
#define OTOKURA_CRYPTO_TLOG_DECIMAL_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace otokura::crypto {

// Nothing where `text` is anything else, or the number has more than 64 bits.
std::optional<uint64_t> ParseDecimal(std::string_view text);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_DECIMAL_H_
