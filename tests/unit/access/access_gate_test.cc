#include <thread>

#include "server/access/error_detail.h"
#include "server/audit/commitments.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

using keys::Released;
using storage::StorageCall;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GateTest : public ::testing::Test {
 protected:
  void FailCommits(absl::Status status, bool stores_anyway = false) {
    site_.engine->SetFault(
        [status](StorageCall call, const storage::AudioObjectId*) { return call == StorageCall::kCommit ? status : absl::OkStatus(); },
        stores_anyway);
  }
  uint64_t Size() const { return site_.log->head().tree_size; }
  v1::AuditEntry Last() const { return site_.Entry(Size() - 1); }
  absl::StatusOr<uint64_t> NoteAndWait(const Caller& caller, const Ask& ask) {
    std::promise<absl::StatusOr<uint64_t>> result;
    gate_.Note(caller, ask, [&](absl::StatusOr<uint64_t> sequence) { result.set_value(sequence); });
    return result.get_future().get();
  }

  LogSite site_;
  Gate gate_{site_.committer.get(), &site_.clock, PolicyForTest()};
};

TEST_F(GateTest, I2_APermitNamesADurableAllowedEntry) {
  Ask ask = AskForTest(Action::kListen);
  ask.offset = 40000;
  ask.length = 8000;
  const auto permit = ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), ask);
  ASSERT_TRUE(permit.ok()) << permit.status();
  EXPECT_TRUE(permit->Permits(Released::kAudio, RecordingForTest(1)));
  EXPECT_FALSE(permit->Permits(Released::kAudio, RecordingForTest(2)));
  EXPECT_FALSE(permit->Permits(Released::kMetadata, RecordingForTest(1)));
  EXPECT_FALSE(permit->PermitsAuditDetails());
  const v1::AuditEntry entry = site_.Entry(permit->sequence());
  EXPECT_EQ(entry.action(), v1::LISTEN);
  EXPECT_EQ(entry.decision(), v1::ALLOWED);
  EXPECT_EQ(entry.role(), "operator");
  EXPECT_EQ(entry.purpose(), "inquiry");
  EXPECT_EQ(entry.offset(), 40000u);
  EXPECT_EQ(entry.length(), 8000u);
  EXPECT_EQ(entry.centre(), "Tokyo");
  EXPECT_EQ(entry.recording_id(), RecordingForTest(1).bytes());
  for (const std::string& commitment : {entry.account_commitment(), entry.person_commitment(), entry.address_commitment(),
                                        entry.reference_commitment(), entry.certificate_commitment()}) {
    EXPECT_EQ(commitment.size(), 32u);
  }
}

TEST_F(GateTest, EachActionReleasesItsOwnKind) {
  const std::vector<std::tuple<Action, v1::Role, Released>> kinds = {{Action::kShow, v1::OPERATOR, Released::kMetadata},
                                                                     {Action::kShowPersonal, v1::OPERATOR, Released::kMetadata},
                                                                     {Action::kListen, v1::OPERATOR, Released::kAudio},
                                                                     {Action::kDownload, v1::SUPERVISOR, Released::kAudio}};
  for (const auto& [action, role, released] : kinds) {
    const auto permit = ReleaseAndWait(gate_, CallerForTest(role), AskForTest(action));
    ASSERT_TRUE(permit.ok()) << permit.status();
    EXPECT_TRUE(permit->Permits(released, RecordingForTest(1)));
  }
  Ask list;
  list.action = Action::kListAudit;
  EXPECT_TRUE(ReleaseAndWait(gate_, CallerForTest(v1::AUDITOR), list)->PermitsAuditDetails());
  EXPECT_EQ(ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), AskForTest(Action::kSearch)).status().code(), absl::StatusCode::kInternal);
}

