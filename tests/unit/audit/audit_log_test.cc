#include "server/audit/commitments.h"
#include "server/audit/log.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::unique_ptr<storage::LogDraft>> Drafts(std::unique_ptr<storage::LogDraft> draft) {
  std::vector<std::unique_ptr<storage::LogDraft>> drafts;
  drafts.push_back(std::move(draft));
  return drafts;
}

TEST(LogTest, FillsPlaceTimesAndVersionAndKeepsTheRest) {
  LogSite site;
  auto draft = DraftForTest(v1::LISTEN, RecordingForTest(1));
  draft->leaf.set_sequence(77);
  draft->leaf.set_access_number(77);
  draft->leaf.set_rule("allowed");
  draft->leaf.set_offset(5);
  EXPECT_EQ(site.Put(DraftForTest(v1::GATEWAY_STARTED)), 0u);
  site.clock.Advance(absl::Seconds(3));
  EXPECT_EQ(site.Put(std::move(draft)), 1u);
  const v1::AuditEntry entry = site.Entry(1);
  EXPECT_EQ(entry.version(), 1u);
  EXPECT_EQ(entry.sequence(), 1u);
  EXPECT_EQ(entry.access_number(), 1u);
  EXPECT_EQ(entry.time_unix_us(), absl::ToUnixMicros(kTestStart + absl::Seconds(3)));
  EXPECT_EQ(entry.wall_time_unix_us(), entry.time_unix_us());
  EXPECT_EQ(entry.rule(), "allowed");
  EXPECT_EQ(entry.offset(), 5u);
}

TEST(LogTest, HeadIsTheRfc6962RootOfTheStoredLeaves) {
  LogSite site;
  crypto::MerkleFrontier expected;
  EXPECT_EQ(site.log->head().root, crypto::MerkleEmptyRoot());
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_EQ(site.Put(DraftForTest(v1::SEARCH)), i);
    expected.Append(crypto::MerkleLeafHash(site.Leaf(i)));
    EXPECT_EQ(site.log->head().tree_size, i + 1);
    EXPECT_EQ(site.log->head().root, expected.Root());
  }
}

TEST(LogTest, I7_AccessNumbersCountTheEntriesAboutOneRecording) {
  LogSite site;
  site.Put(DraftForTest(v1::SHOW, RecordingForTest(1)));       // 0
  site.Put(DraftForTest(v1::SHOW, RecordingForTest(2)));       // 1
  site.Put(DraftForTest(v1::SEARCH));                          // 2
  site.Put(DraftForTest(v1::LISTEN, RecordingForTest(1)));     // 3
  site.Put(DraftForTest(v1::DELIVERED, RecordingForTest(1)));  // 4
  EXPECT_EQ(site.Entry(3).access_number(), 2u);
  EXPECT_EQ(site.Entry(3).previous_sequence(), 0u);
  EXPECT_EQ(site.Entry(4).access_number(), 3u);
  EXPECT_EQ(site.Entry(4).previous_sequence(), 3u);
  EXPECT_EQ(site.Entry(1).access_number(), 1u);
  EXPECT_EQ(site.Entry(2).access_number(), 0u);
}

TEST(LogTest, SeveralEntriesOfOneCommitFollowEachOther) {
  LogSite site;
  storage::RecordCommit commit;
  for (int i = 0; i < 3; ++i) commit.entries.push_back(DraftForTest(v1::SHOW, RecordingForTest(1)));
  std::promise<std::vector<uint64_t>> sequences;
  commit.done = [&](const absl::Status& status, absl::Span<const uint64_t> given) { sequences.set_value({given.begin(), given.end()}); };
  site.committer->Commit(std::move(commit));
  EXPECT_THAT(sequences.get_future().get(), ElementsAre(0, 1, 2));
  EXPECT_EQ(site.Entry(2).access_number(), 3u);
  EXPECT_EQ(site.Entry(2).previous_sequence(), 1u);
}

TEST(LogTest, I1_ALeafHoldsNoneOfTheParticularsAndNeitherDoesAnythingStored) {
  LogSite site;
  auto draft = DraftForTest(v1::LISTEN, RecordingForTest(1));
  draft->particulars = {"yamada.hanako", "person-4711", "Example Partner KK", std::string(64, 'c'), "192.0.2.7",
                        "CASE-0042",     "gone away",   "other.account",      "contract-2025",      "supervisor.taro"};
  const Particulars particulars = draft->particulars;
  site.Put(std::move(draft));
  std::string stored;
  for (int table = 0; table < storage::kTables; ++table) {
    ASSERT_TRUE(site.engine->records()
                    .Scan(static_cast<storage::Table>(table), {},
                          [&](std::string_view key, std::string_view value) {
                            stored.append(key).append("|").append(value).append("|");
                            return true;
                          })
                    .ok());
  }
  EXPECT_GT(stored.size(), 500u);
  for (const std::string& value :
       {particulars.account, particulars.person, particulars.company, particulars.certificate, particulars.address, particulars.reference,
        particulars.reason, particulars.target, particulars.contract}) {
    EXPECT_THAT(stored, Not(HasSubstr(value)));
  }
}

