// Refusals as fast as this machine carries them, of an account and of strangers, with the gateway restarted in the midst of it: the log
// stays within its ceilings, and its entries and summaries add up to the refusals that were told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/synchronization/notification.h"
#include "server/access/refusal_floods.h"
#include "tests/fault/library_site.h"

namespace otokura::fault {
namespace {

using integration::LoggedEntry;

constexpr int kSecondsDefault = 6;  // OTOKURA_FLOOD_SECONDS=… takes another
constexpr int64_t kSecondsADay = 86'400;
constexpr int kConnectionsEach = 2;                   // of the account, and of strangers
constexpr int kInFlight = 32;                         // on each connection
constexpr uint64_t kAccountLogBytes = 40'000;         // a day: fewer entries than a minute's sixty
constexpr uint64_t kAddressLogBytes = 2 * 40'000;     // of the loopback, whence all come
constexpr uint64_t kEverybodysLogBytes = 4 * 40'000;  // summaries count against it too
constexpr std::chrono::seconds kCallPatience{60};     // a refusal is told within it, however busy the machine

std::chrono::seconds Seconds() {
  const char* text = std::getenv("OTOKURA_FLOOD_SECONDS");
  return std::chrono::seconds(text == nullptr ? kSecondsDefault : std::strtol(text, nullptr, 10));
}

// Asks for what is refused, many times at once and again and again, until the time is up.
class Flood {
 public:
  Flood(const integration::Site& site, const std::string& account, const std::string& recording_id,
        std::chrono::steady_clock::time_point end)
      : stub_(v1::Access::NewStub(site.ConnectAs(account))), end_(end), left_(kInFlight) {
    request_.set_recording_id(recording_id);
    request_.mutable_justification()->set_purpose("inquiry");
    request_.mutable_justification()->set_reference("CASE-1");
    for (Call& call : calls_) AskOn(call);
  }
  // How many refusals were told.
  uint64_t Told() {
    ended_.WaitForNotification();
    return told_;
  }

 private:
  struct Call {
    std::optional<grpc::ClientContext> context;
    v1::ShowResponse response;
  };
  // A context holds its channel: the last of them must not go in a callback, whose thread the channel would then wait for.
  void AskOn(Call& call) {
    if (std::chrono::steady_clock::now() >= end_) {
      if (--left_ == 0) ended_.Notify();
      return;
    }
    call.context.emplace();
    call.context->set_deadline(std::chrono::system_clock::now() + kCallPatience);
    stub_->async()->Show(&*call.context, &request_, &call.response, [this, &call](const grpc::Status& status) {
      EXPECT_THAT(status.error_code(), testing::AnyOf(grpc::StatusCode::PERMISSION_DENIED, grpc::StatusCode::RESOURCE_EXHAUSTED,
                                                      grpc::StatusCode::UNAUTHENTICATED));
      ++told_;
      AskOn(call);
    });
  }

  const std::unique_ptr<v1::Access::Stub> stub_;
  const std::chrono::steady_clock::time_point end_;
  std::array<Call, kInFlight> calls_;
  v1::ShowRequest request_;
  std::atomic<uint64_t> told_{0};
  std::atomic<int> left_;
  absl::Notification ended_;
};

struct Refused {
  uint64_t of_the_account = 0;
  uint64_t of_strangers = 0;
};

Refused FloodFor(const integration::Site& site, const std::string& recording_id, std::chrono::seconds length) {
  const auto end = std::chrono::steady_clock::now() + length;
  std::vector<std::unique_ptr<Flood>> account, strangers;
  for (int i = 0; i < kConnectionsEach; ++i) {
    account.push_back(std::make_unique<Flood>(site, "contractor", recording_id, end));
    strangers.push_back(std::make_unique<Flood>(site, "stranger", recording_id, end));
  }
  Refused refused;
  for (const auto& flood : account) refused.of_the_account += flood->Told();
  for (const auto& flood : strangers) refused.of_strangers += flood->Told();
  const uint64_t all = refused.of_the_account + refused.of_strangers;
  std::cout << all << " refusals in " << length.count() << " s, " << all / static_cast<uint64_t>(length.count()) << " a second"
            << std::endl;
  return refused;
}

// What the log says of it.
struct Logged {
  Refused refused;
  Refused entries;  // of those that were written one by one
  uint64_t bytes = 0;
  int64_t last_day = 0;  // UTC
};

Logged LoggedBy(const std::vector<LoggedEntry>& log) {
  Logged logged;
  logged.last_day = log.empty() ? 0 : absl::ToUnixSeconds(absl::FromUnixMicros(log.back().leaf.time_unix_us())) / kSecondsADay;
  for (const LoggedEntry& entry : log) {
    if (entry.leaf.decision() != v1::DENIED) continue;
    const bool of_the_account = entry.details.account().value() == "contractor";
    (of_the_account ? logged.refused.of_the_account : logged.refused.of_strangers) += std::max<uint64_t>(entry.leaf.rows(), 1);
    if (entry.leaf.rows() == 0) ++(of_the_account ? logged.entries.of_the_account : logged.entries.of_strangers);
    logged.bytes += entry.leaf.ByteSizeLong() + entry.details.ByteSizeLong();
  }
  return logged;
}

TEST(RefusalFlood, I6_I10_StaysWithinItsCeilingsAndAddsUpAcrossARestart) {
  LibrarySite site;
  v1::LimitsConfig& limits = *site.site().config().mutable_limits();
  limits.set_refusal_log_bytes_per_account_day(kAccountLogBytes);
  limits.set_refusal_log_bytes_per_address_day(kAddressLogBytes);
  limits.set_refusal_log_bytes_per_day(kEverybodysLogBytes);
  ASSERT_EQ(site.Set(), absl::OkStatus());
  const auto sealed =
      integration::RecordCall(site.site().ConnectAs("recorder"), integration::OpenRequest("asked-for"), integration::Speech(20000));
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const std::chrono::seconds half = Seconds() / 2;

  const Refused first = FloodFor(site.site(), sealed->recording_id(), half);
  site.site().Signal(SIGTERM);
  ASSERT_EQ(site.site().WaitForProcess(), 0);
  ASSERT_EQ(site.Start(), absl::OkStatus());
  const Logged before = LoggedBy(site.Log());
  EXPECT_EQ(before.refused.of_the_account, first.of_the_account);
  EXPECT_EQ(before.refused.of_strangers, first.of_strangers);
  EXPECT_GT(before.entries.of_the_account, 0u);
  EXPECT_LT(before.entries.of_the_account, uint64_t{access::kAccountRefusalsPerMinute})
      << "the ceiling was reached, else this shows little";

  const Refused second = FloodFor(site.site(), sealed->recording_id(), half);
  site.StopAndExpectWhole();
  ASSERT_EQ(site.Start(), absl::OkStatus());
  const Logged after = LoggedBy(site.Log());
  EXPECT_EQ(after.refused.of_the_account, first.of_the_account + second.of_the_account);
  EXPECT_EQ(after.refused.of_strangers, first.of_strangers + second.of_strangers);
  if (after.last_day == before.last_day) {  // else it began anew at midnight
    EXPECT_EQ(after.entries.of_the_account, before.entries.of_the_account) << "the day's allowance was used up before the restart";
  }
  const auto minutes = static_cast<uint64_t>(Seconds().count()) / 60 + 2;
  EXPECT_LE(after.bytes, kEverybodysLogBytes + 2 * minutes * 2 * access::LogCeilings::kSummaryBytes);
  site.StopAndExpectWhole();
}

}  // namespace
}  // namespace otokura::fault
