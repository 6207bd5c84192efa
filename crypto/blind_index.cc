#include "crypto/blind_index.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/hkdf.h"
#include "crypto/sha256.h"
#include "crypto/unicode.h"

namespace otokura::crypto {
namespace {

constexpr size_t kTypedBytesMax = 1024;  // before normalisation: room for full-width forms and generous spacing
constexpr size_t kCallerDigitsMin = 3;   // emergency and service numbers
constexpr size_t kCallerDigitsMax = 15;  // ITU-T E.164
constexpr size_t kPensionDigits = 10;
constexpr size_t kAgentBytesMax = 64;
constexpr size_t kCallIdBytesMax = 128;

bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }

// What people type where a hyphen belongs: the dashes, the minus signs, the box-drawing line, and the long-vowel marks of Japanese
// keyboards. The full-width hyphen-minus has become '-' before this is asked.
bool IsHyphen(char32_t c) {
  return c == U'-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2043 || c == 0x2212 || c == 0x2500 || c == 0x30FC || c == 0xFE58 ||
         c == 0xFE63 || c == 0xFF70;
}

char32_t NarrowFullWidth(char32_t c) {
  constexpr char32_t kFullWidthOffset = 0xFEE0;
  if (c >= 0xFF01 && c <= 0xFF5E) return c - kFullWidthOffset;
  return c == 0x3000 ? U' ' : c;
}

std::u32string WithoutSpacesAndHyphens(std::u32string_view text) {
  std::u32string kept;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept), [](char32_t c) { return !IsUnicodeSpace(c) && !IsHyphen(c); });
  return kept;
}

std::u32string_view Trimmed(std::u32string_view text) {
  while (!text.empty() && IsUnicodeSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsUnicodeSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::string ToUtf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) AppendUtf8(c, &out);
  return out;
}

absl::StatusOr<std::string> NormaliseCallerNumber(std::u32string_view text) {
  std::u32string number = WithoutSpacesAndHyphens(text);
  std::erase(number, U'.');
  const bool international = number.starts_with(U'+') || number.starts_with(U"(+");
  // "+44 (0)20…": the zero in parentheses is dialled only inside the country.
  if (const size_t trunk = number.find(U"(0)"); international && trunk != std::u32string::npos) number.erase(trunk, 3);
  std::erase_if(number, [](char32_t c) { return c == U'(' || c == U')'; });
  if (number.starts_with(U"+81")) {
    // No Japanese number begins with a zero after the country code, so one that is there is the trunk zero.
    number.erase(0, number.size() > 3 && number[3] == U'0' ? 4 : 3);
    number.insert(0, 1, U'0');
  }
  const std::u32string_view digits = std::u32string_view(number).substr(number.starts_with(U'+') ? 1 : 0);
  if (digits.size() < kCallerDigitsMin || digits.size() > kCallerDigitsMax || !std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return absl::InvalidArgumentError(absl::StrCat("caller number: expected ", kCallerDigitsMin, " to ", kCallerDigitsMax,
                                                   " digits, with spaces, hyphens, dots, parentheses and a leading + at will"));
  }
  return ToUtf8(number);
}

absl::StatusOr<std::string> NormalisePensionNumber(std::u32string_view text) {
  const std::u32string digits = WithoutSpacesAndHyphens(text);
  if (digits.size() != kPensionDigits || !std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return absl::InvalidArgumentError("basic pension number: expected exactly ten digits, with spaces and hyphens at will");
  }
  return ToUtf8(digits);
}

absl::StatusOr<std::string> CheckText(const char* field, std::u32string_view text, size_t bytes_max) {
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": control characters are not allowed"));
  }
  std::string utf8 = ToUtf8(text);
  if (utf8.empty() || utf8.size() > bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": ", utf8.size(), " bytes, expected 1..", bytes_max));
  }
  return utf8;
}

absl::StatusOr<std::string> NormaliseAgent(std::u32string_view text) {
  std::u32string collapsed;
  for (char32_t c : Trimmed(text)) {
    if (IsUnicodeSpace(c)) {
      if (collapsed.back() != U' ') collapsed.push_back(U' ');
    } else {
      collapsed.push_back(c >= U'A' && c <= U'Z' ? c + (U'a' - U'A') : c);
    }
  }
  return CheckText("agent", collapsed, kAgentBytesMax);
}

}  // namespace

absl::StatusOr<std::string> Normalise(IndexField field, std::string_view value) {
  if (value.size() > kTypedBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("personal field: ", value.size(), " bytes, at most ", kTypedBytesMax));
  }
  std::optional<std::u32string> decoded = DecodeUtf8(value);
  if (!decoded) return absl::InvalidArgumentError("personal field: not UTF-8");
  std::transform(decoded->begin(), decoded->end(), decoded->begin(), NarrowFullWidth);
  switch (field) {
    case IndexField::kCallerNumber:
      return NormaliseCallerNumber(*decoded);
    case IndexField::kBasicPensionNumber:
      return NormalisePensionNumber(*decoded);
    case IndexField::kAgent:
      return NormaliseAgent(*decoded);
    case IndexField::kCallId:
      return CheckText("call id", Trimmed(*decoded), kCallIdBytesMax);
    case IndexField::kCallIdentity:
      break;
  }
  return absl::InvalidArgumentError("personal field: not one that people type");
}

BlindIndex::BlindIndex(std::array<SecretBytes, 5> field_keys) : field_keys_(std::move(field_keys)) {}

absl::StatusOr<BlindIndex> BlindIndex::Create(const SecretBytes& epoch_key) {
  std::array<SecretBytes, 5> field_keys;
  for (size_t i = 0; i < field_keys.size(); ++i) {
    std::string info("otokura/v1/index\0", 17);
    info.push_back(static_cast<char>(i + 1));
    absl::StatusOr<SecretBytes> field_key = HkdfExpand(epoch_key, info, kSha256Bytes);
    if (!field_key.ok()) return field_key.status();
    field_keys[i] = *std::move(field_key);
  }
  return BlindIndex(std::move(field_keys));
}

std::string BlindIndex::Tag(IndexField field, std::string_view normalised) const {
  std::string tag = HmacSha256(field_keys_[static_cast<size_t>(field) - 1], normalised);
  tag.resize(kIndexTagBytes);
  return tag;
}

}  // namespace otokura::crypto
