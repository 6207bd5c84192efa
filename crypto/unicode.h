// The little of Unicode that normalisation and signed notes need.
#ifndef OTOKURA_CRYPTO_UNICODE_H_
#define OTOKURA_CRYPTO_UNICODE_H_

#include <optional>
#include <string>
#include <string_view>

namespace otokura::crypto {

// The code points of well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates), or nothing.
std::optional<std::u32string> DecodeUtf8(std::string_view bytes);
// `code_point` must be one that DecodeUtf8 can return.
void AppendUtf8(char32_t code_point, std::string* out);

// The property White_Space.
bool IsUnicodeSpace(char32_t code_point);
// U+0000..U+001F, U+007F..U+009F.
bool IsControl(char32_t code_point);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_UNICODE_H_
