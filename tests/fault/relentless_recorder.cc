// A recorder that keeps no count of what is acknowledged and sends as fast as the gateway takes it:
//
//   otokura-relentless-recorder GATEWAY CA CERTIFICATE KEY CALLS
//
// Lines on standard output: "opened CALLS" once the gateway has opened every call, "ended CALL MESSAGE" where it ends one. Goes on until it
// is killed.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "crypto/tls13.h"
#include "otokura/v1/ingest.grpc.pb.h"
#include "server/recordings/limits.h"
#include "tests/integration/clients.h"
#include "tests/integration/pki.h"

namespace {

using namespace otokura;

class RelentlessCall : public grpc::ClientBidiReactor<v1::RecordRequest, v1::RecordResponse> {
 public:
  RelentlessCall(v1::Ingest::Stub* stub, int number, int calls, std::atomic<int>* opened)
      : number_(number), calls_(calls), opened_(opened), request_(integration::OpenRequest("call-" + std::to_string(number))) {
    stub->async()->Record(&context_, this);
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return;
    v1::Audio* const audio = request_.mutable_audio();
    audio->set_offset(next_offset_);
    audio->mutable_data()->resize(recordings::kAudioMessageBytesMax, 'a');
    next_offset_ += recordings::kAudioMessageBytesMax;
    StartWrite(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.has_opened() && ++*opened_ == calls_) {
      std::printf("opened %d\n", calls_);
      std::fflush(stdout);
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    std::printf("ended %d %s\n", number_, status.error_message().c_str());
    std::fflush(stdout);
  }

 private:
  const int number_;
  const int calls_;
  std::atomic<int>* const opened_;
  grpc::ClientContext context_;
  v1::RecordRequest request_;
  v1::RecordResponse response_;
  uint64_t next_offset_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 || !crypto::RequireTls13().ok()) return 2;
  const int calls = std::atoi(argv[5]);
  grpc::SslCredentialsOptions tls{integration::ReadFile(argv[2]), integration::ReadFile(argv[4]), integration::ReadFile(argv[3])};
  const auto stub = v1::Ingest::NewStub(grpc::CreateChannel(argv[1], grpc::SslCredentials(tls)));
  std::atomic<int> opened{0};
  for (int i = 0; i < calls; ++i) new RelentlessCall(stub.get(), i, calls, &opened);  // for as long as the program runs
  pause();
  return 0;
}