TEST(LogTest, TimeNeverGoesBackAcrossRestarts) {
  LogSite first;
  first.clock.Advance(absl::Hours(1));
  first.Put(DraftForTest(v1::SEARCH));
  const int64_t last = first.Entry(0).time_unix_us();

  runtime::FakeClock set_back(kTestStart);
  auto log = Log::Open(&first.engine->records(), &first.keys, &set_back);
  ASSERT_TRUE(log.ok());
  storage::Batch batch;
  std::vector<uint64_t> sequences;
  const auto drafts = Drafts(DraftForTest(v1::SEARCH));
  (*log)->Prepare(*drafts.front());
  ASSERT_TRUE((*log)->Sequence(drafts, &batch, &sequences).ok());
  EXPECT_THAT(sequences, ElementsAre(2)) << "the step itself is entry 1";
  ASSERT_TRUE(first.engine->records().Commit(batch).ok());
  (*log)->Committed();
  const auto step = (*log)->Read(1);
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->action(), v1::CLOCK_STEP);
  EXPECT_EQ(step->subject(), "-3600s");
  EXPECT_EQ(step->time_unix_us(), last);
  EXPECT_EQ((*log)->Read(2)->time_unix_us(), last);
  EXPECT_EQ((*log)->Read(2)->wall_time_unix_us(), absl::ToUnixMicros(kTestStart));
}

TEST(LogTest, AClockStepIsAnEntryBeforeTheNextOne) {
  LogSite site;
  site.Put(DraftForTest(v1::SEARCH));
  site.clock.StepWall(absl::Seconds(12));
  EXPECT_EQ(site.Put(DraftForTest(v1::SEARCH)), 2u);
  EXPECT_EQ(site.Entry(1).action(), v1::CLOCK_STEP);
  EXPECT_EQ(site.Entry(1).decision(), v1::NOTED);
  EXPECT_EQ(site.Entry(1).subject(), "+12s");
  EXPECT_EQ(site.Entry(2).time_unix_us(), absl::ToUnixMicros(kTestStart)) << "the step ages nothing";
  EXPECT_EQ(site.Entry(2).wall_time_unix_us(), absl::ToUnixMicros(kTestStart + absl::Seconds(12)));
  EXPECT_EQ(site.Put(DraftForTest(v1::SEARCH)), 3u) << "noted once";
  site.clock.StepWall(absl::Seconds(-2));
  EXPECT_EQ(site.Put(DraftForTest(v1::SEARCH)), 4u) << "two seconds are drift";
  site.clock.StepWall(absl::Milliseconds(-1));
  EXPECT_EQ(site.Put(DraftForTest(v1::SEARCH)), 6u);
  EXPECT_EQ(site.Entry(5).subject(), "-2s");
  EXPECT_THAT(Problems(site.engine->records()), IsEmpty());
}