TEST_F(GateTest, I2_NoPermitBeforeTheCommitReturns) {
  std::promise<void> reached, may_go_on, done;
  std::shared_future<void> go_on = may_go_on.get_future().share();
  site_.engine->SetFault([&reached, go_on](StorageCall call, const storage::AudioObjectId*) {
    if (call != StorageCall::kCommit) return absl::OkStatus();
    reached.set_value();
    go_on.wait();
    return absl::OkStatus();
  });
  std::atomic<bool> released{false};
  gate_.Release(CallerForTest(v1::OPERATOR), AskForTest(Action::kListen), [&](absl::StatusOr<keys::ReleasePermit> permit) {
    released = permit.ok();
    done.set_value();
  });
  reached.get_future().wait();
  EXPECT_FALSE(released) << "the write has not returned";
  may_go_on.set_value();
  done.get_future().wait();
  EXPECT_TRUE(released);
}

TEST_F(GateTest, I2_NoPermitWhereTheEntryCannotBeWritten) {
  for (const absl::Status& failure : {absl::ResourceExhaustedError("full"), absl::InternalError("broken"), absl::UnavailableError("EIO")}) {
    LogSite site;
    Gate gate(site.committer.get(), &site.clock, PolicyForTest());
    site.engine->SetFault(
        [failure](StorageCall call, const storage::AudioObjectId*) { return call == StorageCall::kCommit ? failure : absl::OkStatus(); });
    const auto permit = ReleaseAndWait(gate, CallerForTest(v1::OPERATOR), AskForTest(Action::kListen));
    EXPECT_EQ(permit.status().code(), absl::StatusCode::kUnavailable) << failure;
    EXPECT_THAT(std::string(permit.status().message()), HasSubstr("nothing was released"));
    EXPECT_EQ(site.log->head().tree_size, 0u);
  }
}

TEST_F(GateTest, I2_NoPermitWhereTheFateOfTheEntryIsUnknownEvenIfItWasKept) {
  FailCommits(absl::UnavailableError("EIO"), /*stores_anyway=*/true);
  const auto permit = ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), AskForTest(Action::kListen));
  EXPECT_EQ(permit.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GateTest, I6_EveryRefusalIsInTheLogBeforeItIsTold) {
  const auto permit = ReleaseAndWait(gate_, CallerForTest(v1::CONTRACTOR), AskForTest(Action::kDownload));
  EXPECT_EQ(permit.status().code(), absl::StatusCode::kPermissionDenied);
  ASSERT_EQ(Size(), 1u);
  EXPECT_EQ(Last().decision(), v1::DENIED);
  EXPECT_EQ(Last().rule(), "role");
}

TEST_F(GateTest, I6_AbsentAndOutOfScopeAnswerTheSameAndBothAreLogged) {
  Ask absent = AskForTest(Action::kListen);
  absent.resource.reset();
  Ask elsewhere = AskForTest(Action::kListen);
  elsewhere.resource->centre = "Osaka";
  const auto first = ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), absent);
  const auto second = ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), elsewhere);
  EXPECT_EQ(first.status(), second.status());
  EXPECT_EQ(first.status().code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(Size(), 2u);
  EXPECT_EQ(site_.Entry(0).rule(), site_.Entry(1).rule());
  EXPECT_EQ(site_.Entry(0).recording_id(), "") << "an id that does not exist is in no leaf";
  EXPECT_EQ(site_.Entry(0).target_commitment().size(), 32u);
  EXPECT_EQ(site_.Entry(1).recording_id(), RecordingForTest(1).bytes()) << "who tried to hear this one must show";
}

TEST_F(GateTest, I1_WhatAPersonTypedIsInNoLeaf) {
  Ask ask = AskForTest(Action::kListen);
  ask.justification.set_purpose("Yamada-Hanako");
  ask.justification.set_reference("0312345678");
  ask.resource.reset();
  ask.requested_id = "typed-by-somebody";
  EXPECT_FALSE(ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), ask).ok());
  const std::string leaf = site_.Leaf(0);
  for (const char* typed : {"Yamada", "0312345678", "typed-by", "somebody", "person-1", "192.0.2.7"})
    EXPECT_THAT(leaf, Not(HasSubstr(typed)));
}

