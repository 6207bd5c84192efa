// Which step of the ladder is due when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/incidents/incident_changes.h"
#include "server/incidents/ladder.h"
#include "tests/unit/incidents/incident_site.h"

namespace otokura::incidents {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::LadderStep StepForTest(const std::string& name, uint32_t minutes, const std::vector<std::string>& alerts) {
  v1::LadderStep step;
  step.set_name(name);
  step.set_after_minutes(minutes);
  for (const std::string& alert : alerts) step.add_alerts(alert);
  return step;
}

AlertConfigs AlertsForTest(const std::vector<std::string>& names) {
  AlertConfigs alerts;
  for (const std::string& name : names) alerts.Add()->set_name(name);
  return alerts;
}

const std::vector<v1::LadderStep> kSteps = {StepForTest("staff", 0, {"a"}), StepForTest("csirt", 15, {"a", "b"}),
                                            StepForTest("ciso", 60, {"b"})};

v1::Incident AfterSteps(size_t taken) {
  v1::Incident incident = Opened("id", AlarmForTest(v1::RACED, "somebody"));
  for (size_t step = 0; step < taken; ++step) incident = StepTaken(incident, step, kSteps[step].name(), {});
  return incident;
}

TEST(Ladder, AStepIsDueSoLongAfterTheFirstAlarmAndNotAMomentBefore) {
  EXPECT_EQ(DueStep(AfterSteps(0), kSteps, kFirstAlarm), 0u);
  EXPECT_EQ(DueStep(AfterSteps(1), kSteps, kFirstAlarm + absl::Minutes(15) - absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(DueStep(AfterSteps(1), kSteps, kFirstAlarm + absl::Minutes(15)), 1u);
  EXPECT_EQ(DueStep(AfterSteps(2), kSteps, kFirstAlarm + absl::Minutes(59)), std::nullopt);
  EXPECT_EQ(DueStep(AfterSteps(2), kSteps, kFirstAlarm + absl::Hours(100)), 2u) << "also when nobody looked for long";
  EXPECT_EQ(DueStep(AfterSteps(3), kSteps, kFirstAlarm + absl::Hours(100)), std::nullopt);
}

TEST(Ladder, NothingIsDueOnceSomebodyLooksAfterIt) {
  EXPECT_EQ(DueStep(*Acknowledged(AfterSteps(0), "on it", "officer", kFirstAlarm), kSteps, kFirstAlarm + absl::Hours(9)), std::nullopt);
  EXPECT_EQ(DueStep(*Closed(AfterSteps(0), "nothing", "officer", kFirstAlarm), kSteps, kFirstAlarm + absl::Hours(9)), std::nullopt);
}

TEST(Ladder, ARaisedLevelBeginsAtTheNextStepOrTheLastAgain) {
  EXPECT_EQ(DueStep(Joined(AfterSteps(1), AlarmForTest(v1::RACED, "somebody")), kSteps, kFirstAlarm), 1u);
  EXPECT_EQ(DueStep(Joined(AfterSteps(3), AlarmForTest(v1::RACED, "somebody")), kSteps, kFirstAlarm), 2u);
}

TEST(Ladder, WithoutStepsThereIsOneForEverybody) {
  const auto steps = StepsOf(v1::IncidentRule(), AlertsForTest({"a", "b"}));
  ASSERT_THAT(steps, SizeIs(1));
  EXPECT_THAT(steps[0].alerts(), ElementsAre("a", "b"));
  EXPECT_EQ(DueStep(AfterSteps(0), steps, kFirstAlarm), 0u);
}

TEST(Ladder, AlertsThatAreNotThereAreLeftOutAndSaid) {
  v1::IncidentRule rule;
  *rule.add_ladder() = kSteps[1];
  EXPECT_THAT(AlertsOf(kSteps[1], AlertsForTest({"b"})), ElementsAre("b"));
  EXPECT_THAT(LadderWarnings(rule, AlertsForTest({"b"})), ElementsAre(HasSubstr("step 'csirt' names the alert 'a'")));
  EXPECT_THAT(LadderWarnings(rule, AlertsForTest({"a", "b"})), IsEmpty());
  EXPECT_THAT(LadderWarnings(v1::IncidentRule(), {}), ElementsAre(HasSubstr("nobody is told")));
}

TEST(Ladder, WhatWasToldIsToldNoMoreAndWhatWasNotWaitsOn) {
  v1::Incident incident = StepTaken(AfterSteps(0), 0, "staff", {"a"});
  incident = StepTaken(incident, 1, "csirt", {"a", "b"});
  EXPECT_THAT(incident.awaiting(), ElementsAre("a", "b"));
  incident = Told(incident, 1, "a");
  EXPECT_THAT(incident.awaiting(), ElementsAre("a", "b")) << "it was told of the step before";
  incident = Told(incident, 2, "a");
  EXPECT_THAT(incident.awaiting(), ElementsAre("b"));
  const uint64_t revision = incident.revision();
  EXPECT_EQ(Told(incident, 2, "a").revision(), revision) << "nothing to write";
}

}  // namespace
}  // namespace otokura::incidents
