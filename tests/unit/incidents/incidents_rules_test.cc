// What is counted how long, what belongs together, and whose part of a budget is too much: at their edges.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/incidents/alarm_counts.h"
#include "server/incidents/fair_share.h"
#include "server/incidents/incident_changes.h"
#include "server/incidents/what_left.h"
#include "tests/unit/incidents/incident_site.h"

namespace otokura::incidents {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr uint32_t kMax = 5;
constexpr absl::Duration kTick = absl::Nanoseconds(1);

// ---- counts

TEST(AlarmCounts, OneMoreThanTheMaximumWithinAnHourIsAnAlarmAndBeginsAnew) {
  AlarmCounts counts;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < kMax; ++i) EXPECT_FALSE(counts.RefusedByBudget("a", kMax, absl::ZeroDuration()));
    EXPECT_TRUE(counts.RefusedByBudget("a", kMax, absl::ZeroDuration()));
  }
}

TEST(AlarmCounts, ExactlyAnHourAgoCountsNoMore) {
  AlarmCounts counts;
  for (uint32_t i = 0; i < kMax; ++i) EXPECT_FALSE(counts.RefusedByBudget("a", kMax, absl::ZeroDuration()));
  EXPECT_FALSE(counts.RefusedByBudget("a", kMax, absl::Hours(1)));
  for (uint32_t i = 0; i < kMax; ++i) EXPECT_FALSE(counts.RefusedByBudget("b", kMax, absl::ZeroDuration()));
  EXPECT_TRUE(counts.RefusedByBudget("b", kMax, absl::Hours(1) - kTick));
}

TEST(AlarmCounts, AccountsAreCountedApart) {
  AlarmCounts counts;
  for (uint32_t i = 0; i < kMax; ++i) EXPECT_FALSE(counts.RefusedByBudget("a", kMax, absl::ZeroDuration()));
  EXPECT_FALSE(counts.RefusedByBudget("b", kMax, absl::ZeroDuration()));
}

TEST(AlarmCounts, AnIdCountsOnceHoweverOftenItIsAskedFor) {
  AlarmCounts counts;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(counts.AskedOutOfReach("a", "the same", kMax, absl::ZeroDuration()));
  for (uint32_t i = 1; i < kMax; ++i) EXPECT_FALSE(counts.AskedOutOfReach("a", absl::StrCat(i), kMax, absl::ZeroDuration()));
  EXPECT_TRUE(counts.AskedOutOfReach("a", "one more", kMax, absl::Hours(1) - kTick));
}

TEST(AlarmCounts, IdsOfAnHourAgoAreForgotten) {
  AlarmCounts counts;
  for (uint32_t i = 0; i < kMax; ++i) EXPECT_FALSE(counts.AskedOutOfReach("a", absl::StrCat(i), kMax, absl::ZeroDuration()));
  EXPECT_FALSE(counts.AskedOutOfReach("a", "one more", kMax, absl::Hours(1)));
}

TEST(AlarmCounts, RacesCountForAMinute) {
  AlarmCounts counts;
  for (uint32_t i = 0; i < kRacesMax; ++i) EXPECT_FALSE(counts.Raced("a", absl::ZeroDuration()));
  EXPECT_FALSE(counts.Raced("a", absl::Minutes(1)));
  for (uint32_t i = 0; i < kRacesMax; ++i) EXPECT_FALSE(counts.Raced("b", absl::ZeroDuration()));
  EXPECT_TRUE(counts.Raced("b", absl::Minutes(1) - kTick));
}

TEST(AlarmCounts, TheSameCanaryIsOneTouchAnHour) {
  AlarmCounts counts;
  EXPECT_TRUE(counts.TouchedCanary("a", "bait", absl::ZeroDuration()));
  EXPECT_FALSE(counts.TouchedCanary("a", "bait", absl::Hours(1) - kTick));
  EXPECT_TRUE(counts.TouchedCanary("a", "other bait", absl::ZeroDuration()));
  EXPECT_TRUE(counts.TouchedCanary("b", "bait", absl::ZeroDuration()));
  EXPECT_TRUE(counts.TouchedCanary("a", "bait", absl::Hours(1)));
}

