// A gateway in this process whose clock a thief, or somebody who helps one, sets: while it runs and between two starts.
#ifndef OTOKURA_TESTS_FAULT_TIMED_SITE_H_
#define OTOKURA_TESTS_FAULT_TIMED_SITE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::fault {

class TimedSite {
 public:
  // Initialised, started, with everybody, under the policy for tests with that change.
  void SetUp(const policy::Change& change) {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(StartAt(start_), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, change))), absl::OkStatus());
    Advance(absl::Seconds(1));
  }
  // With the wall clock there; what the machine is up for goes on.
  absl::Status StartAt(absl::Time wall) {
    auto clock = std::make_unique<runtime::FakeClock>(wall - up_);
    clock->Advance(up_);
    clock_ = clock.get();
    gateway::Gateway::Options options;
    options.clock = std::move(clock);
    return site_.Start(std::move(options));
  }
  absl::Status RestartAt(absl::Time wall) {
    if (clock_ != nullptr) Stop();
    absl::Status started = StartAt(wall);
    if (started.ok()) Advance(absl::Seconds(1));
    return started;
  }
  void Stop() {
    stopped_at_ = clock_->Now();
    clock_ = nullptr;
    site_.Stop();
  }
  // After a Stop, with the clock as it was.
  absl::Status StartAgain() { return RestartAt(stopped_at_); }
  // Real time passes.
  void Advance(absl::Duration by) {
    clock_->Advance(by);
    up_ += by;
  }
  void StepWall(absl::Duration by) { clock_->StepWall(by); }
  absl::Duration up() const { return up_; }
  absl::Time now() const { return clock_->Now(); }
  absl::Time start() const { return start_; }
  integration::Site& site() { return site_; }

  std::string Record(const std::string& call_id, uint64_t bytes, const std::string& caller_number = "") {
    v1::RecordRequest open = integration::OpenRequest(call_id);
    if (!caller_number.empty()) open.mutable_open()->mutable_metadata()->set_caller_number(caller_number);
    const auto sealed = integration::RecordCall(site_.ConnectAs("recorder"), open, integration::Speech(bytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  // Stops it: the ledger that is kept is the one that the log adds up to.
  void ExpectWhole() {
    site_.Stop();
    EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
  }

 private:
  const absl::Time start_ = absl::Now() + absl::Minutes(5);  // certificates that are issued as they are needed are valid by then
  absl::Duration up_ = absl::Hours(1);
  absl::Time stopped_at_;
  integration::Site site_;
  runtime::FakeClock* clock_ = nullptr;  // the gateway's
};

inline void SetBudget(v1::RoleRule* rule, v1::Window window, uint64_t recordings, uint64_t audio_bytes) {
  v1::Budget* const budget = rule->add_budgets();
  budget->set_window(window);
  budget->set_recordings(recordings);
  budget->set_audio_bytes(audio_bytes);
}

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_TIMED_SITE_H_
