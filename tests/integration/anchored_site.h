// A site whose checkpoints are published ten times a second and go to anchors.
#ifndef OTOKURA_TESTS_INTEGRATION_ANCHORED_SITE_H_
#define OTOKURA_TESTS_INTEGRATION_ANCHORED_SITE_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "otokura/v1/config.pb.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {

inline constexpr absl::Duration kPatience = absl::Seconds(60);  // a busy machine under a sanitizer
// How often something is looked at: what is refused more often than sixty times a minute is refused for that.
inline constexpr absl::Duration kLook = absl::Milliseconds(400);
inline constexpr uint32_t kLagSeconds = 2;

inline bool Eventually(const std::function<bool()>& what) {
  for (const absl::Time deadline = absl::Now() + kPatience; absl::Now() < deadline; absl::SleepFor(kLook)) {
    if (what()) return true;
  }
  return what();
}

inline std::string LogKey(Site& site) {
  const std::string line = ReadFile(site.config().key_store_dir() + "/log.vkey");
  return line.substr(0, line.find('\n'));
}

class AnchoredSiteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_log()->set_checkpoint_interval_ms(100);
    site_.config().mutable_log()->set_anchor_lag_seconds(kLagSeconds);
    ASSERT_EQ(site_.Init(), absl::OkStatus());
  }
  void StartWith(const v1::AnchorConfig& anchor) {
    *site_.config().mutable_log()->add_anchors() = anchor;
    ASSERT_EQ(site_.Start(), absl::OkStatus());
  }
  void EnrolAndRecord() {
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest("call"), Speech(40000));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    recording_ = sealed->recording_id();
  }
  absl::Status Hear(Site& site) { return Listen(site.ConnectAs("operator"), recording_, {}).status; }
  absl::Status Hear() { return Hear(site_); }

  Site site_;
  std::string recording_;
};

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_ANCHORED_SITE_H_
