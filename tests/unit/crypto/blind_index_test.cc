#include "crypto/blind_index.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "crypto/unicode.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

constexpr IndexField kAllFields[] = {IndexField::kCallerNumber, IndexField::kBasicPensionNumber, IndexField::kAgent, IndexField::kCallId,
                                     IndexField::kCallIdentity};

TEST(BlindIndex, OneValueHasOneTagInOneFieldOfOneEpoch) {
  const BlindIndex index = *BlindIndex::Create(KeyOf('a'));
  const BlindIndex same = *BlindIndex::Create(KeyOf('a'));
  const BlindIndex next_epoch = *BlindIndex::Create(KeyOf('b'));
  std::set<std::string> tags;
  for (const IndexField field : kAllFields) {
    EXPECT_EQ(index.Tag(field, "1234567890").size(), kIndexTagBytes);
    EXPECT_EQ(index.Tag(field, "1234567890"), same.Tag(field, "1234567890"));
    tags.insert({index.Tag(field, "1234567890"), next_epoch.Tag(field, "1234567890"), index.Tag(field, "1234567891")});
  }
  EXPECT_EQ(tags.size(), 15u);
}

TEST(Normalise, WhatPeopleTypeForOneNumberIsOneValue) {
  for (const std::string_view typed : {"03-1234-5678", "０３（１２３４）５６７８", "+81 (0)3-1234-5678", "+81 3 1234 5678",
                                       "(+81)3 1234 5678", "０３―１２３４―５６７８", "03.1234.5678", "０３ー１２３４ー５６７８"}) {
    absl::StatusOr<std::string> normalised = Normalise(IndexField::kCallerNumber, typed);
    ASSERT_TRUE(normalised.ok()) << typed << ": " << normalised.status();
    EXPECT_EQ(*normalised, "0312345678") << typed;
  }
}

TEST(Normalise, IsItsOwnFixedPoint) {
  for (const auto& [field, typed] : {std::pair(IndexField::kCallerNumber, "+44 (0)20 7946 0000"),
                                     {IndexField::kCallerNumber, "+81 90 1234 5678"},
                                     {IndexField::kBasicPensionNumber, "１２３４－５６７８９０"},
                                     {IndexField::kAgent, "　Ｔａｎａｋａ  ＴＡＲＯ"},
                                     {IndexField::kCallId, " Call 1 "}}) {
    const std::string once = *Normalise(field, typed);
    EXPECT_EQ(*Normalise(field, once), once);
  }
}

TEST(Normalise, I1_ARefusalDoesNotRepeatTheValue) {
  for (const IndexField field : kAllFields) {
    const absl::Status status = Normalise(field, "98765432109876543210\x01 secret").status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status.message().find("9876"), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find("secret"), absl::string_view::npos) << status;
  }
}

TEST(Normalise, I10_OversizedInputIsRefused) {
  EXPECT_TRUE(Normalise(IndexField::kCallerNumber, std::string(1014, ' ') + "0312345678").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Normalise(IndexField::kCallerNumber, std::string(1015, ' ') + "0312345678").status()));
}

TEST(Unicode, EveryCodePointSurvivesEncodingAndDecoding) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; code_point += code_point < 0x3000 ? 1 : 61) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string utf8;
    AppendUtf8(code_point, &utf8);
    ASSERT_EQ(DecodeUtf8(utf8), std::u32string(1, code_point)) << static_cast<uint32_t>(code_point);
  }
}

TEST(Unicode, IllFormedUtf8IsRefused) {
  for (const std::string_view bytes : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                                       "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE3\x80", "\xE3", "a\xE3\x28\x80"}) {
    EXPECT_FALSE(DecodeUtf8(bytes).has_value()) << testing::PrintToString(std::string(bytes));
  }
}

}  // namespace
}  // namespace otokura::crypto