TEST_F(GateTest, NotesGiveTheSequenceOrTheRefusal) {
  Ask ask = AskForTest(Action::kSearchPersonal);
  ask.resource.reset();
  const auto noted = NoteAndWait(CallerForTest(v1::OPERATOR), ask);
  ASSERT_TRUE(noted.ok()) << noted.status();
  EXPECT_EQ(site_.Entry(*noted).action(), v1::SEARCH);
  EXPECT_EQ(NoteAndWait(CallerForTest(v1::ADMIN), ask).status().code(), absl::StatusCode::kPermissionDenied);
  FailCommits(absl::ResourceExhaustedError("full"));
  EXPECT_EQ(NoteAndWait(CallerForTest(v1::OPERATOR), ask).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GateTest, EntriesMayUseTheReserve) {
  // The memory engine has no reserve, so the batch is looked at on its way.
  class Watcher : public storage::Committer {
   public:
    void Commit(storage::RecordCommit commit) override {
      reserve.push_back(commit.batch.may_use_reserve);
      commit.done(absl::UnavailableError("watching only"), {});
    }
    void Append(storage::AudioAppend) override {}
    void Seal(const storage::AudioObjectId&, storage::AudioDone) override {}
    uint64_t durable_bytes(const storage::AudioObjectId&) const override { return 0; }
    void Forget(const storage::AudioObjectId&) override {}
    bool audio_is_crowded() const override { return false; }
    void Drain() override {}
    std::vector<bool> reserve;
  } watcher;
  Gate gate(&watcher, &site_.clock, PolicyForTest());
  (void)ReleaseAndWait(gate, CallerForTest(v1::OPERATOR), AskForTest(Action::kListen));
  (void)ReleaseAndWait(gate, CallerForTest(v1::CONTRACTOR), AskForTest(Action::kListen));
  gate.Note(CallerForTest(v1::OPERATOR), AskForTest(Action::kSearch), [](absl::StatusOr<uint64_t>) {});
  gate.Close(CallerForTest(v1::OPERATOR), {}, [](absl::Status) {});
  gate.Refused(v1::INGEST_REFUSED, "centre", "recorder", {});
  EXPECT_THAT(watcher.reserve, ElementsAre(true, true, true, true, true));
}

TEST_F(GateTest, I7_I11_WhileTheLogIsUnprovenNothingOfARecordingIsReleased) {
  absl::Status may_release = absl::FailedPreconditionError("audit log: an older state of it was put back");
  Gate gate(site_.committer.get(), &site_.clock, PolicyForTest(), {}, [&may_release] { return may_release; });
  const Caller supervisor = CallerForTest(v1::SUPERVISOR);
  for (Action action : {Action::kShow, Action::kShowPersonal, Action::kListen, Action::kDownload}) {
    EXPECT_EQ(ReleaseAndWait(gate, supervisor, AskForTest(action)).status(), may_release) << ActionName(action);
    EXPECT_EQ(Last().decision(), v1::DENIED);
    EXPECT_EQ(Last().rule(), "log-unproven");
  }
  for (Action action : {Action::kSearch, Action::kSearchPersonal}) {
    std::promise<absl::Status> noted;
    gate.Note(supervisor, AskForTest(action), [&](const absl::StatusOr<uint64_t>& sequence) { noted.set_value(sequence.status()); });
    EXPECT_EQ(noted.get_future().get(), may_release) << ActionName(action);
    EXPECT_EQ(Last().rule(), "log-unproven");
  }
  // Who has no right hears that, whatever the log is like.
  EXPECT_TRUE(absl::IsPermissionDenied(ReleaseAndWait(gate, CallerForTest(v1::CONTRACTOR), AskForTest(Action::kListen)).status()));
  // The log itself is read: that is how one finds out.
  for (Action action : {Action::kListAudit, Action::kExportAudit}) {
    Ask ask;
    ask.action = action;
    const auto permit = ReleaseAndWait(gate, CallerForTest(v1::AUDITOR), ask);
    ASSERT_TRUE(permit.ok()) << permit.status();
    EXPECT_TRUE(permit->PermitsAuditDetails());
  }
  may_release = absl::OkStatus();
  EXPECT_TRUE(ReleaseAndWait(gate, supervisor, AskForTest(Action::kListen)).ok());
}

TEST_F(GateTest, CloseSaysWhatWasDelivered) {
  const auto permit = ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), AskForTest(Action::kListen));
  std::promise<absl::Status> closed;
  gate_.Close(CallerForTest(v1::OPERATOR), {permit->sequence(), RecordingForTest(1), 100, 900, 0, "OK"},
              [&](absl::Status status) { closed.set_value(status); });
  ASSERT_TRUE(closed.get_future().get().ok());
  const v1::AuditEntry entry = Last();
  EXPECT_EQ(entry.action(), v1::DELIVERED);
  EXPECT_EQ(entry.decision(), v1::NOTED);
  EXPECT_EQ(entry.of_sequence(), permit->sequence());
  EXPECT_EQ(entry.offset(), 100u);
  EXPECT_EQ(entry.delivered_bytes(), 900u);
  EXPECT_EQ(entry.outcome(), "OK");
  EXPECT_EQ(entry.access_number(), 2u);
}

