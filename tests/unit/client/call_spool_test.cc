#include "client/call_spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/client/test_pki.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;
using ::testing::SizeIs;

class CallSpoolTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { pki_ = new TestPki; }
  static void TearDownTestSuite() {
    delete pki_;
    pki_ = nullptr;
  }
  CallSpoolTest() {
    std::string pattern = (fs::temp_directory_path() / "otokura-spool-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
    Reopen();
  }
  ~CallSpoolTest() override {
    folder_.reset();
    fs::remove_all(path_);
  }
  void Reopen(uint64_t bytes_max = 1 << 30) {
    folder_.reset();
    auto folder = SpoolFolder::Open(path_, *LoadCredentials(pki_->Connection("recorder", "localhost:1")), bytes_max);
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = *std::move(folder);
  }
  std::unique_ptr<CallSpool> NewCall() {
    spool::CallState state;
    state.mutable_open()->mutable_metadata()->set_call_id("call");
    state.mutable_open()->set_resume_token("token");
    auto call = CallSpool::Create(folder_.get(), state);
    EXPECT_TRUE(call.ok()) << call.status();
    return *std::move(call);
  }
  std::unique_ptr<CallSpool> Load(const std::string& name) {
    auto call = CallSpool::Load(folder_.get(), name);
    EXPECT_TRUE(call.ok()) << call.status();
    return call.ok() ? *std::move(call) : nullptr;
  }
  // The whole timeline from `from` on, gaps as '_'.
  static std::string ReadAll(CallSpool& call, uint64_t from, int* damaged = nullptr) {
    std::string timeline;
    while (from < call.end()) {
      absl::Status damage = absl::OkStatus();
      const TimelineRun run = call.Read(from, 50'000, &damage);
      EXPECT_GT(run.length, 0u);
      if (run.length == 0) break;
      if (!damage.ok() && damaged != nullptr) ++*damaged;
      timeline += run.is_gap() ? std::string(run.length, '_') : run.audio;
      from = run.end();
    }
    return timeline;
  }
  static std::string Audio(size_t units, size_t rest = 0, char first = 'a') {
    std::string audio;
    for (size_t i = 0; i < units; ++i) audio.append(kSpillUnitBytes, static_cast<char>(first + i % 20));
    return audio.append(rest, 'z');
  }

  static TestPki* pki_;
  std::string path_;
  std::unique_ptr<SpoolFolder> folder_;
};
TestPki* CallSpoolTest::pki_ = nullptr;

TEST_F(CallSpoolTest, WhatWasAppendedIsThereAfterARestart) {
  std::string name;
  const std::string first = Audio(3), second = Audio(2, 777, 'm');
  {
    const auto call = NewCall();
    name = call->name();
    ASSERT_TRUE(call->Append(100, first, false).ok());
    ASSERT_TRUE(call->Append(100 + first.size(), second, true).ok());
    ASSERT_TRUE(call->AppendGap({.offset = 100 + first.size() + second.size(), .length = 50, .gap_reason = GapReason::kPacketLoss}).ok());
    ASSERT_TRUE(call->Append(150 + first.size() + second.size(), "after", true).ok());
    EXPECT_EQ(ReadAll(*call, 100), first + second + std::string(50, '_') + "after");
  }
  Reopen();
  const auto call = Load(name);
  EXPECT_EQ(call->state().open().resume_token(), "token");
  EXPECT_EQ(ReadAll(*call, 100), first + second + std::string(50, '_') + "after");
  EXPECT_EQ(ReadAll(*call, 100 + 20'000), (first + second + std::string(50, '_') + "after").substr(20'000));
  absl::Status damage = absl::OkStatus();
  EXPECT_EQ(call->Read(100 + first.size() + second.size() + 10, 1, &damage).gap_reason, GapReason::kPacketLoss);
}

TEST_F(CallSpoolTest, I4_ASegmentCutAtAnyByteGivesThePrefixThatIsWhole) {
  std::string name;
  const std::string audio = Audio(3);
  {
    const auto call = NewCall();
    name = call->name();
    ASSERT_TRUE(call->Append(0, audio, false).ok());
    ASSERT_TRUE(call->Append(audio.size(), "tail", true).ok());
  }
  const std::string segment = folder_->SegmentPath(name, 0);
  const uint64_t full = fs::file_size(segment);
  const std::string whole = audio + "tail";
  for (uint64_t size = full; size > 0; size -= std::min<uint64_t>(size, size > full - 40 ? 1 : 997)) {
    fs::resize_file(segment, size);
    const auto call = Load(name);
    int damaged = 0;
    const std::string read = ReadAll(*call, 0, &damaged);
    EXPECT_EQ(damaged, 0);
    EXPECT_EQ(read, whole.substr(0, read.size()));
    const uint64_t chunks = size < crypto::kHeaderBytes ? 0 : (size - crypto::kHeaderBytes) / crypto::kSealedChunkBytes;
    EXPECT_EQ(read.size(), size == full ? whole.size() : chunks * crypto::kChunkBytes) << size;
  }
}

TEST_F(CallSpoolTest, I7_AFlippedByteAnywhereInAudioIsFound) {
  std::string name;
  const std::string audio = Audio(3);
  {
    const auto call = NewCall();
    name = call->name();
    ASSERT_TRUE(call->Append(0, audio, false).ok());
  }
  const std::string segment = folder_->SegmentPath(name, 0);
  const auto flip = [&](uint64_t at) {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 0x10));
  };
  for (uint64_t at = 0; at < fs::file_size(segment); at += 1009) {
    flip(at);
    int damaged = 0;
    const std::string read = ReadAll(*Load(name), 0, &damaged);
    EXPECT_GE(damaged, 1) << at;
    ASSERT_EQ(read.size(), audio.size());
    for (size_t i = 0; i < read.size(); i += 512) EXPECT_TRUE(read[i] == '_' || read[i] == audio[i]) << at;
    flip(at);
  }
}

