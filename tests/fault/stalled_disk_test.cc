// The gateway's disk takes nothing for a while, and a thousand calls go on sending: what that costs the gateway is bounded, and this is the
// bound. Nothing is lost, and everything else goes on. OTOKURA_STREAMS takes another number of calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "server/recordings/limits.h"
#include "server/storage/committer.h"
#include "server/storage/local/local_engine.h"
#include "tests/fault/library_site.h"
#include "tests/fault/memory_growth.h"
#include "tests/fault/process.h"
#include "tests/integration/failing_engine.h"

namespace otokura::fault {
namespace {

using integration::DiskState;

// A call: the message being taken apart, the one that gRPC has read ahead, its window and what the connection holds of it, a sealed chunk.
constexpr uint64_t kStalledIngestBytesMax = 256 * 1024;
// Once: what waits for the disk over all calls before each is held to one chunk.
constexpr uint64_t kOnceBytesMax = storage::CommitterLimits{}.queue_audio_bytes_high + (uint64_t{32} << 20);

TEST(StalledDisk, I10_CallsThatSendWhileTheDiskTakesNothing) {
  std::atomic<DiskState> disk{DiskState::kFine};
  const auto set_disk = [&disk](DiskState state) {
    disk = state;
    disk.notify_all();
  };
  integration::Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  storage::LocalEngineOptions local;
  local.data_dir = site.config().data_dir();
  local.reserve_bytes = site.config().limits().reserve_bytes();
  auto engine = storage::OpenLocalEngine(local);
  ASSERT_TRUE(engine.ok()) << engine.status();
  gateway::Gateway::Options options;
  options.engine = std::make_unique<integration::FailingEngine>(*std::move(engine), &disk);
  ASSERT_EQ(site.Start(std::move(options)), absl::OkStatus());
  v1::AddAccountRequest account = integration::AccountRequest("recorder", v1::RECORDER);
  account.mutable_account()->mutable_recorder()->set_open_calls_max(20000);
  account.mutable_account()->mutable_recorder()->set_opens_per_minute_max(60000);
  ASSERT_EQ(site.Enrol(account), absl::OkStatus());
  ASSERT_EQ(site.Enrol("operator", v1::OPERATOR), absl::OkStatus());
  const std::string speech = integration::Speech(100000);
  const auto sealed = integration::RecordCall(site.ConnectAs("recorder"), integration::OpenRequest("before"), speech);
  ASSERT_TRUE(sealed.ok()) << sealed.status();

  const integration::Pki& pki = integration::Pki::Ours();
  const uint64_t before = SettledBytes(getpid());
  set_disk(DiskState::kStalled);
  Process recorder(FaultProgram("otokura-relentless-recorder",
                                {site.address(), pki.File("ca.pem"), pki.CertificateFile("recorder"), pki.PrivateKeyFile("recorder")},
                                {std::to_string(Streams())}),
                   site.folder() + "/relentless");
  ASSERT_TRUE(WaitFor([&] { return !recorder.LastLine("opened").empty(); })) << recorder.output();
  ExpectBounded("calls that send to a stalled disk, in the gateway", before, SettledBytes(getpid()), kStalledIngestBytesMax, kOnceBytesMax);
  EXPECT_EQ(recorder.LastLine("ended"), "") << "a slow disk ends no call";
  const integration::Retrieved heard = integration::Listen(site.ConnectAs("operator"), sealed->recording_id(), {});
  EXPECT_EQ(heard.status, absl::OkStatus()) << "what does not wait for audio goes on";
  EXPECT_TRUE(heard.audio == speech);

  set_disk(DiskState::kFine);
  const auto after = integration::RecordCall(site.ConnectAs("recorder"), integration::OpenRequest("after"), speech);
  EXPECT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(recorder.LastLine("ended"), "");
}

}  // namespace
}  // namespace otokura::fault
