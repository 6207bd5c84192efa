// One side of a thousand streams stops reading: what that costs the other is bounded, and this is the bound.
//
// The figures are resident memory of a whole process, divided by the streams. OTOKURA_STREAMS takes another number of streams.
#include <gmock/gmock.h>
#include <grpcpp/support/client_callback.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "otokura/v1/access.grpc.pb.h"
#include "tests/fault/library_site.h"
#include "tests/fault/memory_growth.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

constexpr size_t kRecordingBytes = 4 * 1000 * 1000;  // far more than anything on the way can hold

// A retrieval whose client does not read: one message of 64 KiB on its way, the next one opened, and what gRPC has of both. Measured: 157
// KiB.
constexpr uint64_t kStalledRetrievalBytesMax = 256 * 1024;
// A call whose gateway does not read, in its recorder: what memory_bytes_per_call_max allows and an eighth of it, the message on its way,
// the stream. Measured: 142 KiB.
constexpr size_t kCallMemoryBytes = 64 * 1024;
constexpr uint64_t kStalledCallBytesMax = kCallMemoryBytes + kCallMemoryBytes / 8 + 128 * 1024;
// Threads, buffers of the connection, pools: what comes once.
constexpr uint64_t kOnceBytesMax = 8 << 20;

// Asks and never reads a message. Deletes itself.
class UnreadRetrieval : public grpc::ClientReadReactor<v1::RetrieveResponse> {
 public:
  struct Tally {
    std::atomic<int> begun{0};  // the gateway has sent something
    std::atomic<int> over{0};
  };
  UnreadRetrieval(v1::Access::Stub* stub, const std::string& recording_id, bool download, Tally* tally) : tally_(tally) {
    request_.set_recording_id(recording_id);
    request_.mutable_justification()->set_purpose("inquiry");
    request_.mutable_justification()->set_reference("CASE-1");
    if (download) {
      stub->async()->Download(&context_, &request_, this);
    } else {
      stub->async()->Listen(&context_, &request_, this);
    }
    AddHold();  // nothing is read, so nothing but this keeps it
    StartCall();
  }
  void Cancel() {
    context_.TryCancel();
    RemoveHold();
  }
  void OnReadInitialMetadataDone(bool ok) override {
    if (ok) ++tally_->begun;
  }
  void OnDone(const grpc::Status&) override {
    Tally* const tally = tally_;
    delete this;
    ++tally->over;
  }

 private:
  Tally* const tally_;
  grpc::ClientContext context_;
  v1::RetrieveRequest request_;
};

class StalledStreams : public testing::Test {
 protected:
  void SetUp() override {
    site_.site().config().mutable_limits()->set_retrieval_streams_max(2000);
    site_.site().config().mutable_limits()->set_retrievals_per_account_max(1024);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
  }
  std::string Recorded() {
    const auto sealed =
        integration::RecordCall(site_.site().ConnectAs("recorder"), integration::OpenRequest("long"), integration::Speech(kRecordingBytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  void RetrieveUnread(const std::string& account, bool download) {
    const std::string recording = Recorded();
    const int streams = Streams();
    const auto channel = site_.site().ConnectAs(account);
    // The connection, the caches and the threads are not a stream's.
    ASSERT_EQ(integration::Listen(channel, recording, {0, 100000}).status, absl::OkStatus());
    const uint64_t before = SettledBytes(site_.site().process());
    const auto stub = v1::Access::NewStub(channel);
    UnreadRetrieval::Tally tally;
    std::vector<UnreadRetrieval*> retrievals;
    for (int i = 0; i < streams; ++i) retrievals.push_back(new UnreadRetrieval(stub.get(), recording, download, &tally));
    EXPECT_TRUE(WaitFor([&] { return tally.begun == streams; })) << tally.begun << " of " << streams << " began";
    ExpectBounded(download ? "downloads not read, in the gateway" : "listening not read, in the gateway", before,
                  SettledBytes(site_.site().process()), kStalledRetrievalBytesMax, kOnceBytesMax);
    for (UnreadRetrieval* retrieval : retrievals) retrieval->Cancel();
    EXPECT_TRUE(WaitFor([&] { return tally.over == streams; }));
    // And it still serves.
    EXPECT_EQ(integration::Listen(site_.site().ConnectAs("operator"), recording, {0, 1000}).status, absl::OkStatus());
  }

  // Calls of a program of their own, each written to until its memory is full, against a gateway that reads nothing.
  void RecordUnread(const client::ConnectionOptions& connection, const std::string& what) {
    const int streams = Streams();
    Process recorder(FaultProgram("otokura-flooding-recorder", connection, {std::to_string(streams), std::to_string(kCallMemoryBytes)}),
                     site_.folder() + "/flood");
    ASSERT_TRUE(WaitFor([&] { return !recorder.LastLine("ready").empty(); })) << recorder.output();
    const uint64_t before = std::strtoull(recorder.LastLine("ready").c_str(), nullptr, 10);
    ASSERT_TRUE(WaitFor([&] { return recorder.LastLine("full") == std::to_string(streams); })) << recorder.output();
    ExpectBounded(what, before, SettledBytes(recorder.id()), kStalledCallBytesMax, kOnceBytesMax);
  }

  LibrarySite site_;
};

TEST_F(StalledStreams, I10_ListeningThatNobodyReads) { RetrieveUnread("operator", false); }

TEST_F(StalledStreams, I10_DownloadsThatNobodyReads) { RetrieveUnread("supervisor", true); }

TEST_F(StalledStreams, I10_CallsToAGatewayThatStandsStill) {
  site_.site().Signal(SIGSTOP);
  RecordUnread(site_.ConnectionAs("recorder"), "calls to a stopped gateway, in the recorder");
  site_.site().Signal(SIGCONT);
}

TEST_F(StalledStreams, I10_CallsToAGatewayThatAnswersButDoesNotRead) {
  client::ConnectionOptions connection = site_.ConnectionAs("recorder");
  const integration::Pki& pki = integration::Pki::Ours();
  Process deaf(
      FaultProgram("otokura-deaf-gateway", {"127.0.0.1:0", pki.File("ca.pem"), pki.File("gateway.pem"), pki.File("gateway.key")}, {}),
      site_.folder() + "/deaf");
  ASSERT_TRUE(WaitFor([&] { return !deaf.LastLine("serving").empty(); }));
  connection.gateway = deaf.LastLine("serving");
  RecordUnread(connection, "calls to a gateway that does not read, in the recorder");
}

}  // namespace
}  // namespace otokura::fault
