#include "crypto/unicode.h"

#include <cstdint>

namespace otokura::crypto {
namespace {

struct Lead {
  size_t continuation_bytes;
  char32_t bits;     // of the lead byte itself
  char32_t minimum;  // below it the form is overlong
};

std::optional<Lead> ReadLead(uint8_t byte) {
  if (byte < 0x80) return Lead{0, byte, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return Lead{1, byte & 0x1Fu, 0x80};
  if (byte >= 0xE0 && byte <= 0xEF) return Lead{2, byte & 0x0Fu, 0x800};
  if (byte >= 0xF0 && byte <= 0xF4) return Lead{3, byte & 0x07u, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<std::u32string> DecodeUtf8(std::string_view bytes) {
  std::u32string code_points;
  code_points.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const std::optional<Lead> lead = ReadLead(static_cast<uint8_t>(bytes[i++]));
    if (!lead || bytes.size() - i < lead->continuation_bytes) return std::nullopt;
    char32_t code_point = lead->bits;
    for (size_t n = 0; n < lead->continuation_bytes; ++n) {
      const uint8_t byte = static_cast<uint8_t>(bytes[i++]);
      if ((byte & 0xC0) != 0x80) return std::nullopt;
      code_point = (code_point << 6) | (byte & 0x3Fu);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < lead->minimum || code_point > 0x10FFFF || surrogate) return std::nullopt;
    code_points.push_back(code_point);
  }
  return code_points;
}

void AppendUtf8(char32_t code_point, std::string* out) {
  const auto append = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    append(code_point);
    return;
  }
  if (code_point < 0x800) {
    append(0xC0 | (code_point >> 6));
  } else {
    if (code_point < 0x10000) {
      append(0xE0 | (code_point >> 12));
    } else {
      append(0xF0 | (code_point >> 18));
      append(0x80 | ((code_point >> 12) & 0x3F));
    }
    append(0x80 | ((code_point >> 6) & 0x3F));
  }
  append(0x80 | (code_point & 0x3F));
}

bool IsUnicodeSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

}  // namespace otokura::crypto
