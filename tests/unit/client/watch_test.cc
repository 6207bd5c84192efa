// `otokura record` and `otokura watch`, run as a user does, against the test gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "client/command/exit_code.h"
#include "client/command/otokura.h"
#include "client/command/watch_folder.h"
#include "client/command/wav.h"
#include "crypto/sha256.h"
#include "tests/unit/client/test_gateway.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class WatchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { pki_ = new TestPki; }
  static void TearDownTestSuite() {
    delete pki_;
    pki_ = nullptr;
  }
  WatchTest() {
    std::string pattern = (fs::temp_directory_path() / "otokura-watch-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    fs::create_directory(In());
    gateway_ = std::make_unique<TestGateway>(*pki_, &store_, &faults_);
  }
  ~WatchTest() override {
    gateway_.reset();
    fs::remove_all(folder_);
  }
  std::string In(const std::string& name = "") const { return folder_ + "/in" + (name.empty() ? "" : "/" + name); }
  static std::string Audio(size_t bytes, char seed = 'a') {
    std::string audio(bytes, seed);
    for (size_t i = 0; i < bytes; ++i) audio[i] = static_cast<char>(seed + i % 17);
    return audio;
  }
  void PutWav(const std::string& name, const std::string& audio) const {
    std::ofstream(In(name), std::ios::binary) << *WavHeader({Encoding::kL16, 8000}, audio.size()) << audio;
  }
  void Put(const std::string& name, const std::string& content) const { std::ofstream(In(name), std::ios::binary) << content; }
  int Run(std::vector<std::string> arguments) const {
    const ConnectionOptions connection = pki_->Connection("recorder", gateway_->address());
    std::vector<std::string> all = {"otokura",
                                    "--gateway",
                                    connection.gateway,
                                    "--ca",
                                    connection.ca_file,
                                    "--certificate",
                                    connection.certificate_file,
                                    "--key",
                                    connection.private_key_file};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<const char*> argv;
    for (const std::string& argument : all) argv.push_back(argument.c_str());
    return RunOtokura(static_cast<int>(argv.size()), argv.data());
  }
  int WatchOnce(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"watch", In(), "--centre", "tokyo", "--once"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  static TestPki* pki_;
  std::string folder_;
  GatewayStore store_;
  GatewayFaults faults_;
  std::unique_ptr<TestGateway> gateway_;
};
TestPki* WatchTest::pki_ = nullptr;

TEST_F(WatchTest, TakesFilesWithTheirSidecarsAndMovesThem) {
  PutWav("one.wav", Audio(100'000));
  Put("one.wav.json", R"({"call_id":"pbx-1","caller_number":"0312345678","queue":"pension","leg":"caller"})");
  PutWav("two.wav", Audio(50'000, 'k'));
  EXPECT_EQ(WatchOnce(), kExitDone);
  const StoredCall one = store_.Get("pbx-1");
  EXPECT_TRUE(one.sealed);
  EXPECT_EQ(one.timeline, Audio(100'000));
  EXPECT_EQ(one.first_open.metadata().caller_number(), "0312345678");
  EXPECT_EQ(one.first_open.queue(), "pension");
  EXPECT_EQ(one.first_open.leg(), v1::LEG_CALLER);
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_TRUE(fs::exists(In("done/one.wav")));
  EXPECT_TRUE(fs::exists(In("done/one.wav.json")));
  EXPECT_TRUE(fs::exists(In("done/two.wav")));
  EXPECT_FALSE(fs::exists(In("one.wav")));
}

TEST_F(WatchTest, I4_AFileThatComesAgainIsNotASecondRecording) {
  PutWav("call.wav", Audio(100'000));
  fs::copy(In("call.wav"), folder_ + "/kept.wav");
  EXPECT_EQ(WatchOnce({"--delete"}), kExitDone);
  EXPECT_FALSE(fs::exists(In("call.wav")));
  // As after a crash between sealing and deleting.
  fs::copy(folder_ + "/kept.wav", In("call.wav"));
  EXPECT_EQ(WatchOnce({"--delete"}), kExitDone);
  EXPECT_FALSE(fs::exists(In("call.wav")));
  EXPECT_EQ(store_.size(), 1u);
  // Another call under the same name is another recording.
  PutWav("call.wav", Audio(100'000, 'q'));
  EXPECT_EQ(WatchOnce({"--delete"}), kExitDone);
  EXPECT_EQ(store_.size(), 2u);
}

TEST_F(WatchTest, ABadFileGoesToFailedWithTheReason) {
  Put("text.wav", "this is no WAV file");
  PutWav("good.wav", Audio(1000));
  PutWav("bad-sidecar.wav", Audio(1000, 'b'));
  Put("bad-sidecar.wav.json", R"({"callid":"misspelt"})");
  PutWav("cut.wav", Audio(1000, 'c'));
  fs::resize_file(In("cut.wav"), 500);
  EXPECT_NE(WatchOnce(), kExitDone);
  EXPECT_TRUE(fs::exists(In("done/good.wav")));
  for (const std::string name : {"text.wav", "bad-sidecar.wav", "cut.wav"}) {
    EXPECT_TRUE(fs::exists(In("failed/" + name))) << name;
    EXPECT_TRUE(fs::exists(In("failed/" + name + ".error.txt"))) << name;
  }
  std::ifstream why(In("failed/text.wav.error.txt"));
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(why), {}), HasSubstr("WAV"));
  EXPECT_TRUE(fs::exists(In("failed/bad-sidecar.wav.json")));
}

TEST_F(WatchTest, AFileStaysWhereTheGatewayCannotTakeItNow) {
  PutWav("call.wav", Audio(100'000));
  faults_.SetRefuse([](const v1::Open&) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the log cannot be written"); });
  EXPECT_EQ(WatchOnce({"--give-up-after", "1"}), kExitTryAgain);
  EXPECT_TRUE(fs::exists(In("call.wav")));
  faults_.SetRefuse([](const v1::Open&) { return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not your centre"); });
  EXPECT_EQ(WatchOnce(), kExitRefused);
  EXPECT_TRUE(fs::exists(In("call.wav")));
  faults_.SetRefuse(nullptr);
  EXPECT_EQ(WatchOnce(), kExitDone);
  EXPECT_TRUE(fs::exists(In("done/call.wav")));
}

TEST_F(WatchTest, OneCallIdForTwoContentsIsRefused) {
  PutWav("a.wav", Audio(10'000));
  Put("a.wav.json", R"({"call_id":"same"})");
  EXPECT_EQ(WatchOnce(), kExitDone);
  PutWav("a.wav", Audio(10'000, 'z'));
  Put("a.wav.json", R"({"call_id":"same"})");
  EXPECT_NE(WatchOnce(), kExitDone);
  EXPECT_TRUE(fs::exists(In("failed/a.wav")));
  EXPECT_EQ(store_.Get("same").timeline, Audio(10'000));
}

TEST_F(WatchTest, RecordTakesAFileAndBareSamples) {
  PutWav("call.wav", Audio(20'000));
  EXPECT_EQ(Run({"record", In("call.wav"), "--call-id", "c1", "--centre", "tokyo", "--agent", "a7"}), kExitDone);
  EXPECT_EQ(store_.Get("c1").timeline, Audio(20'000));
  EXPECT_EQ(store_.Get("c1").first_open.format().encoding(), v1::AudioFormat::L16LE);
  Put("bare", Audio(3'000));
  EXPECT_EQ(Run({"record", In("bare"), "--call-id", "c2", "--centre", "tokyo", "--format", "pcma"}), kExitDone);
  EXPECT_EQ(store_.Get("c2").timeline, Audio(3'000));
  EXPECT_EQ(store_.Get("c2").first_open.format().encoding(), v1::AudioFormat::PCMA);

  EXPECT_EQ(Run({"record", In("bare"), "--call-id", "c3", "--centre", "tokyo"}), kExitFailed);
  EXPECT_EQ(Run({"record", In("call.wav"), "--call-id", "c3", "--centre", "tokyo", "--format", "l16"}), kExitFailed);
  EXPECT_EQ(Run({"record", In("absent"), "--call-id", "c3", "--centre", "tokyo"}), kExitRefused);
  EXPECT_EQ(Run({"record", In("call.wav"), "--centre", "tokyo"}), kExitUsage);
  EXPECT_EQ(Run({"record", In("call.wav"), "--call-id", "c3", "--centre", "tokyo", "--leg", "both"}), kExitUsage);
  EXPECT_EQ(store_.size(), 2u);
}

TEST_F(WatchTest, AnUnknownCertificateEndsARecordWithRefused) {
  PutWav("call.wav", Audio(20'000));
  faults_.SetRefuse([](const v1::Open&) { return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "unknown certificate"); });
  EXPECT_EQ(Run({"record", In("call.wav"), "--call-id", "c1", "--centre", "tokyo"}), kExitRefused);
}

TEST_F(WatchTest, AFileIsFinishedWhenItIsClosedOrUnchangedTwice) {
  Put("old.wav", "x");
  auto folder = WatchFolder::Open(In(), In("done"), WatchFolder::Afterwards::kMove);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_TRUE(folder->Look()->empty());
  std::ofstream growing(In("growing.wav"));
  growing << "a" << std::flush;
  auto finished = folder->Look();
  ASSERT_EQ(finished->size(), 1u);
  EXPECT_EQ((*finished)[0].name, "old.wav");
  growing << "b" << std::flush;
  EXPECT_EQ(folder->Look()->size(), 1u);
  growing.close();
  EXPECT_EQ(folder->Look()->size(), 2u);
  Put(".hidden", "x");
  Put("x.json", "{}");
  EXPECT_EQ(folder->Look()->size(), 2u);
}

TEST_F(WatchTest, AFileThatChangedWhileItWasTakenStays) {
  Put("call.wav", "x");
  auto folder = WatchFolder::Open(In(), In("done"), WatchFolder::Afterwards::kDelete);
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(folder->Look()->empty());
  const auto finished = folder->Look();
  ASSERT_EQ(finished->size(), 1u);
  Put("call.wav", "longer");
  EXPECT_EQ(folder->SettleSealed((*finished)[0], "id").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fs::exists(In("call.wav")));
}

TEST_F(WatchTest, NothingInDoneIsOverwritten) {
  fs::create_directory(In("done"));
  Put("done/call.wav", "earlier");
  PutWav("call.wav", Audio(1000));
  EXPECT_EQ(WatchOnce(), kExitDone);
  EXPECT_EQ(fs::file_size(In("done/call.wav")), 7u);
  EXPECT_TRUE(fs::exists(In("done/call.wav.01900000-0000-7000-8000-000000000001")));
}

}  // namespace
}  // namespace otokura::client
