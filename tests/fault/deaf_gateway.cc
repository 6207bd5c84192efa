// A gateway that takes every stream, answers Opened, and never reads what follows:
//
//   otokura-deaf-gateway ADDRESS CA CERTIFICATE KEY
//
// Prints "serving ADDRESS".
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "crypto/tls13.h"
#include "otokura/v1/ingest.grpc.pb.h"
#include "server/rpc/server_options.h"
#include "tests/integration/pki.h"

namespace {

using namespace otokura;

class DeafStream : public grpc::ServerBidiReactor<v1::RecordRequest, v1::RecordResponse> {
 public:
  DeafStream() { StartRead(&open_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    answer_.mutable_opened()->set_recording_id("0190a1b2-0000-7000-8000-000000000001");
    answer_.mutable_opened()->set_resume_token(std::string(32, 't'));
    StartWrite(&answer_);
  }
  void OnDone() override { delete this; }

 private:
  v1::RecordRequest open_;
  v1::RecordResponse answer_;
};

class DeafIngest : public v1::Ingest::CallbackService {
  grpc::ServerBidiReactor<v1::RecordRequest, v1::RecordResponse>* Record(grpc::CallbackServerContext*) override { return new DeafStream; }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 || !crypto::RequireTls13().ok()) return 2;
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = integration::ReadFile(argv[2]);
  tls.pem_key_cert_pairs.push_back({integration::ReadFile(argv[4]), integration::ReadFile(argv[3])});
  DeafIngest ingest;
  grpc::ServerBuilder builder;
  rpc::SetServerOptions(builder);
  int port = 0;
  builder.AddListeningPort(argv[1], grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&ingest);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("serving 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  pause();
  return 0;
}
