// A gateway for the client's tests: the Ingest service's contract over real TLS, in memory, with faults on demand.
#ifndef OTOKURA_TESTS_UNIT_CLIENT_TEST_GATEWAY_H_
#define OTOKURA_TESTS_UNIT_CLIENT_TEST_GATEWAY_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/errors.pb.h"
#include "otokura/v1/ingest.grpc.pb.h"
#include "tests/unit/client/test_pki.h"

namespace otokura::client {

struct StoredCall {
  std::string recording_id;
  std::string token;
  v1::Open first_open;
  std::string timeline;  // durable bytes, gaps as silence
  std::vector<v1::AudioGap> gaps;
  std::vector<v1::Open> opens;
  v1::Finish finish;
  bool sealed = false;
  std::string sha256;
  v1::DigestCheck digest_check = v1::DIGEST_CHECK_UNSPECIFIED;
  std::string supplement_of;
};

// What is durable: outlives a TestGateway, as a disk does.
class GatewayStore {
 public:
  // A copy of the call; all empty where there is none.
  StoredCall Get(const std::string& call_id);
  void Change(const std::string& call_id, const std::function<void(StoredCall&)>& change);
  size_t size();

 private:
  absl::Mutex mutex_;
  std::map<std::string, StoredCall> calls_;
};

struct GatewayFaults {
  absl::Mutex mutex;
  absl::CondVar changed;                  // `stalled`
  bool stalled = false;                   // reads nothing more
  bool drop_sealed_answer = false;        // seals, and breaks the stream instead of saying so; once
  uint64_t cut_after_bytes = UINT64_MAX;  // breaks a stream once so much has come on it; once
  uint64_t message_bytes_max = 65536;
  std::function<grpc::Status(const v1::Open&)> refuse;  // OK: goes on

  void SetStalled(bool value);
  void SetRefuse(std::function<grpc::Status(const v1::Open&)> value);
};

grpc::Status WithDetail(grpc::StatusCode code, const std::string& message, const v1::ErrorDetail& detail);

class TestGateway : public v1::Ingest::Service {
 public:
  // Listens on `port` (0: a free one).
  TestGateway(const TestPki& pki, GatewayStore* store, GatewayFaults* faults, int port = 0);
  ~TestGateway() override { Kill(); }
  // Breaks every stream at once; what was not committed is gone.
  void Kill();
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status Record(grpc::ServerContext* context, grpc::ServerReaderWriter<v1::RecordResponse, v1::RecordRequest>* stream) override;

 private:
  using Stream = grpc::ServerReaderWriter<v1::RecordResponse, v1::RecordRequest>;
  grpc::Status Open(const v1::Open& open, Stream* stream, uint64_t* at);
  grpc::Status Finish(const std::string& call_id, const v1::Finish& finish, const std::string& pending, Stream* stream);
  bool WaitWhileStalled(grpc::ServerContext* context);

  GatewayStore* const store_;
  GatewayFaults* const faults_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace otokura::client

#endif  // OTOKURA_TESTS_UNIT_CLIENT_TEST_GATEWAY_H_
