// Reading the texts of transparency logs line by line.
#ifndef OTOKURA_CRYPTO_TLOG_LINES_H_
#define OTOKURA_CRYPTO_TLOG_LINES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace otokura::crypto {

// Cuts one line off, without its newline; nothing where there is none.
std::optional<std::string_view> TakeLine(std::string_view* text);
// Lines of 32 bytes in base64, and the blank line that ends them. Nothing where a line is anything else, or there are more than
// `hashes_max`.
std::optional<std::vector<std::string>> TakeHashLines(std::string_view* text, size_t hashes_max);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_LINES_H_