TEST(LogTest, AClockStepWhoseCommitFailedIsNotedAgain) {
  LogSite site;
  site.clock.StepWall(absl::Seconds(60));
  site.engine->SetFault([](storage::StorageCall call, const storage::AudioObjectId*) {
    return call == storage::StorageCall::kCommit ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  EXPECT_FALSE(site.Commit(DraftForTest(v1::SEARCH)).first.ok());
  site.engine->SetFault(nullptr);
  EXPECT_EQ(site.Put(DraftForTest(v1::SEARCH)), 1u);
  EXPECT_EQ(site.Entry(0).action(), v1::CLOCK_STEP);
}

TEST(LogTest, ARefusedEntryLeavesNothingBehind) {
  LogSite site;
  site.Put(DraftForTest(v1::SHOW, RecordingForTest(1)));
  storage::RecordCommit commit;
  commit.entries.push_back(DraftForTest(v1::SHOW, RecordingForTest(1)));
  auto oversized = DraftForTest(v1::SHOW, RecordingForTest(1));
  oversized->leaf.set_subject(std::string(kLeafBytesMax, 's'));
  commit.entries.push_back(std::move(oversized));
  std::promise<absl::Status> result;
  commit.done = [&](const absl::Status& status, absl::Span<const uint64_t>) { result.set_value(status); };
  site.committer->Commit(std::move(commit));
  EXPECT_EQ(result.get_future().get().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(site.Put(DraftForTest(v1::SHOW, RecordingForTest(1))), 1u);
  EXPECT_EQ(site.Entry(1).access_number(), 2u);
  EXPECT_THAT(Problems(site.engine->records()), IsEmpty());
}

TEST(LogTest, ARecordingIdOfAnotherLengthIsRefused) {
  LogSite site;
  auto draft = DraftForTest(v1::SHOW);
  draft->leaf.set_recording_id("short");
  EXPECT_EQ(site.Commit(std::move(draft)).first.code(), absl::StatusCode::kInternal);
}

TEST(LogTest, ADraftOfAForeignKindIsRefused) {
  LogSite site;
  storage::Batch batch;
  std::vector<uint64_t> sequences;
  EXPECT_EQ(site.log->Sequence(Drafts(std::make_unique<storage::LogDraft>()), &batch, &sequences).code(), absl::StatusCode::kInternal);
  EXPECT_THAT(batch.writes, IsEmpty());
  EXPECT_THAT(sequences, IsEmpty());
}

class UnknownFateTest : public ::testing::TestWithParam<bool> {};

TEST_P(UnknownFateTest, TheLogGoesOnFromWhatTheStoreSays) {
  const bool stored = GetParam();
  LogSite site;
  site.Put(DraftForTest(v1::SHOW, RecordingForTest(1)));
  site.engine->SetFault(
      [](storage::StorageCall call, const storage::AudioObjectId*) {
        return call == storage::StorageCall::kCommit ? absl::UnavailableError("EIO") : absl::OkStatus();
      },
      stored);
  EXPECT_EQ(site.Commit(DraftForTest(v1::SHOW, RecordingForTest(1))).first.code(), absl::StatusCode::kUnavailable);
  site.engine->SetFault(nullptr);
  absl::Status status;
  uint64_t sequence = 0;
  do {
    std::tie(status, sequence) = site.Commit(DraftForTest(v1::SHOW, RecordingForTest(1)));
  } while (absl::IsUnavailable(status));
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(sequence, stored ? 2u : 1u);
  EXPECT_EQ(site.Entry(sequence).access_number(), stored ? 3u : 2u);
  EXPECT_THAT(Problems(site.engine->records()), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(StoredOrNot, UnknownFateTest, ::testing::Bool());

TEST(LogTest, ReadsCountsAgainAfterReopening) {
  auto engine = storage::MemoryEngine::Create();
  {
    LogSite site(std::move(engine));
    site.Put(DraftForTest(v1::SHOW, RecordingForTest(1)));
    site.committer.reset();
    engine = std::move(site.engine);
    site.log.reset();
  }
  LogSite site(std::move(engine));
  EXPECT_EQ(site.log->head().tree_size, 1u);
  EXPECT_EQ(site.Put(DraftForTest(v1::SHOW, RecordingForTest(1))), 1u);
  EXPECT_EQ(site.Entry(1).access_number(), 2u);
}

// What must not be built upon, each with how it came to be.
class DamagedHeadTest : public ::testing::Test {
 protected:
  DamagedHeadTest() {
    for (int i = 0; i < 3; ++i) {
      site_.clock.Advance(absl::Seconds(1));
      if (i == 2) earlier_head_ = *site_.engine->records().Get(storage::Table::kMeta, kHeadKey);
      site_.Put(DraftForTest(v1::SEARCH));
    }
  }
  absl::StatusCode OpenCode() { return Log::Open(&site_.engine->records(), &site_.keys, &site_.clock).status().code(); }
  void TamperHead(std::optional<std::string> value) { site_.Tamper(storage::Table::kMeta, std::string(kHeadKey), std::move(value)); }
  v1::LogHead Head() { return *ReadHead(site_.engine->records()); }

  LogSite site_;
  std::optional<std::string> earlier_head_;
};

TEST_F(DamagedHeadTest, I7_OpensUntouched) { EXPECT_EQ(OpenCode(), absl::StatusCode::kOk); }
TEST_F(DamagedHeadTest, I7_HeadGone) {
  TamperHead(std::nullopt);
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, I7_HeadFromEarlier) {
  TamperHead(earlier_head_);
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, I7_LastEntryGone) {
  site_.Tamper(storage::Table::kLog, SequenceKey(2), std::nullopt);
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, I7_LastEntryChanged) {
  v1::AuditEntry entry = site_.Entry(2);
  entry.set_action(v1::SHOW);
  site_.Tamper(storage::Table::kLog, SequenceKey(2), entry.SerializeAsString());
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, I7_LastEntryIsAnothers) {
  site_.Tamper(storage::Table::kLog, SequenceKey(2), site_.Leaf(1));
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, I7_FrontierTooShort) {
  v1::LogHead head = Head();
  head.mutable_frontier()->RemoveLast();
  TamperHead(head.SerializeAsString());
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, I7_NotAHead) {
  TamperHead("\xFF\xFF\xFF");
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}
TEST_F(DamagedHeadTest, ANewerVersionIsRefusedNotGuessedAt) {
  v1::LogHead head = Head();
  head.set_version(2);
  TamperHead(head.SerializeAsString());
  EXPECT_EQ(OpenCode(), absl::StatusCode::kFailedPrecondition);
}

TEST(LogTest, ReadTellsAbsentFromDamaged) {
  LogSite site;
  site.Put(DraftForTest(v1::SEARCH));
  site.Put(DraftForTest(v1::SEARCH));
  EXPECT_EQ(site.log->Read(2).status().code(), absl::StatusCode::kNotFound);
  site.Tamper(storage::Table::kLog, SequenceKey(0), site.Leaf(1));
  EXPECT_EQ(site.log->Read(0).status().code(), absl::StatusCode::kDataLoss);
  site.Tamper(storage::Table::kLog, SequenceKey(0), "\xFF");
  EXPECT_EQ(site.log->Read(0).status().code(), absl::StatusCode::kDataLoss);
  site.Tamper(storage::Table::kLog, SequenceKey(0), std::nullopt);
  EXPECT_EQ(site.log->Read(0).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::audit
