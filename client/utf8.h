// Whether text is UTF-8, as protobuf's string fields must be.
#ifndef OTOKURA_CLIENT_UTF8_H_
#define OTOKURA_CLIENT_UTF8_H_

#include <string_view>

namespace otokura::client {

// Well-formed by RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_UTF8_H_