TEST_F(GateTest, CloseSaysSoWhenItCannotBeWritten) {
  FailCommits(absl::ResourceExhaustedError("full"));
  std::promise<absl::Status> closed;
  gate_.Close(CallerForTest(v1::OPERATOR), {0, {}, 0, 0, 3, "OK"}, [&](absl::Status status) { closed.set_value(status); });
  EXPECT_EQ(closed.get_future().get().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GateTest, I10_AFloodOfRefusalsIsTenEntriesAndASummaryAMinute) {
  audit::Particulars particulars;
  for (int i = 0; i < 1000; ++i) {
    particulars.address = "ipv4:192.0.2.7:" + std::to_string(40000 + i);
    gate_.Refused(v1::CONNECTION_REFUSED, "unknown-account", "", particulars);
  }
  site_.committer->Drain();
  EXPECT_EQ(Size(), 10u);
  gate_.SummariseRefusals();
  site_.committer->Drain();
  EXPECT_EQ(Size(), 10u) << "its minute is not over";
  site_.clock.Advance(absl::Minutes(1));
  gate_.SummariseRefusals();
  site_.committer->Drain();
  ASSERT_EQ(Size(), 11u);
  EXPECT_EQ(Last().rows(), 990u);
  EXPECT_EQ(Last().rule(), "unknown-account");
  EXPECT_EQ(Last().decision(), v1::DENIED);
}

TEST_F(GateTest, I6_RefusalsThatCouldNotBeWrittenAreInALaterSummary) {
  FailCommits(absl::ResourceExhaustedError("full"));
  for (int i = 0; i < 3; ++i) gate_.Refused(v1::CONNECTION_REFUSED, "unknown-account", "", {});
  site_.committer->Drain();
  site_.engine->SetFault(nullptr);
  EXPECT_EQ(Size(), 0u);
  site_.clock.Advance(absl::Minutes(1));
  gate_.SummariseRefusals();
  site_.committer->Drain();
  ASSERT_EQ(Size(), 1u);
  EXPECT_EQ(Last().rows(), 3u);
}

TEST_F(GateTest, I6_WhatWasCountedIsWrittenWhenTheGateEnds) {
  {
    Gate gate(site_.committer.get(), &site_.clock, PolicyForTest());
    for (int i = 0; i < 15; ++i) gate.Refused(v1::INGEST_REFUSED, "centre", "recorder", {});
  }
  site_.committer->Drain();
  EXPECT_EQ(Last().rows(), 5u);
}

TEST_F(GateTest, AnAccountRefusedTooOftenIsToldToWaitAndWhatItMayItStillGets) {
  const Caller caller = CallerForTest(v1::OPERATOR);
  Ask elsewhere = AskForTest(Action::kListen);
  elsewhere.resource->centre = "Osaka";
  for (int i = 0; i < kAccountRefusalsPerMinute; ++i)
    EXPECT_EQ(ReleaseAndWait(gate_, caller, elsewhere).status().code(), absl::StatusCode::kNotFound);
  const uint64_t before = Size();
  for (int i = 0; i < 500; ++i) {
    const absl::Status told = ReleaseAndWait(gate_, caller, elsewhere).status();
    ASSERT_EQ(told.code(), absl::StatusCode::kResourceExhausted);
    v1::ErrorDetail detail;
    ASSERT_TRUE(detail.ParseFromString(std::string(told.GetPayload(kErrorDetailUrl).value_or(absl::Cord()))));
    EXPECT_EQ(detail.limit_reached().retry_at_unix_ms(), absl::ToUnixMillis(kTestStart + kFloodWindow));
  }
  EXPECT_EQ(Size(), before) << "counted, not written";
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(ReleaseAndWait(gate_, caller, AskForTest(Action::kListen)).ok()) << "allowed is allowed";
  EXPECT_EQ(NoteAndWait(CallerForTest(AccountForTest(v1::ADMIN, "another")), AskForTest(Action::kSearch)).status().code(),
            absl::StatusCode::kPermissionDenied)
      << "of others nothing changes";
  site_.clock.Advance(kFloodWindow);
  EXPECT_EQ(ReleaseAndWait(gate_, caller, elsewhere).status().code(), absl::StatusCode::kNotFound);
  site_.committer->Drain();
  std::vector<uint32_t> rows;
  for (uint64_t sequence = before; sequence < Size(); ++sequence) {
    const v1::AuditEntry entry = site_.Entry(sequence);
    if (entry.decision() == v1::DENIED && entry.rows() > 0) rows.push_back(entry.rows());
  }
  EXPECT_THAT(rows, ElementsAre(500));
}

// Everybody refused at once, faster than anything real: no refusal is lost to the counts, and the log stays within its ceiling.
TEST_F(GateTest, I10_HundredsOfThousandsOfRefusalsStayWithinTheCeilingAndEachIsCounted) {
  constexpr uint64_t kCeiling = uint64_t{1} << 20;
  constexpr int kSeconds = 150, kEverySecond = 2000;
  uint64_t refusals = 0;
  {
    Gate gate(site_.committer.get(), &site_.clock, PolicyForTest(), {kCeiling, kCeiling, kCeiling});
    std::vector<Caller> callers;
    for (int i = 0; i < 20; ++i) callers.push_back(CallerForTest(AccountForTest(v1::CONTRACTOR, "partner-" + std::to_string(i))));
    const Ask ask = AskForTest(Action::kListen);
    for (int second = 0; second < kSeconds; ++second) {
      for (int i = 0; i < kEverySecond; ++i, ++refusals) {
        if (i % 2 == 0) {
          gate.Release(callers[static_cast<size_t>(i / 2) % callers.size()], ask,
                       [](absl::StatusOr<keys::ReleasePermit> permit) { EXPECT_FALSE(permit.ok()); });
        } else {
          audit::Particulars stranger;
          stranger.address = "ipv4:10." + std::to_string(i % 200) + "." + std::to_string(second) + ".7:1";
          gate.Refused(v1::CONNECTION_REFUSED, "unknown-account", "", std::move(stranger));
        }
      }
      site_.committer->Drain();
      site_.clock.Advance(absl::Seconds(1));
    }
  }
  site_.committer->Drain();
  uint64_t logged = 0, bytes = 0;
  for (uint64_t sequence = 0; sequence < Size(); ++sequence) {
    const v1::AuditEntry entry = site_.Entry(sequence);
    ASSERT_EQ(entry.decision(), v1::DENIED);
    logged += std::max<uint64_t>(entry.rows(), 1);
  }
  for (const storage::Table table : {storage::Table::kLog, storage::Table::kLogDetails, storage::Table::kLogIndex}) {
    ASSERT_TRUE(site_.engine->records()
                    .Scan(table, {},
                          [&](std::string_view key, std::string_view value) {
                            bytes += key.size() + value.size();
                            return true;
                          })
                    .ok());
  }
  EXPECT_EQ(logged, refusals);
  // The summaries of one minute, which begin while there is room, may go past it.
  EXPECT_LE(bytes, kCeiling + (kFloodAddressesMax + kFloodAccountsMax) * LogCeilings::kSummaryBytes);
  EXPECT_GT(bytes, kCeiling / 4) << "what there is room for is told apart";
}

TEST_F(GateTest, I10_ARestartGivesNobodyTheDaysAllowanceAnew) {
  constexpr uint64_t kForMany = uint64_t{1} << 30, kForAFew = 20'000;
  const Caller caller = CallerForTest(v1::OPERATOR);
  Ask elsewhere = AskForTest(Action::kListen);
  elsewhere.resource->centre = "Osaka";
  // Entries that refusals make within a minute of a gate of its own; what was only counted is a summary when it ends.
  const auto refused_in_a_minute = [&](const RefusalLimits& limits) {
    site_.committer->Drain();  // the last one's summary
    Gate gate(site_.committer.get(), &site_.clock, PolicyForTest(), limits);
    EXPECT_EQ(gate.TakeUpCeilings({&site_.engine->records(), &site_.keys, site_.log.get()}), absl::OkStatus());
    const uint64_t before = Size();
    for (int i = 0; i < kAccountRefusalsPerMinute; ++i) EXPECT_FALSE(ReleaseAndWait(gate, caller, elsewhere).ok());
    return Size() - before;
  };
  const uint64_t first = refused_in_a_minute({kForAFew, kForMany, kForMany});
  ASSERT_GT(first, 5u);
  ASSERT_LT(first, uint64_t{kAccountRefusalsPerMinute});
  EXPECT_EQ(refused_in_a_minute({kForAFew, kForMany, kForMany}), 0u) << "of the account nothing is left";
  EXPECT_EQ(refused_in_a_minute({kForMany, kForAFew, kForMany}), 0u) << "nor of the network";
  EXPECT_EQ(refused_in_a_minute({kForMany, kForMany, kForAFew}), 0u) << "nor altogether";
  EXPECT_EQ(refused_in_a_minute({2 * kForAFew, kForMany, kForMany}), first) << "but no more than that is used up";
  site_.clock.Advance(absl::Hours(24));
  EXPECT_EQ(refused_in_a_minute({kForAFew, kForMany, kForMany}), first) << "the next day begins anew";
}

TEST_F(GateTest, RefusalsOfWhomNobodyKnowsAreCounted) {
  gate_.RefusedUnseen(v1::CONNECTION_REFUSED, "handshake", 40);
  gate_.RefusedUnseen(v1::CONNECTION_REFUSED, "handshake", 2);
  site_.clock.Advance(kFloodWindow);
  gate_.SummariseRefusals();
  site_.committer->Drain();
  ASSERT_EQ(Size(), 1u);
  EXPECT_EQ(Last().rows(), 42u);
  EXPECT_EQ(Last().rule(), "handshake");
}

TEST_F(GateTest, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> permits{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        permits += ReleaseAndWait(gate_, CallerForTest(v1::OPERATOR), AskForTest(Action::kListen)).ok() ? 1 : 0;
        gate_.Refused(v1::CONNECTION_REFUSED, "unknown-account", "", {});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  site_.committer->Drain();
  EXPECT_EQ(permits, 100);
  EXPECT_EQ(Size(), 110u);
  EXPECT_THAT(audit::Problems(site_.engine->records()), IsEmpty());
}

}  // namespace
}  // namespace otokura::access
