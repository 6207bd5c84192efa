#include "tests/fault/library_site.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <iostream>

#include "tests/unit/policy/policy_site.h"

namespace otokura::fault {
namespace {

using integration::Pki;

constexpr uint32_t kDefaultSeed = 20260401;
constexpr uint32_t kMoreStreamsThanATestOpens = 10'000;
constexpr uint64_t kMoreThanATestTakes = 1'000'000'000'000;

// These tests hear everything again and again, to see that it is there.
void EverybodyHearsMuch(v1::Policy* policy) {
  policy->mutable_listen_pace()->set_streams_max(kMoreStreamsThanATestOpens);
  for (const v1::Role role : {v1::OPERATOR, v1::SUPERVISOR}) {
    v1::RoleRule* const rule = policy::RuleOf(policy, role);
    rule->clear_budgets();
    for (const v1::Window window : {v1::DAY, v1::DAYS_30}) {
      v1::Budget* const budget = rule->add_budgets();
      budget->set_window(window);
      budget->set_recordings(kMoreThanATestTakes);
      budget->set_audio_bytes(kMoreThanATestTakes);
    }
  }
}

}  // namespace

client::Time Deadline() { return std::chrono::system_clock::now() + kPatience; }

uint32_t Seed() {
  const char* text = std::getenv("OTOKURA_SEED");
  const uint32_t seed = text == nullptr ? kDefaultSeed : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
  std::cout << "seed: OTOKURA_SEED=" << seed << std::endl;
  return seed;
}

const std::string& NonceRecord() {
  static const integration::TemporaryFolder folder;
  static const std::string path = [] {
    std::string made = folder.path() + "/nonces";
    setenv("OTOKURA_NONCE_RECORD", made.c_str(), 1);
    return made;
  }();
  return path;
}

void ExpectNoPairTwice() {
  const char* checker = std::getenv("OTOKURA_NONCE_CHECK");
  ASSERT_NE(checker, nullptr) << "run the tests by ctest";
  const std::string output = NonceRecord() + ".checked";
  EXPECT_EQ(integration::RunCommand({checker, NonceRecord()}, output), 0) << integration::ReadFile(output);
  const std::string said = integration::ReadFile(output);
  EXPECT_GT(std::strtoul(said.c_str(), nullptr, 10), 0u) << "nothing was recorded: " << said;
  std::cout << "nonces: " << said << std::flush;
}

absl::Status LibrarySite::Set() {
  NonceRecord();
  if (absl::Status made = site_.Init(); !made.ok()) return made;
  if (absl::Status started = Start(); !started.ok()) return started;
  if (absl::Status enrolled = site_.EnrolEverybody(); !enrolled.ok()) return enrolled;
  return site_.LoadPolicy(policy::NoteForTest(policy::TextForTest(2, EverybodyHearsMuch)));
}

absl::Status LibrarySite::Start() {
  absl::Status started = site_.StartProcess();
  if (started.ok()) site_.config().set_listen_address(site_.address());
  return started;
}

void LibrarySite::Kill() {
  site_.Signal(SIGKILL);
  EXPECT_EQ(site_.WaitForProcess(), -SIGKILL) << "the gateway had ended by itself: " << integration::ReadFile(site_.events_file());
}

void LibrarySite::StopAndExpectWhole() {
  site_.Signal(SIGTERM);
  EXPECT_EQ(site_.WaitForProcess(), 0) << integration::ReadFile(site_.events_file());
  EXPECT_EQ(site_.Otokurad("fsck", {"--deep"}), 0) << site_.said();
}

client::ConnectionOptions LibrarySite::ConnectionAs(const std::string& account) const {
  return {site_.address(), Pki::Ours().File("ca.pem"), Pki::Ours().CertificateFile(account), Pki::Ours().PrivateKeyFile(account)};
}

std::unique_ptr<client::Archive> LibrarySite::ArchiveAs(const std::string& account) const {
  auto archive = client::Archive::Create(ConnectionAs(account));
  EXPECT_TRUE(archive.ok()) << archive.status();
  return archive.ok() ? *std::move(archive) : nullptr;
}

absl::StatusOr<std::string> LibrarySite::Audio(const std::string& recording_id) const {
  auto archive = client::Archive::Create(ConnectionAs("supervisor"));
  if (!archive.ok()) return archive.status();
  std::string audio;
  client::AudioSink sink;
  sink.begin = [](const client::Recording&, client::AudioRange) { return absl::OkStatus(); };
  sink.write = [&audio](std::string_view bytes) {
    audio += bytes;
    return absl::OkStatus();
  };
  if (absl::Status got = (*archive)->Get(recording_id, {}, Inquiry(), sink); !got.ok()) return got;
  return audio;
}

std::vector<integration::LoggedEntry> LibrarySite::Log() const {
  auto log = integration::ReadLog(site_.ConnectAs("auditor"));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : std::vector<integration::LoggedEntry>();
}

void EventList::Add(const client::RecorderEvent& event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(event);
}

int EventList::Count(client::RecorderEvent::Kind kind) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(
      std::count_if(events_.begin(), events_.end(), [kind](const client::RecorderEvent& event) { return event.kind == kind; }));
}

std::vector<client::RecorderEvent> EventList::All() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

client::RecorderOptions QuickRecorder(const client::ConnectionOptions& connection, const std::string& spool_dir, EventList* events) {
  client::RecorderOptions options;
  options.connection = connection;
  options.spool_dir = spool_dir;
  options.backoff = {std::chrono::milliseconds(20), std::chrono::milliseconds(200), std::chrono::milliseconds(200)};
  if (events != nullptr) options.on_event = [events](const client::RecorderEvent& event) { events->Add(event); };
  return options;
}

client::CallInfo CallOf(const std::string& call_id) {
  client::CallInfo info;
  info.personal.call_id = call_id;
  info.personal.agent = integration::kAgent;
  info.format.encoding = client::Encoding::kPcmu;
  info.centre = integration::kCentre;
  info.queue = "pension";
  return info;
}

client::Justification Inquiry() { return {"inquiry", "CASE-1"}; }

}  // namespace otokura::fault
