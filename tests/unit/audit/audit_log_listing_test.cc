#include "server/audit/log_rows.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint64_t> Sequences(const Log::Page& page) {
  std::vector<uint64_t> sequences;
  for (const Log::Listed& listed : page.entries) sequences.push_back(listed.sequence);
  return sequences;
}

// Ten entries a second apart; recording 1 in 0, 3, 6, 9, recording 2 in 1, 4, 7, no recording in 2, 5, 8.
class ListingTest : public ::testing::Test {
 protected:
  ListingTest() {
    for (int i = 0; i < 10; ++i) {
      auto draft = i % 3 == 2 ? DraftForTest(v1::SEARCH) : DraftForTest(v1::SHOW, RecordingForTest(1 + i % 3));
      draft->particulars.account = "account-" + std::to_string(i);
      site_.Put(std::move(draft));
      site_.clock.Advance(absl::Seconds(1));
    }
  }
  static int64_t At(int second) { return absl::ToUnixMicros(kTestStart + absl::Seconds(second)); }
  absl::StatusOr<Log::Page> List(const Log::Query& query) const { return site_.log->List(permit_, query); }
  Log::Page Must(const Log::Query& query) const {
    auto page = List(query);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *std::move(page) : Log::Page();
  }

  LogSite site_;
  keys::ReleasePermit permit_ = AuditPermitForTest();
};

TEST_F(ListingTest, NewestFirstWithDetailsOpened) {
  const Log::Page page = Must({});
  EXPECT_THAT(Sequences(page), ElementsAre(9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  EXPECT_EQ(page.next_before, 0u);
  ASSERT_TRUE(page.entries[0].details.has_value());
  EXPECT_EQ(page.entries[0].details->account().value(), "account-9");
  EXPECT_EQ(page.entries[0].leaf, site_.Leaf(9));
}

TEST_F(ListingTest, PagesJoinWithoutHolesOrRepeats) {
  std::vector<uint64_t> all;
  Log::Query query{.limit = 3};
  do {
    const Log::Page page = Must(query);
    for (uint64_t sequence : Sequences(page)) all.push_back(sequence);
    query.before = page.next_before;
  } while (query.before != 0);
  EXPECT_THAT(all, ElementsAre(9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

TEST_F(ListingTest, APageThatEndsWithTheFirstEntrySaysThatWasAll) { EXPECT_EQ(Must({.limit = 10}).next_before, 0u); }

TEST_F(ListingTest, ByRecording) {
  const Log::Page page = Must({.recording = RecordingForTest(1)});
  EXPECT_THAT(Sequences(page), ElementsAre(9, 6, 3, 0));
  const Log::Page first = Must({.recording = RecordingForTest(1), .limit = 2});
  EXPECT_THAT(Sequences(first), ElementsAre(9, 6));
  EXPECT_EQ(first.next_before, 6u);
  EXPECT_THAT(Sequences(Must({.recording = RecordingForTest(1), .before = 6})), ElementsAre(3, 0));
  EXPECT_THAT(Sequences(Must({.recording = RecordingForTest(1), .before = 5})), ElementsAre(3, 0));
  EXPECT_THAT(Sequences(Must({.recording = RecordingForTest(9)})), IsEmpty());
}

TEST_F(ListingTest, ByTime) {
  EXPECT_THAT(Sequences(Must({.from_unix_us = At(4), .to_unix_us = At(7)})), ElementsAre(6, 5, 4));
  EXPECT_THAT(Sequences(Must({.from_unix_us = At(8)})), ElementsAre(9, 8));
  EXPECT_THAT(Sequences(Must({.to_unix_us = At(2) + 1})), ElementsAre(2, 1, 0));
  EXPECT_THAT(Sequences(Must({.to_unix_us = At(0)})), IsEmpty());
  EXPECT_THAT(Sequences(Must({.recording = RecordingForTest(1), .from_unix_us = At(1), .to_unix_us = At(9)})), ElementsAre(6, 3));
  const Log::Page page = Must({.from_unix_us = At(4), .to_unix_us = At(7), .limit = 3});
  EXPECT_EQ(page.next_before, 0u) << "nothing older is in the range";
}

TEST_F(ListingTest, LimitsAreChecked) {
  EXPECT_EQ(List({.limit = 0}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(List({.limit = Log::kListedMax + 1}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ListingTest, I2_NothingIsOpenedWithoutAPermitForIt) {
  const keys::ReleasePermit audio = PermitForTest(access::Action::kListen, v1::OPERATOR);
  EXPECT_EQ(site_.log->List(audio, {}).status().code(), absl::StatusCode::kPermissionDenied);
  keys::ReleasePermit used = std::move(permit_);
  EXPECT_EQ(site_.log->List(permit_, {}).status().code(), absl::StatusCode::kPermissionDenied) << "moved from";
  EXPECT_TRUE(site_.log->List(used, {}).ok());
}

TEST_F(ListingTest, PrunedDetailsLeaveTheEntry) {
  site_.Tamper(storage::Table::kLogDetails, SequenceKey(5), std::nullopt);
  const Log::Page page = Must({.before = 6, .limit = 1});
  EXPECT_THAT(Sequences(page), ElementsAre(5));
  EXPECT_FALSE(page.entries[0].details.has_value());
}

TEST_F(ListingTest, I7_DetailsOfAnotherEntryAreDataLoss) {
  site_.Tamper(storage::Table::kLogDetails, SequenceKey(5), *site_.engine->records().Get(storage::Table::kLogDetails, SequenceKey(4)));
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ListingTest, I7_DetailsThatDoNotOpenTheCommitmentAreDataLossEvenWellSealed) {
  v1::AuditDetails forged;
  forged.set_version(1);
  forged.mutable_account()->set_salt(std::string(32, 's'));
  forged.mutable_account()->set_value("somebody-else");
  site_.Tamper(storage::Table::kLogDetails, SequenceKey(5), *site_.keys.SealAuditDetails(5, forged.SerializeAsString()));
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ListingTest, I7_ADamagedOrMissingLeafIsDataLoss) {
  site_.Tamper(storage::Table::kLog, SequenceKey(5), "\xFF");
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
  site_.Tamper(storage::Table::kLog, SequenceKey(5), std::nullopt);
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ListingTest, I7_AnIndexThatLiesIsDataLoss) {
  const std::string row = AccessKey(RecordingForTest(1).bytes(), 4);
  site_.Tamper(storage::Table::kLogByRecording, row, SequenceKey(8));
  EXPECT_EQ(List({.recording = RecordingForTest(1)}).status().code(), absl::StatusCode::kDataLoss);
  site_.Tamper(storage::Table::kLogByRecording, row, std::nullopt);
  EXPECT_EQ(List({.recording = RecordingForTest(1)}).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::audit
