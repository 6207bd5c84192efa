#include "tests/integration/marked_data.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "crypto/sha256.h"
#include "crypto/unicode.h"

namespace otokura::integration {
namespace {

constexpr size_t kBytesMin = 4;  // what is shorter is found by chance

std::string Digits(const std::u32string& text) {
  std::string digits;
  for (const char32_t c : text) {
    if (c >= U'0' && c <= U'9') digits.push_back(static_cast<char>(c));
    if (c >= U'\uFF10' && c <= U'\uFF19') digits.push_back(static_cast<char>('0' + (c - U'\uFF10')));
  }
  return digits;
}

std::string FullWidth(const std::u32string& text) {
  std::string wide;
  for (const char32_t c : text) crypto::AppendUtf8(c > 0x20 && c < 0x7F ? c + 0xFEE0 : c, &wide);
  return wide;
}

std::string Narrow(const std::u32string& text) {
  std::string narrow;
  for (const char32_t c : text) crypto::AppendUtf8(c >= 0xFF01 && c <= 0xFF5E ? c - 0xFEE0 : c, &narrow);
  return narrow;
}

std::string Utf16(const std::u32string& text, bool big_endian) {
  std::string units;
  for (const char32_t c : text) {
    const char low = static_cast<char>(c & 0xFF), high = static_cast<char>((c >> 8) & 0xFF);
    units.push_back(big_endian ? high : low);
    units.push_back(big_endian ? low : high);
  }
  return units;
}

std::string Varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<char>(number | 0x80));
  bytes.push_back(static_cast<char>(number));
  return bytes;
}

std::string Integer(uint64_t number, int width, bool big_endian) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(number >> (8 * (big_endian ? width - 1 - i : i))));
  return bytes;
}

// What of the base64 of a longer text depends on `value` alone, where it begins `shift` bytes into a group of three.
std::string InBase64(const std::string& value, size_t shift, bool web_safe) {
  const std::string whole = std::string(shift, 'x') + value;
  const std::string text = web_safe ? absl::WebSafeBase64Escape(whole) : absl::Base64Escape(whole);
  const size_t from = (shift * 8 + 5) / 6, to = whole.size() * 8 / 6;
  return text.substr(from, to - from);
}

}  // namespace

std::vector<std::string> Marks::All() const {
  return {call_id,
          caller_number,
          pension_number,
          agent,
          notes,
          purpose,
          reference,
          reason,
          person,
          company,
          contract,
          unknown_id,
          centre,
          queue,
          retention_class,
          page_token,
          operator_account,
          supervisor_account,
          contractor_account,
          auditor_account,
          recorder_account,
          stranger_account,
          officer_account};
}

void MarkSearch::Add(const std::string& mark, const std::string& how, std::string bytes) {
  if (bytes.size() >= kBytesMin) dresses_.push_back({mark, how, std::move(bytes)});
}

void MarkSearch::AddCodings(const std::string& mark, const std::string& how, const std::string& value) {
  Add(mark, how, value);
  Add(mark, how + ", hex", absl::BytesToHexString(value));
  Add(mark, how + ", upper-case hex", absl::AsciiStrToUpper(absl::BytesToHexString(value)));
  Add(mark, how + ", SHA-256", crypto::Sha256(value));
  Add(mark, how + ", SHA-256 in hex", absl::BytesToHexString(crypto::Sha256(value)));
  for (size_t shift = 0; shift < 3; ++shift) {
    Add(mark, absl::StrCat(how, ", base64 + ", shift), InBase64(value, shift, false));
    Add(mark, absl::StrCat(how, ", web-safe base64 + ", shift), InBase64(value, shift, true));
  }
  if (const auto text = crypto::DecodeUtf8(value)) {
    Add(mark, how + ", UTF-16LE", Utf16(*text, false));
    Add(mark, how + ", UTF-16BE", Utf16(*text, true));
  }
}

MarkSearch::MarkSearch(const std::vector<std::string>& marks) {
  for (const std::string& mark : marks) {
    const std::u32string text = *crypto::DecodeUtf8(mark);
    const std::string narrow = Narrow(text);
    std::set<std::string> values = {mark,
                                    narrow,
                                    FullWidth(text),
                                    absl::AsciiStrToLower(narrow),
                                    absl::AsciiStrToUpper(narrow),
                                    absl::StrReplaceAll(narrow, {{"-", ""}, {" ", ""}})};
    if (const std::string digits = Digits(text); digits.size() >= 8) {
      values.insert({digits, digits.substr(1), "+81" + digits.substr(1), FullWidth(*crypto::DecodeUtf8(digits)),
                     absl::StrCat(digits.substr(0, 3), "-", digits.substr(3, 4), "-", digits.substr(7)),
                     absl::StrCat(digits.substr(0, 4), "-", digits.substr(4))});
      uint64_t number = 0;
      if (absl::SimpleAtoi(digits, &number)) {
        Add(mark, "varint", Varint(number));
        for (const bool big_endian : {false, true}) Add(mark, "integer", Integer(number, 5, big_endian));
      }
    }
    for (const std::string& value : values) AddCodings(mark, absl::StrCat("'", value, "'"), value);
  }
}

std::optional<std::string> MarkSearch::Find(std::string_view bytes) const {
  for (const Dress& dress : dresses_) {
    if (bytes.find(dress.bytes) != std::string_view::npos) return absl::StrCat(dress.mark, " as ", dress.how);
  }
  return std::nullopt;
}

}  // namespace otokura::integration