TEST_F(CallSpoolTest, I7_SegmentsCannotBeSwapped) {
  const auto call = NewCall();
  ASSERT_TRUE(call->Append(0, "first", true).ok());
  ASSERT_TRUE(call->Append(5, "other", true).ok());
  const std::string a = folder_->SegmentPath(call->name(), 0), b = folder_->SegmentPath(call->name(), 1);
  fs::rename(a, a + "x");
  fs::rename(b, a);
  fs::rename(a + "x", b);
  EXPECT_EQ(ReadAll(*call, 0), std::string(10, '_'));
}

TEST_F(CallSpoolTest, ReleasedSegmentsAreDeletedAndTheirNumbersNeverComeBack) {
  const auto call = NewCall();
  ASSERT_TRUE(call->Append(0, Audio(1), true).ok());
  ASSERT_TRUE(call->Append(kSpillUnitBytes, Audio(1), true).ok());
  EXPECT_FALSE(call->ReleaseBelow(kSpillUnitBytes - 1));
  EXPECT_TRUE(call->ReleaseBelow(kSpillUnitBytes));
  EXPECT_FALSE(fs::exists(folder_->SegmentPath(call->name(), 0)));
  EXPECT_TRUE(call->ReleaseBelow(2 * kSpillUnitBytes));
  EXPECT_FALSE(call->holds_audio());
  EXPECT_EQ(folder_->bytes_used(), 0u);
  ASSERT_TRUE(call->Save().ok());
  ASSERT_TRUE(call->Append(2 * kSpillUnitBytes, "more", true).ok());
  EXPECT_TRUE(fs::exists(folder_->SegmentPath(call->name(), 2)));
  EXPECT_THAT(call->state().segments(), SizeIs(1));
  call->Remove();
  EXPECT_THAT(*folder_->Calls(), SizeIs(0));
}

