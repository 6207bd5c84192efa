// The book over a store that fails, with a real directory: who is suspended with what, and that no alarm is lost or taken in twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "server/incidents/fair_share.h"
#include "server/incidents/incident_book.h"
#include "server/runtime/event_log.h"
#include "tests/unit/access/directory_site.h"
#include "tests/unit/incidents/incident_site.h"

namespace otokura::incidents {
namespace {

using access::AccountForTest;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class IncidentBookTest : public access::DirectoryTest {
 protected:
  IncidentBookTest() { OpenBook(); }
  ~IncidentBookTest() override {
    site_.committer->Drain();
    book_.reset();
  }
  void OpenBook() {
    auto book =
        IncidentBook::Open({&site_.engine->records(), site_.committer.get(), &site_.keys, directory_.get(), &site_.clock, &events_});
    ASSERT_TRUE(book.ok()) << book.status();
    book_ = *std::move(book);
  }
  std::vector<v1::Incident> Unclosed() const {
    return book_->Unclosed([](const v1::Incident&) { return true; });
  }
  static Alarm Of(v1::IncidentAlarm facts, v1::Role role = v1::OPERATOR) {
    facts.set_role(role);
    Alarm alarm{std::move(facts), {}};
    alarm.who.account = alarm.facts.account();
    return alarm;
  }
  bool IsSuspended(const std::string& name) {
    directory_->Reread(name).IgnoreError();
    return directory_->Find(name)->state() == v1::Account::SUSPENDED;
  }
  absl::Status RaiseUntilTaken(const Alarm& alarm) {
    absl::Status raised = book_->Raise(alarm);
    while (absl::IsUnavailable(raised)) raised = book_->Raise(alarm);
    return raised;
  }

  runtime::EventLog events_{STDERR_FILENO};
  std::unique_ptr<IncidentBook> book_;
};

TEST_F(IncidentBookTest, I11_ARecorderIsNeverSuspended) {
  Enrol(AccountForTest(v1::RECORDER, "pbx"));
  ASSERT_EQ(book_->Raise(Of(AlarmForTest(v1::ENUMERATION, "pbx"), v1::RECORDER)), absl::OkStatus());
  EXPECT_FALSE(IsSuspended("pbx"));
  ASSERT_THAT(Unclosed(), SizeIs(1));
  EXPECT_FALSE(Unclosed()[0].alarms(0).suspended());
}

TEST_F(IncidentBookTest, OfTwoOfficersOneStays) {
  Enrol(AccountForTest(v1::SECURITY, "officer-1"));
  Enrol(AccountForTest(v1::SECURITY, "officer-2"));
  ASSERT_EQ(book_->Raise(Of(AlarmForTest(v1::ENUMERATION, "officer-1"), v1::SECURITY)), absl::OkStatus());
  EXPECT_TRUE(IsSuspended("officer-1"));
  ASSERT_EQ(book_->Raise(Of(AlarmForTest(v1::ENUMERATION, "officer-2"), v1::SECURITY)), absl::OkStatus());
  EXPECT_FALSE(IsSuspended("officer-2"));
  EXPECT_THAT(Unclosed(), SizeIs(2));
}

TEST_F(IncidentBookTest, I3_AnAlarmOfUnknownFateIsTakenInOnce) {
  Enrol(AccountForTest(v1::OPERATOR, "thief"));
  for (const bool stores_anyway : {true, false}) {
    const Alarm alarm = Of(AlarmForTest(v1::ENUMERATION, "thief"));
    FailOneCommit(stores_anyway);
    EXPECT_EQ(book_->Raise(alarm).code(), absl::StatusCode::kUnavailable);
    ASSERT_EQ(RaiseUntilTaken(alarm), absl::OkStatus());
  }
  EXPECT_TRUE(IsSuspended("thief"));
  ASSERT_THAT(Unclosed(), SizeIs(1));
  EXPECT_EQ(Unclosed()[0].alarms_size(), 2);
  EXPECT_TRUE(Unclosed()[0].alarms(0).suspended());
  EXPECT_FALSE(Unclosed()[0].alarms(1).suspended()) << "already";
}

TEST_F(IncidentBookTest, ARestartFindsWhatIsNotClosed) {
  Enrol(AccountForTest(v1::OPERATOR, "thief"));
  Enrol(AccountForTest(v1::OPERATOR, "other"));
  ASSERT_EQ(book_->Raise(Of(AlarmForTest(v1::RACED, "thief"))), absl::OkStatus());
  ASSERT_EQ(book_->Raise(Of(AlarmForTest(v1::RACED, "other"))), absl::OkStatus());
  const std::string id = Unclosed()[0].id();
  std::promise<absl::Status> closed;
  book_->Close(id, "nothing", "officer", Entry(v1::INCIDENT_CLOSE), [&](const auto& answer) { closed.set_value(answer.status()); });
  ASSERT_EQ(closed.get_future().get(), absl::OkStatus());
  OpenBook();
  ASSERT_THAT(Unclosed(), SizeIs(1));
  EXPECT_NE(Unclosed()[0].id(), id);
  EXPECT_THAT(*book_->List("", 10, /*with_closed=*/false), SizeIs(1));
  const auto all = book_->List("", 10, /*with_closed=*/true);
  ASSERT_THAT(*all, SizeIs(2));
  EXPECT_EQ((*all)[1].id(), id) << "newest first";
  EXPECT_THAT(*book_->List((*all)[0].id(), 10, true), SizeIs(1));
  EXPECT_THAT(*book_->List(id, 10, true), IsEmpty());
}

TEST_F(IncidentBookTest, TwoTouchesOfBaitSuspendAcrossARestart) {
  Enrol(AccountForTest(v1::OPERATOR, "thief"));
  ASSERT_EQ(book_->Raise(Of(CanaryForTest("thief", "bait-1"))), absl::OkStatus());
  EXPECT_FALSE(IsSuspended("thief"));
  OpenBook();
  ASSERT_EQ(book_->Raise(Of(CanaryForTest("thief", "bait-2", kFirstAlarm + absl::Hours(1)))), absl::OkStatus());
  EXPECT_TRUE(IsSuspended("thief"));
}

TEST_F(IncidentBookTest, I11_ADamagedIncidentStopsNoStartAndNoAlarm) {
  Enrol(AccountForTest(v1::OPERATOR, "thief"));
  ASSERT_EQ(book_->Raise(Of(AlarmForTest(v1::RACED, "thief"))), absl::OkStatus());
  const std::string id = Unclosed()[0].id();
  storage::Batch damage;
  damage.Put(storage::Table::kMeta, "incident/" + absl::BytesToHexString(id), "nonsense");
  ASSERT_EQ(site_.engine->records().Commit(damage), absl::OkStatus());
  OpenBook();
  EXPECT_THAT(Unclosed(), IsEmpty());
  EXPECT_EQ(book_->Find(id).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(book_->Raise(Of(AlarmForTest(v1::RACED, "thief"))), absl::OkStatus());
  EXPECT_THAT(Unclosed(), SizeIs(1));
}

TEST_F(IncidentBookTest, I5_OnlyWhoHadMoreThanItsPartOfASharedBudgetPersists) {
  for (const char* name : {"operator-1", "operator-2"}) {
    v1::Account account = AccountForTest(v1::OPERATOR, name);
    account.clear_centres();
    account.add_centres("Tokyo");
    Enrol(account);
  }
  FairShare fair_share(directory_.get());
  access::BudgetRefusal refusal{access::SubjectKind::kCentre, "Tokyo", 100, 50, false};
  EXPECT_FALSE(fair_share.IsExceeded(refusal, absl::ZeroDuration()));
  refusal.own_use = 51;
  EXPECT_TRUE(fair_share.IsExceeded(refusal, absl::ZeroDuration()));
  ASSERT_TRUE(Suspend("operator-2").ok());
  EXPECT_TRUE(fair_share.IsExceeded(refusal, kSharersCountedFor - absl::Nanoseconds(1))) << "counted once a minute";
  EXPECT_FALSE(fair_share.IsExceeded(refusal, kSharersCountedFor)) << "the part of one is all of it";
  refusal.of = access::SubjectKind::kPerson;
  EXPECT_TRUE(fair_share.IsExceeded(refusal, absl::ZeroDuration())) << "a budget of its own";
}

}  // namespace
}  // namespace otokura::incidents
