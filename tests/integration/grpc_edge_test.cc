// Many streams at once at the gRPC edge, over an engine in memory: begun, cancelled, taken over and cut at any moment. Made for the thread
// sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "crypto/sha256.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

constexpr int kThreads = 6;
constexpr int kRounds = 8;

class GrpcEdge : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.StartInMemory(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  }
  template <typename Work>
  static void InThreads(Work work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([i, work] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }

  Site site_;
  const std::string speech_ = Speech(60000);
};

TEST_F(GrpcEdge, CallsAreRecordedAndHeardSideBySide) {
  const auto recorder = site_.ConnectAs("recorder");
  const auto operators = site_.ConnectAs("operator");
  std::atomic<int> whole{0};
  InThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      const auto sealed = RecordCall(recorder, OpenRequest("call-" + std::to_string(thread) + "-" + std::to_string(round)), speech_);
      if (!sealed.ok() || sealed->audio_sha256() != crypto::Sha256(speech_)) continue;
      const Retrieved heard = Listen(operators, sealed->recording_id(), {});
      if (heard.status.ok() && heard.audio == speech_) ++whole;
    }
  });
  EXPECT_EQ(whole, kThreads * kRounds);
}

TEST_F(GrpcEdge, StreamsMayBeCancelledAtAnyMoment) {
  const auto recorder = site_.ConnectAs("recorder");
  InThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      RecordStream stream(recorder);
      stream.Send(OpenRequest("cancelled-" + std::to_string(thread) + "-" + std::to_string(round)));
      for (int message = 0; message < round * 4; ++message)
        stream.Send(AudioRequest(static_cast<uint64_t>(message) * 1000, speech_.substr(0, 1000)));
      if (round % 2 == 0) stream.ReceiveOpened();
      stream.Cancel();
    }
  });
  EXPECT_TRUE(RecordCall(recorder, OpenRequest("afterwards"), speech_).ok());
}

TEST_F(GrpcEdge, ListenersMayLeaveAtAnyMoment) {
  const std::string long_speech = Speech(2000000);
  const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest("long"), long_speech);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const auto operators = site_.ConnectAs("operator");
  InThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      const auto stub = v1::Access::NewStub(operators);
      grpc::ClientContext context;
      v1::RetrieveRequest request;
      request.set_recording_id(sealed->recording_id());
      request.mutable_justification()->set_purpose("inquiry");
      request.mutable_justification()->set_reference("CASE-1");
      const auto reader = stub->Listen(&context, request);
      v1::RetrieveResponse response;
      for (int message = 0; message < round && reader->Read(&response); ++message) {
      }
      context.TryCancel();
      while (reader->Read(&response)) {
      }
      EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
    }
  });
  EXPECT_EQ(Listen(operators, sealed->recording_id(), {}).status, absl::OkStatus());
}

TEST_F(GrpcEdge, TheGatewayMayStopUnderLoad) {
  const auto recorder = site_.ConnectAs("recorder");
  std::atomic<int> streaming{0};
  std::thread stopper([&] {
    while (streaming < kThreads) std::this_thread::yield();
    site_.Stop();
  });
  InThreads([&](int thread) {
    RecordStream stream(recorder);
    stream.Send(OpenRequest("stopped-" + std::to_string(thread)));
    EXPECT_TRUE(stream.ReceiveOpened().has_value());
    ++streaming;
    for (uint64_t offset = 0; stream.Send(AudioRequest(offset, speech_.substr(0, 1000))); offset += 1000) {
    }
    const absl::StatusCode end = stream.Finish().code();
    EXPECT_EQ(end, absl::StatusCode::kUnavailable);
  });
  stopper.join();
}

}  // namespace
}  // namespace otokura::integration
