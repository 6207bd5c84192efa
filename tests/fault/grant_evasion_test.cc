// Thieves with grants and real connections: many people of one firm, sub-contractors of sub-contractors, a grant revoked in the middle, an
// approver who approves too much. What counts is what the receivers got, to the byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <random>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/fault/loot.h"
#include "tests/integration/clients.h"
#include "tests/integration/grant_calls.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::fault {
namespace {

constexpr uint64_t kCallBytes = 60'000;
constexpr int kPeople = 10;
constexpr int kAttemptsEach = 6;
constexpr uint32_t kStreamsOfAnAccount = 64;

v1::Contract TermsWith(const std::string& name, uint64_t audio_bytes, const std::string& parent = "") {
  v1::Contract terms = integration::ContractTerms(name);
  terms.set_company("Company of " + name);
  terms.set_parent(parent);
  v1::Budget* const budget = terms.add_budgets();
  budget->set_window(v1::DAYS_30);
  budget->set_audio_bytes(audio_bytes);
  return terms;
}

class GrantEvasion : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_limits()->set_retrievals_per_account_max(kStreamsOfAnAccount);
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.StartProcess(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    ASSERT_EQ(LoadPolicy(2, nullptr), absl::OkStatus());
    seed_ = std::random_device{}();
    std::cout << "seed " << seed_ << std::endl;
  }
  // Under which nobody is put out for trying on and on: what is measured is what budgets stop.
  absl::Status LoadPolicy(uint64_t serial, const policy::Change& change) {
    return site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(serial, [&change](v1::Policy* policy) {
      policy->mutable_incidents()->set_budget_refusals_per_hour_max(1000);
      if (change != nullptr) change(policy);
    })));
  }
  std::string Record(uint64_t bytes = kCallBytes) {
    const std::string call_id = "call-" + std::to_string(calls_++);
    const auto sealed = integration::RecordCall(site_.ConnectAs("recorder"), integration::OpenRequest(call_id),
                                                integration::Speech(bytes, static_cast<uint32_t>(calls_)));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  absl::Status EnrolContractor(const std::string& name, const v1::Contract& terms) {
    v1::AddAccountRequest request = integration::AccountRequest(name, v1::CONTRACTOR);
    request.mutable_account()->set_contract(terms.name());
    request.mutable_account()->set_company(terms.company());
    return site_.Enrol(request);
  }
  // Somebody under that contract with a grant of a call of their own.
  struct Thief {
    std::string account;
    std::string call;
    Loot loot{};
  };
  std::unique_ptr<Thief> ThiefUnder(const v1::Contract& terms, const std::string& name, const std::string& approver = "supervisor") {
    auto thief = std::make_unique<Thief>();
    thief->account = name;
    thief->call = Record();
    EXPECT_EQ(EnrolContractor(name, terms), absl::OkStatus());
    const auto granted = integration::Grant(site_, name, approver, {thief->call});
    EXPECT_TRUE(granted.ok()) << granted.status();
    return thief;
  }
  using Thieves = std::vector<std::unique_ptr<Thief>>;
  // All at once, ranges at random.
  void Raid(const Thieves& thieves) const {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < thieves.size(); ++i) {
      threads.emplace_back([&, i] {
        std::mt19937 random(seed_ + static_cast<unsigned>(i));
        for (int attempt = 0; attempt < kAttemptsEach; ++attempt) {
          const uint64_t offset = random() % kCallBytes;
          Hear(thieves[i].get(), {offset, random() % 3 == 0 ? 0 : 1 + random() % (kCallBytes - offset)});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  // Ever smaller pieces, until not a byte more comes.
  void Scrape(Thief* thief) const {
    for (uint64_t length = kCallBytes; length > 0; length /= 4) {
      while (Hear(thief, {0, length})) continue;
    }
    while (Hear(thief, {0, 1})) continue;
  }
  bool Hear(Thief* thief, integration::Range range) const {
    const auto got = integration::Listen(site_.ConnectAs(thief->account), thief->call, range, "maintenance");
    thief->loot.Add(thief->call, got.audio.size());
    return !got.audio.empty();
  }
  static uint64_t Sum(const Thieves& thieves) {
    uint64_t bytes = 0;
    for (const auto& thief : thieves) bytes += thief->loot.bytes();
    return bytes;
  }
  void ExpectTheLogTellsIt(uint64_t bytes, bool refusals = true) {
    const auto log = integration::ReadLog(site_.ConnectAs("security"));
    ASSERT_TRUE(log.ok()) << log.status();
    uint64_t delivered = 0, refused = 0;
    for (const auto& entry : *log) {
      refused += entry.leaf.decision() == v1::DENIED && entry.leaf.rule() == "budget" ? 1 : 0;
      if (entry.leaf.action() != v1::DELIVERED) continue;
      delivered += entry.leaf.delivered_bytes();
      EXPECT_EQ(entry.leaf.grant_id().size(), 16u);
    }
    EXPECT_GE(delivered, bytes);
    EXPECT_EQ(refused > 0, refusals);
    site_.Signal(SIGTERM);
    ASSERT_EQ(site_.WaitForProcess(), 0);
    EXPECT_EQ(site_.Otokurad("fsck"), 0) << site_.said();
  }

  integration::Site site_;
  unsigned seed_ = 0;
  int calls_ = 0;
};

TEST_F(GrantEvasion, I5_TenPeopleOfOneFirmShareItsContract) {
  constexpr uint64_t kBytes = 250'000;
  const v1::Contract terms = TermsWith("firm", kBytes);
  ASSERT_EQ(site_.Conclude(terms), absl::OkStatus());
  Thieves thieves;
  for (int i = 0; i < kPeople; ++i) thieves.push_back(ThiefUnder(terms, "firm-" + std::to_string(i)));
  Raid(thieves);
  EXPECT_LE(Sum(thieves), kBytes);
  for (const auto& thief : thieves) Scrape(thief.get());
  EXPECT_EQ(Sum(thieves), kBytes) << "to the last byte, and not one more";
  ExpectTheLogTellsIt(Sum(thieves));
}

TEST_F(GrantEvasion, I5_SubContractorsNeverPassWhatIsAboveThem) {
  constexpr uint64_t kTop = 300'000, kMiddle = 200'000, kBottom = 100'000;
  const v1::Contract top = TermsWith("top", kTop), middle = TermsWith("middle", kMiddle, "top"),
                     bottom = TermsWith("bottom", kBottom, "middle");
  for (const v1::Contract& terms : {top, middle, bottom}) ASSERT_EQ(site_.Conclude(terms), absl::OkStatus());
  Thieves at_top, at_middle, at_bottom, all;
  for (int i = 0; i < 2; ++i) {
    at_bottom.push_back(ThiefUnder(bottom, "bottom-" + std::to_string(i)));
    at_middle.push_back(ThiefUnder(middle, "middle-" + std::to_string(i)));
    at_top.push_back(ThiefUnder(top, "top-" + std::to_string(i)));
  }
  std::vector<std::thread> raids;
  for (const Thieves* thieves : {&at_top, &at_middle, &at_bottom}) raids.emplace_back([this, thieves] { Raid(*thieves); });
  for (std::thread& raid : raids) raid.join();
  for (const Thieves* thieves : {&at_bottom, &at_middle, &at_top}) {
    for (const auto& thief : *thieves) Scrape(thief.get());
  }
  EXPECT_LE(Sum(at_bottom), kBottom);
  EXPECT_LE(Sum(at_bottom) + Sum(at_middle), kMiddle);
  EXPECT_EQ(Sum(at_bottom) + Sum(at_middle) + Sum(at_top), kTop) << "to the last byte, and not one more";
  ExpectTheLogTellsIt(kTop);
}

TEST_F(GrantEvasion, I5_OneApproverWithTwoAccountsIsOneBudget) {
  constexpr uint64_t kBytes = 150'000;
  const auto small = [](v1::Policy* policy) {
    for (v1::Budget& budget : *policy::RuleOf(policy, v1::SUPERVISOR)->mutable_budgets()) {
      if (budget.has_audio_bytes()) budget.set_audio_bytes(kBytes);
    }
  };
  ASSERT_EQ(LoadPolicy(3, small), absl::OkStatus());
  v1::AddAccountRequest second = integration::AccountRequest("supervisor-2", v1::SUPERVISOR);
  second.mutable_account()->set_person_id(integration::AccountRequest("supervisor", v1::SUPERVISOR).account().person_id());
  ASSERT_EQ(site_.Enrol(second), absl::OkStatus());
  Thieves thieves;
  for (int i = 0; i < 4; ++i) {
    const v1::Contract terms = TermsWith("firm-" + std::to_string(i), 400'000'000);
    ASSERT_EQ(site_.Conclude(terms), absl::OkStatus());
    thieves.push_back(ThiefUnder(terms, "person-of-" + std::to_string(i), i % 2 == 0 ? "supervisor" : "supervisor-2"));
  }
  Raid(thieves);
  for (const auto& thief : thieves) Scrape(thief.get());
  EXPECT_EQ(Sum(thieves), kBytes) << "of four firms that never met";
  ExpectTheLogTellsIt(kBytes);
}

TEST_F(GrantEvasion, I5_RevokedUnderSixtyFourReadersAtOnce) {
  constexpr uint64_t kLongBytes = 2'000'000;
  constexpr int kReaders = 64;
  const std::string call = Record(kLongBytes);
  const auto granted = integration::Grant(site_, "contractor", "supervisor", {call});
  ASSERT_TRUE(granted.ok()) << granted.status();
  absl::Notification revoked;
  std::atomic<int> begun{0}, whole{0};
  std::atomic<uint64_t> bytes{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      const auto stub = v1::Access::NewStub(site_.ConnectAs("contractor"));
      grpc::ClientContext context;
      v1::RetrieveRequest request;
      request.set_recording_id(call);
      request.mutable_justification()->set_purpose("maintenance");
      request.mutable_justification()->set_reference("WORK-1");
      const auto reader = stub->Listen(&context, request);
      v1::RetrieveResponse response;
      EXPECT_TRUE(reader->Read(&response));
      ++begun;
      revoked.WaitForNotification();
      uint64_t got = 0;
      while (reader->Read(&response)) got += response.audio().size();
      bytes += got;
      whole += got == kLongBytes ? 1 : 0;
      EXPECT_EQ(rpc::FromGrpc(reader->Finish()).code(), absl::StatusCode::kNotFound);
    });
  }
  while (begun < kReaders) std::this_thread::yield();
  const auto ended = integration::RevokeGrant(site_, "security", granted->id());
  EXPECT_TRUE(ended.ok()) << ended.status();
  revoked.Notify();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(whole, 0);
  EXPECT_LT(bytes, kReaders * kLongBytes / 2);
  EXPECT_EQ(integration::Listen(site_.ConnectAs("contractor"), call, {}, "maintenance").audio, "");
  ExpectTheLogTellsIt(bytes, /*refusals=*/false);
}

}  // namespace
}  // namespace otokura::fault