TEST_F(CallSpoolTest, I10_ManyCallsNeedNoOpenFiles) {
  const auto open_files = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_files();
  std::vector<std::unique_ptr<CallSpool>> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(NewCall());
    ASSERT_TRUE(calls.back()->Append(0, Audio(1), false).ok());
    EXPECT_EQ(ReadAll(*calls.back(), 0), Audio(1));
  }
  EXPECT_EQ(open_files(), before);
}

TEST_F(CallSpoolTest, I4_RunningOutOfOpenFilesLosesNothing) {
  const auto call = NewCall();
  ASSERT_TRUE(call->Append(0, Audio(2), false).ok());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  absl::Status problem = absl::OkStatus();
  const TimelineRun run = call->Read(0, 1000, &problem);
  const absl::Status appended = call->Append(2 * kSpillUnitBytes, Audio(1), false);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(run.length, 0u);
  EXPECT_EQ(problem.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(appended.code(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(call->Append(2 * kSpillUnitBytes, "more", true).ok());
  EXPECT_EQ(ReadAll(*call, 0), Audio(2) + "more");
}

TEST_F(CallSpoolTest, I10_TheBudgetIsOverAllCalls) {
  Reopen(100'000);
  const auto one = NewCall(), two = NewCall();
  ASSERT_TRUE(one->Append(0, Audio(4), false).ok());
  EXPECT_EQ(two->Append(0, Audio(4), false).code(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(two->Append(0, Audio(1), false).ok());
  EXPECT_TRUE(one->ReleaseBelow(4 * kSpillUnitBytes));
  EXPECT_TRUE(two->Append(kSpillUnitBytes, Audio(4), false).ok());
}

// The envelope of the key names its recipient in bytes that nothing reads: damage there does no harm, and anywhere else is found.
TEST_F(CallSpoolTest, I7_DamagedOrForeignStateIsNeverTakenForAnother) {
  const std::string name = NewCall()->name();
  const std::string state = Load(name)->state().SerializeAsString();
  std::string content = *ReadFile(folder_->StatePath(name), 1 << 20);
  int harmless = 0;
  for (size_t at = 0; at < content.size(); at += 7) {
    std::string bad = content;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    ASSERT_TRUE(ReplaceFile(folder_->StatePath(name), bad).ok());
    const auto loaded = CallSpool::Load(folder_.get(), name);
    harmless += loaded.ok() ? 1 : 0;
    if (loaded.ok()) {
      EXPECT_EQ((*loaded)->state().SerializeAsString(), state) << at;
    }
  }
  EXPECT_LT(harmless, 30);
  for (size_t cut = 0; cut < content.size(); cut += 5) {
    ASSERT_TRUE(ReplaceFile(folder_->StatePath(name), std::string_view(content).substr(0, cut)).ok());
    EXPECT_FALSE(CallSpool::Load(folder_.get(), name).ok()) << cut;
  }
  // The state of one call under the name of another.
  const std::string other = NewCall()->name();
  ASSERT_TRUE(ReplaceFile(folder_->StatePath(other), content).ok());
  EXPECT_EQ(CallSpool::Load(folder_.get(), other).status().code(), absl::StatusCode::kDataLoss);

  spool::StateFile file;
  ASSERT_TRUE(file.ParseFromString(content));
  file.set_version(2);
  ASSERT_TRUE(ReplaceFile(folder_->StatePath(name), file.SerializeAsString()).ok());
  EXPECT_EQ(CallSpool::Load(folder_.get(), name).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CallSpoolTest, AnInterruptedWriteOfTheStateLeavesTheOldOne) {
  const auto call = NewCall();
  std::ofstream(folder_->StatePath(call->name()) + ".tmp") << "half";
  Reopen();
  EXPECT_FALSE(fs::exists(folder_->StatePath(call->name()) + ".tmp"));
  EXPECT_EQ(Load(call->name())->state().open().metadata().call_id(), "call");
}

}  // namespace
}  // namespace otokura::client
