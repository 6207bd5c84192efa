// What the Recorder's tests share: a gateway to break, a spool folder, and what the recorder said.
#ifndef OTOKURA_TESTS_UNIT_CLIENT_RECORDER_FIXTURE_H_
#define OTOKURA_TESTS_UNIT_CLIENT_RECORDER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "crypto/sha256.h"
#include "otokura/recorder.h"
#include "tests/unit/client/test_gateway.h"

namespace otokura::client {

namespace fs = std::filesystem;

inline Time In(std::chrono::milliseconds wait) { return std::chrono::system_clock::now() + wait; }
inline Time Soon() { return In(std::chrono::seconds(60)); }

inline std::string Speech(size_t bytes, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::string audio(bytes, '\0');
  for (char& byte : audio) byte = static_cast<char>(random());
  return audio;
}

class Events {
 public:
  void Add(const RecorderEvent& event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(event);
    added_.SignalAll();
  }
  std::vector<RecorderEvent> Of(RecorderEvent::Kind kind) {
    absl::MutexLock lock(&mutex_);
    std::vector<RecorderEvent> found;
    for (const RecorderEvent& event : events_) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  bool WaitFor(RecorderEvent::Kind kind) {
    const auto seen = [&] {
      return std::any_of(events_.begin(), events_.end(), [kind](const RecorderEvent& event) { return event.kind == kind; });
    };
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    absl::MutexLock lock(&mutex_);
    while (!seen()) {
      if (added_.WaitWithDeadline(&mutex_, deadline)) return seen();
    }
    return true;
  }

 private:
  absl::Mutex mutex_;
  absl::CondVar added_;
  std::vector<RecorderEvent> events_;
};

class RecorderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { pki_ = new TestPki; }
  static void TearDownTestSuite() {
    delete pki_;
    pki_ = nullptr;
  }

  RecorderTest() {
    std::string pattern = (fs::temp_directory_path() / "otokura-recorder-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    StartGateway();
  }
  ~RecorderTest() override {
    faults_.SetStalled(false);
    gateway_.reset();
    fs::remove_all(folder_);
  }

  void StartGateway() {
    gateway_ = std::make_unique<TestGateway>(*pki_, &store_, &faults_, port_);
    port_ = gateway_->port();
  }

  RecorderOptions Options(bool spool = false) {
    RecorderOptions options;
    options.connection = pki_->Connection("recorder", "127.0.0.1:" + std::to_string(port_));
    if (spool) options.spool_dir = Spool();
    options.backoff = {
        .first = std::chrono::milliseconds(20), .most = std::chrono::milliseconds(200), .refused = std::chrono::milliseconds(200)};
    options.on_event = [this](const RecorderEvent& event) { events_.Add(event); };
    return options;
  }
  std::unique_ptr<Recorder> NewRecorder(RecorderOptions options) {
    auto recorder = Recorder::Create(std::move(options));
    EXPECT_TRUE(recorder.ok()) << recorder.status();
    return recorder.ok() ? *std::move(recorder) : nullptr;
  }
  static CallInfo Info(const std::string& call_id, bool replayable = false) {
    return {.personal = {.call_id = call_id, .caller_number = "0312345678"},
            .leg = Leg::kMixed,
            .format = {.encoding = Encoding::kPcmu},
            .centre = "tokyo",
            .replayable = replayable};
  }
  static std::unique_ptr<Call> Start(Recorder& recorder, CallInfo info) {
    auto call = recorder.StartCall(std::move(info));
    EXPECT_TRUE(call.ok()) << call.status();
    return call.ok() ? *std::move(call) : nullptr;
  }
  // As a file is sent: never more than there is room for.
  static absl::Status WriteAll(Call& call, std::string_view audio) {
    for (; !audio.empty(); audio.remove_prefix(std::min<size_t>(audio.size(), 32768))) {
      const std::string_view piece = audio.substr(0, 32768);
      if (absl::Status room = call.WaitForRoom(piece.size(), Soon()); !room.ok()) return room;
      if (absl::Status written = call.Write(piece); !written.ok()) return written;
    }
    return absl::OkStatus();
  }
  static void WaitCommitted(Call& call, uint64_t bytes) {
    for (int i = 0; call.committed_bytes() < bytes && i < 3000; ++i) absl::SleepFor(absl::Milliseconds(20));
    ASSERT_GE(call.committed_bytes(), bytes);
  }
  std::string Spool() const { return folder_ + "/spool"; }
  std::vector<std::string> SpoolFiles(const std::string& ending) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(Spool())) {
      const std::string name = entry.path().filename().string();
      if (name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0)
        files.push_back(entry.path().string());
    }
    return files;
  }
  std::string SpoolContent() const {
    std::string content;
    for (const auto& entry : fs::directory_iterator(Spool())) {
      std::ifstream file(entry.path(), std::ios::binary);
      content.append(std::istreambuf_iterator<char>(file), {});
    }
    return content;
  }
  static void ExpectSealed(const absl::StatusOr<SealedCall>& sealed, std::string_view audio, DigestCheck check = DigestCheck::kMatched) {
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->audio_bytes, audio.size());
    EXPECT_EQ(sealed->audio_sha256, crypto::Sha256(audio));
    EXPECT_EQ(sealed->digest_check, check);
  }

  static inline TestPki* pki_ = nullptr;
  std::string folder_;
  GatewayStore store_;
  GatewayFaults faults_;
  Events events_;
  int port_ = 0;
  std::unique_ptr<TestGateway> gateway_;
};

}  // namespace otokura::client

#endif  // OTOKURA_TESTS_UNIT_CLIENT_RECORDER_FIXTURE_H_
