// A log that lost entries: who can have it go on as another one, and with what proof.
#include "server/audit/reopening.h"
#include "tests/unit/audit/publisher_site.h"

namespace otokura::audit {
namespace {

using storage::Table;
using ::testing::HasSubstr;

// 5 entries published, 8 published; then the data folder of the 5 put back, and 2 entries more.
class ReopeningTest : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.Open();
    site_.LogMany(5);
    ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
    older_ = site_.publisher().newest()->note;
    const auto rows = site_.Rows();
    site_.LogMany(3);
    ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
    newest_ = site_.publisher().newest()->note;
    site_.Close();
    ASSERT_NO_FATAL_FAILURE(site_.PutBack(rows));
    ASSERT_NO_FATAL_FAILURE(Start());
    site_.LogMany(2, v1::LISTEN);
    EXPECT_FALSE(site_.publisher().Publish().ok());
  }
  void Start() {
    site_.Open();
    reopening_ = std::make_unique<Reopening>(&site_.engine().records(), &site_.committer(), &site_.publisher(), &clock_);
  }
  absl::StatusOr<Reopening::Answer> Ask(const std::string& checkpoint, const std::string& person) {
    return reopening_->Ask(checkpoint, person, DraftForTest(v1::LOG_REOPEN));
  }
  bool IsConfirmed() {
    const auto row = ReadReopening(site_.engine().records());
    EXPECT_TRUE(row.ok()) << row.status();
    return row.ok() && row->has_value();
  }

  PublisherSite site_;
  runtime::FakeClock clock_{kTestStart};
  std::unique_ptr<Reopening> reopening_;
  std::string older_, newest_;
};

TEST_F(ReopeningTest, I9_TakesTwoPersonsWhoAskForTheSame) {
  const auto first = Ask(newest_, "p-1");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->confirmed);
  EXPECT_EQ(first->lost_tree_size, 8u);
  EXPECT_EQ(first->common_tree_size, 5u) << "what was published before the older data folder was taken away";
  EXPECT_FALSE(Ask(newest_, "p-1")->confirmed) << "one person with two accounts, or twice";
  EXPECT_FALSE(IsConfirmed());
  EXPECT_TRUE(Ask(newest_, "p-2")->confirmed);
  EXPECT_TRUE(IsConfirmed());
  EXPECT_EQ(Ask(newest_, "p-1").status().code(), absl::StatusCode::kFailedPrecondition) << "once";
}

TEST_F(ReopeningTest, AProposalDiesWithItsDayAndWithTheGateway) {
  ASSERT_FALSE(Ask(newest_, "p-1")->confirmed);
  clock_.Advance(Reopening::kProposalLife);
  EXPECT_FALSE(Ask(newest_, "p-2")->confirmed) << "too late; it counts as a proposal of the second";
  clock_.Advance(Reopening::kProposalLife - absl::Seconds(1));
  EXPECT_TRUE(Ask(newest_, "p-1")->confirmed) << "just in time";
}

TEST_F(ReopeningTest, I7_OnlyWhatThisLogSignedAndDoesNotExtendCounts) {
  EXPECT_EQ(Ask(older_, "p-1").status().code(), absl::StatusCode::kFailedPrecondition) << "nothing of it is lost";
  EXPECT_EQ(Ask("nonsense", "p-1").status().code(), absl::StatusCode::kInvalidArgument);
  const auto text = crypto::FormatCheckpoint({kTestOrigin, 9, std::string(32, 'r')});
  const std::string forged = LogSignerForTest('x').Sign(*text).value();
  EXPECT_EQ(Ask(forged, "p-1").status().code(), absl::StatusCode::kInvalidArgument) << "another key's";
  // A head that was really signed, but of fewer entries than the key store knows of.
  const std::string between = LogSignerForTest().Sign(*crypto::FormatCheckpoint({kTestOrigin, 6, std::string(32, 'r')})).value();
  const auto refused = Ask(between, "p-1");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("over 8"));
  EXPECT_FALSE(IsConfirmed());
}

TEST_F(ReopeningTest, I3_WhatCannotBeLoggedIsNotConfirmed) {
  ASSERT_FALSE(Ask(newest_, "p-1")->confirmed);
  site_.engine().SetFault([](storage::StorageCall call, const storage::AudioObjectId*) {
    return call == storage::StorageCall::kCommit ? absl::ResourceExhaustedError("disk full") : absl::OkStatus();
  });
  EXPECT_FALSE(Ask(newest_, "p-2").ok());
  site_.engine().SetFault(nullptr);
  EXPECT_FALSE(IsConfirmed());
  EXPECT_TRUE(Ask(newest_, "p-2")->confirmed) << "asked again";
}

TEST_F(ReopeningTest, ARecordOfANewerGatewayIsRefused) {
  v1::LogReopening row;
  row.set_version(kReopeningVersion + 1);
  site_.Tamper(Table::kMeta, std::string(kReopeningKey), row.SerializeAsString());
  EXPECT_EQ(ReadReopening(site_.engine().records()).status().code(), absl::StatusCode::kFailedPrecondition);
  site_.Tamper(Table::kMeta, std::string(kReopeningKey), "\xFF");
  EXPECT_EQ(ReadReopening(site_.engine().records()).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::audit
