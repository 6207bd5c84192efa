#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/commitment.h"
#include "server/audit/commitments.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Particulars Everything() {
  return {"yamada.hanako",  "person-4711",      "Example Partner KK", std::string(64, 'c'), "ipv4:192.0.2.7:50123",
          "CASE-2025-0042", "left the company", "target-account",     "contract-2025",      "supervisor.taro"};
}

TEST(CommitmentsTest, I7_EveryValueOpensItsCommitmentAndNoOther) {
  v1::AuditEntry leaf;
  v1::AuditDetails details;
  CommitTo(Everything(), &leaf, &details);
  EXPECT_EQ(details.version(), kDetailsVersion);
  EXPECT_TRUE(CheckDetails(leaf, details).ok());

  const std::vector<std::pair<std::string, v1::CommittedValue* (v1::AuditDetails::*)()>> fields = {
      {"account", &v1::AuditDetails::mutable_account},   {"person", &v1::AuditDetails::mutable_person},
      {"company", &v1::AuditDetails::mutable_company},   {"certificate", &v1::AuditDetails::mutable_certificate},
      {"address", &v1::AuditDetails::mutable_address},   {"reference", &v1::AuditDetails::mutable_reference},
      {"reason", &v1::AuditDetails::mutable_reason},     {"target", &v1::AuditDetails::mutable_target},
      {"contract", &v1::AuditDetails::mutable_contract}, {"approver", &v1::AuditDetails::mutable_approver}};
  for (const auto& [name, field] : fields) {
    v1::AuditDetails changed = details;
    (changed.*field)()->mutable_value()->back() ^= 1;
    const absl::Status value = CheckDetails(leaf, changed);
    EXPECT_EQ(value.code(), absl::StatusCode::kDataLoss) << name;
    EXPECT_THAT(std::string(value.message()), HasSubstr(name));

    changed = details;
    (changed.*field)()->mutable_salt()->back() ^= 1;
    EXPECT_EQ(CheckDetails(leaf, changed).code(), absl::StatusCode::kDataLoss) << name;
  }
  v1::AuditDetails swapped = details;
  swapped.mutable_account()->Swap(swapped.mutable_person());
  EXPECT_EQ(CheckDetails(leaf, swapped).code(), absl::StatusCode::kDataLoss) << "a value must not pass for another field's";
}

TEST(CommitmentsTest, CommitmentsAreThoseOfTheFormatDocument) {
  v1::AuditEntry leaf;
  v1::AuditDetails details;
  CommitTo(Everything(), &leaf, &details);
  EXPECT_EQ(leaf.account_commitment(), crypto::Commit("account", details.account().salt(), "yamada.hanako"));
  EXPECT_EQ(leaf.target_commitment(), crypto::Commit("target", details.target().salt(), "target-account"));
}

TEST(CommitmentsTest, TheSameValueTwiceLooksDifferent) {
  v1::AuditEntry first, second;
  v1::AuditDetails first_details, second_details;
  CommitTo(Everything(), &first, &first_details);
  CommitTo(Everything(), &second, &second_details);
  EXPECT_NE(first.account_commitment(), second.account_commitment());
  EXPECT_NE(first_details.account().salt(), first_details.person().salt());
  EXPECT_EQ(first_details.account().salt().size(), crypto::kCommitmentSaltBytes);
}

TEST(CommitmentsTest, WhatIsEmptyIsLeftOutAndWhatWasPrunedIsNoError) {
  v1::AuditEntry leaf;
  leaf.set_reason_commitment("put there by a careless caller");
  v1::AuditDetails details;
  Particulars only_account;
  only_account.account = "yamada";
  CommitTo(only_account, &leaf, &details);
  EXPECT_TRUE(leaf.reason_commitment().empty());
  EXPECT_FALSE(details.has_reason());
  EXPECT_FALSE(leaf.account_commitment().empty());
  details.clear_account();
  EXPECT_TRUE(CheckDetails(leaf, details).ok());
  details.mutable_reason()->set_value("smuggled in");
  EXPECT_EQ(CheckDetails(leaf, details).code(), absl::StatusCode::kDataLoss) << "a value without a commitment is not the leaf's";
}

TEST(CommittableTest, CutsAtACharacter) {
  EXPECT_EQ(Committable(std::string(256, 'x')).size(), 256u);
  EXPECT_EQ(Committable(std::string(257, 'x')).size(), 256u);
  const std::string kura = "\xE8\x94\xB5";  // three bytes: 85 of them are 255
  std::string many;
  for (int i = 0; i < 100; ++i) many += kura;
  EXPECT_EQ(Committable(many), many.substr(0, 255));
}

TEST(CommittableTest, BytesThatAreNoUtf8DoNotMakeDetailsUnreadable) {
  EXPECT_EQ(Committable("a\xFFz"), "a?z");
  v1::AuditEntry leaf;
  v1::AuditDetails details;
  Particulars mangled;
  mangled.reference = "\xC3\x28";
  mangled.reason = std::string(300, '\xFE');
  CommitTo(mangled, &leaf, &details);
  v1::AuditDetails parsed;
  ASSERT_TRUE(parsed.ParseFromString(details.SerializeAsString()));
  EXPECT_TRUE(CheckDetails(leaf, parsed).ok());
}

TEST(CommitmentsTest, I1_NoParticularIsInTheLeaf) {
  v1::AuditEntry leaf;
  v1::AuditDetails details;
  const Particulars particulars = Everything();
  CommitTo(particulars, &leaf, &details);
  const std::string bytes = leaf.SerializeAsString();
  for (const std::string& value :
       {particulars.account, particulars.person, particulars.company, particulars.certificate, particulars.address, particulars.reference,
        particulars.reason, particulars.target, particulars.contract, particulars.approver}) {
    EXPECT_THAT(bytes, Not(HasSubstr(value)));
  }
}

}  // namespace
}  // namespace otokura::audit