TEST(AlarmCounts, I10_MoreAccountsThanAreCountedAreSaidToBeLeftOut) {
  AlarmCounts counts;
  for (size_t i = 0; i < kCountedAccountsMax; ++i) counts.RefusedByBudget(absl::StrCat("a", i), 0, absl::ZeroDuration());
  EXPECT_EQ(counts.TakeUncounted(), 0u);
  EXPECT_FALSE(counts.RefusedByBudget("one more", 0, absl::ZeroDuration()));
  EXPECT_EQ(counts.TakeUncounted(), 1u);
  EXPECT_EQ(counts.TakeUncounted(), 0u);
  EXPECT_TRUE(counts.RefusedByBudget("one more", 0, absl::Hours(1))) << "there is room again";
}

TEST(FairShare, OverItIsMoreThanTheBudgetDividedByThoseWhoShareIt) {
  EXPECT_FALSE(IsOverFairShare(25, 100, 4));
  EXPECT_TRUE(IsOverFairShare(26, 100, 4));
  EXPECT_FALSE(IsOverFairShare(100, 100, 1));
  EXPECT_FALSE(IsOverFairShare(0, 0, 0)) << "a budget of nothing is nobody's fault";
  EXPECT_TRUE(IsOverFairShare(1, 3, 4));
}

// ---- incidents

TEST(IncidentChanges, AlarmsWithSomethingInCommonBelongTogether) {
  v1::IncidentAlarm first = CanaryForTest("a", "bait");
  first.set_company("Maintenance Ltd");
  const v1::Incident incident = Opened("id", first);
  EXPECT_TRUE(Concerns(incident, AlarmForTest(v1::RACED, "a")));
  EXPECT_TRUE(Concerns(incident, CanaryForTest("b", "bait")));
  v1::IncidentAlarm alarm = AlarmForTest(v1::RACED, "b");
  EXPECT_FALSE(Concerns(incident, alarm));
  alarm.set_address("host-of-a");
  EXPECT_TRUE(Concerns(incident, alarm));
  alarm = AlarmForTest(v1::RACED, "b");
  alarm.set_company("Maintenance Ltd");
  EXPECT_TRUE(Concerns(incident, alarm));
  alarm.set_company("");
  EXPECT_FALSE(Concerns(Opened("id", AlarmForTest(v1::RACED, "a")), alarm)) << "having no company is nothing in common";
}

TEST(IncidentChanges, TheSecondAlarmRaisesTheLevelAndTheThirdDoesNot) {
  v1::Incident incident = Opened("id", AlarmForTest(v1::RACED, "a"));
  EXPECT_EQ(incident.level(), 1u);
  EXPECT_FALSE(incident.raised());
  incident = *Acknowledged(incident, "on it", "officer", kFirstAlarm);
  incident = Joined(incident, AlarmForTest(v1::ENUMERATION, "a"));
  EXPECT_EQ(incident.level(), 2u);
  EXPECT_TRUE(incident.raised());
  EXPECT_EQ(incident.state(), v1::Incident::OPEN);
  incident = *Acknowledged(incident, "on it again", "officer", kFirstAlarm);
  incident = Joined(incident, AlarmForTest(v1::PERSISTENCE, "b"));
  EXPECT_EQ(incident.level(), 2u);
  EXPECT_EQ(incident.state(), v1::Incident::ACKNOWLEDGED) << "somebody looks after it";
  EXPECT_THAT(incident.accounts(), ElementsAre("a", "b"));
}

TEST(IncidentChanges, I10_TheFirstHundredAlarmsAreKeptAndTheOthersCounted) {
  v1::Incident incident = Opened("id", AlarmForTest(v1::RACED, "a"));
  for (int i = 1; i < kAlarmsKeptMax; ++i) incident = Joined(incident, AlarmForTest(v1::RACED, "a"));
  EXPECT_THAT(incident.alarms(), SizeIs(kAlarmsKeptMax));
  EXPECT_EQ(incident.alarms_beyond(), 0u);
  incident = Joined(incident, AlarmForTest(v1::RACED, "a"));
  EXPECT_THAT(incident.alarms(), SizeIs(kAlarmsKeptMax));
  EXPECT_EQ(incident.alarms_beyond(), 1u);
  for (int i = 0; i < 2 * kConcernedMax; ++i) incident = Joined(incident, AlarmForTest(v1::RACED, absl::StrCat("b", i)));
  EXPECT_EQ(incident.accounts_size(), kConcernedMax);
}

