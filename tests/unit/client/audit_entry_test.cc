#include "client/audit_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/commitment.h"

namespace otokura::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AuditEntryTest : public ::testing::Test {
 protected:
  AuditEntryTest() {
    leaf_.set_version(1);
    leaf_.set_sequence(7);
    leaf_.set_action(v1::LISTEN);
    v1::CommittedValue* const account = listed_.mutable_details()->mutable_account();
    account->set_salt(std::string(crypto::kCommitmentSaltBytes, 's'));
    account->set_value("hanako");
    leaf_.set_account_commitment(crypto::Commit("account", account->salt(), account->value()));
    leaf_.set_reference_commitment(crypto::Commit("reference", std::string(crypto::kCommitmentSaltBytes, 'r'), "CASE-1"));
  }
  absl::StatusOr<AuditEntry> Read() {
    listed_.set_leaf(leaf_.SerializeAsString());
    return ReadAuditEntry(listed_.leaf(), listed_.details());
  }
  v1::AuditEntry leaf_;
  v1::ListedEntry listed_;
};

TEST_F(AuditEntryTest, ShowsWhatOpensAndNamesWhatWasPruned) {
  const auto entry = Read();
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->account, "hanako");
  EXPECT_EQ(entry->action, "LISTEN");
  EXPECT_THAT(entry->closed, ElementsAre("reference"));
  listed_.clear_details();
  EXPECT_THAT(Read()->closed, ElementsAre("account", "reference"));
  EXPECT_EQ(Read()->account, "");
}

TEST_F(AuditEntryTest, I7_AGatewayCannotShowWhatTheLeafDoesNotCommitTo) {
  listed_.mutable_details()->mutable_account()->set_value("somebody-else");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kDataLoss);
  listed_.mutable_details()->mutable_account()->set_value("hanako");
  listed_.mutable_details()->mutable_account()->set_salt("short");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kDataLoss);
  listed_.clear_details();
  listed_.mutable_details()->mutable_company()->set_value("made up");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(AuditEntryTest, ANewerVersionIsNotGuessedAt) {
  leaf_.set_version(2);
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace otokura::client
