// Whoever listens gets no more than ears could take, however the streams are opened, sought in, given up and doubled, and whatever happens
// to the gateway meanwhile. What counts is what the receiver got.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <random>
#include <thread>

#include "tests/integration/clients.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::fault {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kBytesPerSecond = 8'000;  // G.711
constexpr uint32_t kPercent = 400;
constexpr uint32_t kLeadSeconds = 2;
constexpr uint64_t kCallBytes = 60 * kBytesPerSecond;
constexpr std::chrono::seconds kTheft{4};
constexpr std::chrono::milliseconds kBetweenTries{100};  // sixty refusals a minute, and an account waits
constexpr int kThieves = 6;

class ListeningPace : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    v1::AddAccountRequest second = integration::AccountRequest("operator-2", v1::SUPERVISOR);
    second.mutable_account()->set_person_id(integration::AccountRequest("supervisor", v1::SUPERVISOR).account().person_id());
    ASSERT_EQ(site_.Enrol(second), absl::OkStatus());
    const auto sealed =
        integration::RecordCall(site_.ConnectAs("recorder"), integration::OpenRequest("call"), integration::Speech(kCallBytes));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    call_ = sealed->recording_id();
    std::cout << "seed " << seed_ << std::endl;
  }
  void Pace(uint32_t percent, uint32_t lead_seconds) {
    const auto set = [=](v1::Policy* policy) {
      policy->mutable_listen_pace()->set_percent(percent);
      policy->mutable_listen_pace()->set_lead_seconds(lead_seconds);
      policy->mutable_listen_pace()->clear_streams_max();
    };
    paced_since_ = steady_clock::now();
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, set))), absl::OkStatus());
  }
  // Opens a stream somewhere in the call, reads a few messages, hangs up, for as long as told.
  void SeekAndHangUp(const std::string& account, unsigned seed, steady_clock::time_point until) {
    std::mt19937 random(seed);
    const auto channel = site_.ConnectAs(account);
    while (steady_clock::now() < until) {
      v1::Access::Stub stub(channel);
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + integration::kAnswerPatience);
      v1::RetrieveRequest request;
      request.set_recording_id(call_);
      request.set_offset(random() % kCallBytes);
      request.mutable_justification()->set_purpose("inquiry");
      request.mutable_justification()->set_reference("C-1");
      const auto stream = stub.Listen(&context, request);
      v1::RetrieveResponse response;
      bool open = true;
      for (unsigned messages = random() % 4 + 1; messages > 0 && open; --messages) {
        open = stream->Read(&response);
        if (open) got_ += response.audio().size();
      }
      if (open) context.TryCancel();
      while (stream->Read(&response)) got_ += response.audio().size();
      if (stream->Finish().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) ++refused_;
      std::this_thread::sleep_for(kBetweenTries);
    }
  }
  void Steal() {
    std::vector<std::thread> thieves;
    for (unsigned thief = 0; thief < kThieves; ++thief) {
      thieves.emplace_back([this, thief, until = steady_clock::now() + kTheft] {
        SeekAndHangUp(thief % 2 == 0 ? "supervisor" : "operator-2", seed_ + thief, until);
      });
    }
    for (std::thread& thief : thieves) thief.join();
  }
  uint64_t CeilingBytes() const {
    const std::chrono::duration<double> passed = steady_clock::now() - paced_since_;
    return static_cast<uint64_t>((kLeadSeconds + passed.count() * kPercent / 100) * kBytesPerSecond);
  }

  integration::Site site_;
  std::string call_;
  const unsigned seed_ = std::random_device{}();
  steady_clock::time_point paced_since_;
  std::atomic<uint64_t> got_{0};
  std::atomic<int> refused_{0};
};

TEST_F(ListeningPace, I5_SeekingAndHangingUpOverTwoAccountsOfOnePerson) {
  Pace(kPercent, kLeadSeconds);
  Steal();
  const uint64_t ceiling = CeilingBytes();
  std::cout << "got " << got_ << " of at most " << ceiling << " bytes, " << refused_ << " refused" << std::endl;
  EXPECT_LE(got_, ceiling);
  EXPECT_GT(got_, 0u);
  EXPECT_GT(refused_, 0) << "six thieves, and no two listened at once";
}

TEST_F(ListeningPace, I5_AKillFillsNoBucket) {
  Pace(kPercent, kLeadSeconds);
  for (int kill = 0; kill < 3; ++kill) {
    std::thread thief([this] { SeekAndHangUp("supervisor", seed_, steady_clock::now() + kTheft / 2); });
    while (got_ == 0 && kill == 0) std::this_thread::yield();
    site_.Signal(SIGKILL);
    EXPECT_EQ(site_.WaitForProcess(), -SIGKILL);
    thief.join();
    ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
  }
  Steal();
  const uint64_t ceiling = CeilingBytes();
  std::cout << "got " << got_ << " of at most " << ceiling << " bytes" << std::endl;
  EXPECT_LE(got_, ceiling);
}

TEST_F(ListeningPace, ADownloadIsNotPaced) {
  Pace(100, 1);
  const integration::Retrieved got = integration::Download(site_.ConnectAs("supervisor"), call_, {});
  EXPECT_EQ(got.status, absl::OkStatus());
  EXPECT_EQ(got.audio.size(), kCallBytes);
  EXPECT_LT(steady_clock::now() - paced_since_, std::chrono::seconds(60));
}

// At this pace the whole takes a minute: whoever waits for the next second must not outwait a suspension.
TEST_F(ListeningPace, I6_AStreamThatWaitsIsCut) {
  Pace(100, 1);
  std::atomic<bool> heard{false};
  absl::Status end;
  std::thread listener([&] {
    v1::Access::Stub stub(site_.ConnectAs("supervisor"));
    grpc::ClientContext context;
    v1::RetrieveRequest request;
    request.set_recording_id(call_);
    request.mutable_justification()->set_purpose("inquiry");
    request.mutable_justification()->set_reference("C-1");
    const auto stream = stub.Listen(&context, request);
    v1::RetrieveResponse response;
    while (stream->Read(&response)) heard = heard || response.has_audio();
    end = rpc::FromGrpc(stream->Finish());
  });
  while (!heard) std::this_thread::yield();
  v1::SuspendAccountRequest suspend;
  suspend.set_name("supervisor");
  suspend.set_reason("a stolen laptop");
  v1::SuspendAccountResponse suspended;
  ASSERT_EQ(site_.AskAs("security", &v1::Admin::Stub::SuspendAccount, suspend, &suspended), absl::OkStatus());
  const auto cut_at = steady_clock::now();
  listener.join();
  EXPECT_TRUE(absl::IsPermissionDenied(end)) << end;
  EXPECT_LT(steady_clock::now() - cut_at, std::chrono::seconds(20));
}

}  // namespace
}  // namespace otokura::fault