TEST(IncidentChanges, ACanaryIsCorroboratedByAnotherOneOrAnotherAlarmWithinADay) {
  const v1::IncidentAlarm touch = CanaryForTest("a", "bait", kFirstAlarm + kCorroboratedWithin);
  EXPECT_FALSE(Corroborates(Opened("id", CanaryForTest("a", "bait")), touch)) << "the same one";
  EXPECT_TRUE(Corroborates(Opened("id", CanaryForTest("a", "other bait")), touch));
  EXPECT_FALSE(Corroborates(Opened("id", CanaryForTest("a", "other bait", kFirstAlarm - absl::Milliseconds(1))), touch)) << "of a day ago";
  EXPECT_TRUE(Corroborates(Opened("id", AlarmForTest(v1::RACED, "a")), touch));
  EXPECT_FALSE(Corroborates(Opened("id", AlarmForTest(v1::RACED, "b")), touch)) << "another account's";
}

TEST(IncidentChanges, WhatIsClosedStaysClosed) {
  v1::Incident incident = *Closed(Opened("id", AlarmForTest(v1::RACED, "a")), "nothing", "officer", kFirstAlarm);
  EXPECT_EQ(Closed(incident, "again", "officer", kFirstAlarm).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Acknowledged(incident, "again", "officer", kFirstAlarm).status().code(), absl::StatusCode::kFailedPrecondition);
}

// ---- what left

v1::AuditEntry ReleaseForTest(v1::AuditAction action, uint64_t sequence, const std::string& recording, uint64_t bytes) {
  v1::AuditEntry leaf;
  leaf.set_action(action);
  leaf.set_decision(v1::ALLOWED);
  leaf.set_sequence(sequence);
  leaf.set_recording_id(recording);
  leaf.set_reserved_bytes(bytes);
  leaf.add_caller_pseudonyms("caller of " + recording);
  return leaf;
}

v1::AuditEntry EndForTest(uint64_t of_sequence, uint64_t bytes, const std::string& outcome = "OK") {
  v1::AuditEntry leaf;
  leaf.set_action(v1::DELIVERED);
  leaf.set_decision(v1::NOTED);
  leaf.set_of_sequence(of_sequence);
  leaf.set_delivered_bytes(bytes);
  leaf.set_outcome(outcome);
  return leaf;
}

TEST(WhatLeft, IsWhatWasDeliveredAndAllThatWasAskedForWhereNobodyKnows) {
  WhatLeft sum;
  sum.Add(EndForTest(4, 30));
  sum.Add(ReleaseForTest(v1::EXPORT, 4, "exported", 30));
  sum.Add(EndForTest(3, 0, "CANCELLED"));
  sum.Add(ReleaseForTest(v1::LISTEN, 3, "never heard", 1000));
  sum.Add(ReleaseForTest(v1::DOWNLOAD, 2, "killed in between", 500));
  sum.Add(EndForTest(1, 70, "PERMISSION_DENIED"));
  sum.Add(ReleaseForTest(v1::LISTEN, 1, "cut", 1000));
  sum.Add(EndForTest(0, 0));
  sum.Add(ReleaseForTest(v1::SHOW, 0, "cut", 0));
  v1::ReportIncidentResponse report;
  sum.PutInto(&report);
  EXPECT_EQ(report.recordings_heard(), 3u);
  EXPECT_EQ(report.audio_bytes(), 600u);
  EXPECT_EQ(report.downloads(), 2u) << "what can be kept: exported too";
  EXPECT_EQ(report.recordings_shown(), 1u);
  EXPECT_EQ(report.persons(), 3u);
}

}  // namespace
}  // namespace otokura::incidents
