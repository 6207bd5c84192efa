#include "server/audit/commitments.h"
#include "server/audit/index_rows.h"
#include "server/audit/log_rows.h"
#include "server/audit/queries.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint64_t> Sequences(const Page& page) {
  std::vector<uint64_t> sequences;
  for (const Listed& listed : page.entries) sequences.push_back(listed.sequence);
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
  static Condition About(int recording) { return {IndexField::kRecording, std::string(RecordingForTest(recording).bytes())}; }
  absl::StatusOr<Page> List(const Query& query, size_t limit = 100) const { return site_.queries->List(permit_, query, limit); }
  Page Must(const Query& query, size_t limit = 100) const {
    auto page = List(query, limit);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *std::move(page) : Page();
  }

  LogSite site_;
  keys::ReleasePermit permit_ = AuditPermitForTest();
};

TEST_F(ListingTest, NewestFirstWithDetailsOpened) {
  const Page page = Must({});
  EXPECT_THAT(Sequences(page), ElementsAre(9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  EXPECT_EQ(page.next_before, 0u);
  ASSERT_TRUE(page.entries[0].details.has_value());
  EXPECT_EQ(page.entries[0].details->account().value(), "account-9");
  EXPECT_EQ(page.entries[0].leaf, site_.Leaf(9));
}

TEST_F(ListingTest, PagesJoinWithoutHolesOrRepeats) {
  std::vector<uint64_t> all;
  Query query;
  do {
    const Page page = Must(query, 3);
    for (uint64_t sequence : Sequences(page)) all.push_back(sequence);
    query.before = page.next_before;
  } while (query.before != 0);
  EXPECT_THAT(all, ElementsAre(9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

TEST_F(ListingTest, APageThatEndsWithTheFirstEntrySaysThatWasAll) { EXPECT_EQ(Must({}, 10).next_before, 0u); }

TEST_F(ListingTest, ByRecording) {
  const Page page = Must({.conditions = {About(1)}});
  EXPECT_THAT(Sequences(page), ElementsAre(9, 6, 3, 0));
  const Page first = Must({.conditions = {About(1)}}, 2);
  EXPECT_THAT(Sequences(first), ElementsAre(9, 6));
  EXPECT_EQ(first.next_before, 6u);
  EXPECT_THAT(Sequences(Must({.conditions = {About(1)}, .before = 6})), ElementsAre(3, 0));
  EXPECT_THAT(Sequences(Must({.conditions = {About(1)}, .before = 5})), ElementsAre(3, 0));
  EXPECT_THAT(Sequences(Must({.conditions = {About(9)}})), IsEmpty());
}

TEST_F(ListingTest, ByTime) {
  EXPECT_THAT(Sequences(Must({.from_unix_us = At(4), .to_unix_us = At(7)})), ElementsAre(6, 5, 4));
  EXPECT_THAT(Sequences(Must({.from_unix_us = At(8)})), ElementsAre(9, 8));
  EXPECT_THAT(Sequences(Must({.to_unix_us = At(2) + 1})), ElementsAre(2, 1, 0));
  EXPECT_THAT(Sequences(Must({.to_unix_us = At(0)})), IsEmpty());
  EXPECT_THAT(Sequences(Must({.conditions = {About(1)}, .from_unix_us = At(1), .to_unix_us = At(9)})), ElementsAre(6, 3));
  const Page page = Must({.from_unix_us = At(4), .to_unix_us = At(7)}, 3);
  EXPECT_EQ(page.next_before, 0u) << "nothing older is in the range";
}

TEST_F(ListingTest, LimitsAreChecked) {
  EXPECT_EQ(List({}, 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(List({}, Queries::kListedMax + 1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ListingTest, I2_NothingIsOpenedWithoutAPermitForIt) {
  const keys::ReleasePermit audio = PermitForTest(access::Action::kListen, v1::OPERATOR);
  EXPECT_EQ(site_.queries->List(audio, {}, 1).status().code(), absl::StatusCode::kPermissionDenied);
  keys::ReleasePermit used = std::move(permit_);
  EXPECT_EQ(site_.queries->List(permit_, {}, 1).status().code(), absl::StatusCode::kPermissionDenied) << "moved from";
  EXPECT_TRUE(site_.queries->List(used, {}, 1).ok());
}

TEST_F(ListingTest, PrunedDetailsLeaveTheEntry) {
  site_.Tamper(storage::Table::kLogDetails, SequenceKey(5), std::nullopt);
  const Page page = Must({.before = 6}, 1);
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
  site_.Tamper(storage::Table::kLogDetails, SequenceKey(5),
               *site_.keys.SealAuditDetails(CommitmentsDigest(site_.Entry(5)), forged.SerializeAsString()));
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ListingTest, I7_ADamagedOrMissingLeafIsDataLoss) {
  site_.Tamper(storage::Table::kLog, SequenceKey(5), "\xFF");
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
  site_.Tamper(storage::Table::kLog, SequenceKey(5), std::nullopt);
  EXPECT_EQ(List({}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ListingTest, I7_AnIndexThatLiesIsDataLoss) {
  const std::string prefix = IndexPrefix(About(1), site_.keys);
  site_.Tamper(storage::Table::kLogIndex, IndexKey(prefix, 8), "");
  EXPECT_EQ(List({.conditions = {About(1)}}).status().code(), absl::StatusCode::kDataLoss) << "entry 8 is about no recording";
}

TEST_F(ListingTest, I7_AnEntryThatTheIndexLeavesOutIsMissedByTheAccessNumbers) {
  const std::string prefix = IndexPrefix(About(1), site_.keys);
  for (const uint64_t left_out : {0, 3, 6, 9}) {
    site_.Tamper(storage::Table::kLogIndex, IndexKey(prefix, left_out), std::nullopt);
    EXPECT_EQ(List({.conditions = {About(1)}}).status().code(), absl::StatusCode::kDataLoss) << left_out;
    site_.Tamper(storage::Table::kLogIndex, IndexKey(prefix, left_out), "");
  }
  EXPECT_TRUE(List({.conditions = {About(1)}}).ok());
}

}  // namespace
}  // namespace otokura::audit
