// The protocol spoken by hand, rightly or wrongly, over the generated stubs.
#ifndef OTOKURA_TESTS_INTEGRATION_CLIENTS_H_
#define OTOKURA_TESTS_INTEGRATION_CLIENTS_H_

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/access.grpc.pb.h"
#include "otokura/v1/audit.grpc.pb.h"
#include "otokura/v1/errors.pb.h"
#include "otokura/v1/ingest.grpc.pb.h"

namespace otokura::integration {

// Bytes that look like nothing else and compress not at all; the same for the same seed.
std::string Speech(size_t bytes, uint32_t seed = 1);

v1::RecordRequest OpenRequest(const std::string& call_id);  // PCMU of kCentre by kAgent, without other metadata
v1::RecordRequest AudioRequest(uint64_t offset, std::string_view data);
v1::RecordRequest FinishRequest(std::string_view all_audio);

// One Record stream. Calls block; the whole may take a minute.
class RecordStream {
 public:
  explicit RecordStream(const std::shared_ptr<grpc::Channel>& channel);
  ~RecordStream();
  // False once the stream is dead: Finish says why.
  bool Send(const v1::RecordRequest& request) { return stream_->Write(request); }
  void HalfClose() { stream_->WritesDone(); }
  std::optional<v1::RecordResponse> Receive();
  std::optional<v1::Opened> ReceiveOpened();
  std::optional<v1::Sealed> ReceiveSealed();     // skips Committed
  uint64_t ReceiveCommitted(uint64_t at_least);  // 0 where the stream ended before
  // Reads what is still there and gives the end. Finish half-closes first; AwaitEnd leaves the ending to the gateway.
  absl::Status Finish();
  absl::Status AwaitEnd();
  void Cancel() { context_.TryCancel(); }

 private:
  std::unique_ptr<v1::Ingest::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::RecordRequest, v1::RecordResponse>> stream_;
};

// A whole call in messages of 20 ms, as a telephone would speak it but without the waiting.
absl::StatusOr<v1::Sealed> RecordCall(const std::shared_ptr<grpc::Channel>& channel, const v1::RecordRequest& open, std::string_view audio);
// Sends these and gives the end of the stream.
absl::Status RecordError(const std::shared_ptr<grpc::Channel>& channel, const std::vector<v1::RecordRequest>& requests);

struct Retrieved {
  absl::Status status;
  std::optional<v1::RetrieveHeader> header;
  std::string audio;
};
struct Range {
  uint64_t offset = 0;
  uint64_t length = 0;
};
Retrieved Listen(const std::shared_ptr<grpc::Channel>& channel, const std::string& recording_id, Range range,
                 const std::string& purpose = "inquiry");
Retrieved Download(const std::shared_ptr<grpc::Channel>& channel, const std::string& recording_id, Range range,
                   const std::string& purpose = "inquiry");

v1::SearchRequest SearchFor(v1::PersonalField field, const std::string& value);
absl::StatusOr<v1::SearchResponse> Search(const std::shared_ptr<grpc::Channel>& channel, const v1::SearchRequest& request);
absl::StatusOr<v1::ShowResponse> Show(const std::shared_ptr<grpc::Channel>& channel, const std::string& recording_id,
                                      const std::string& purpose = "inquiry");

struct LoggedEntry {
  v1::AuditEntry leaf;
  v1::AuditDetails details;
};
// The whole log, oldest first.
absl::StatusOr<std::vector<LoggedEntry>> ReadLog(const std::shared_ptr<grpc::Channel>& channel);
int Count(const std::vector<LoggedEntry>& log, v1::AuditAction action, v1::AuditDecision decision = v1::AUDIT_DECISION_UNSPECIFIED);

// What a health probe is told of one name (grpc.health.v1, spoken by hand: a string in field 1, and 1 for serving).
bool Serves(const std::shared_ptr<grpc::Channel>& channel, const std::string& name);

// The typed detail; empty where there is none.
v1::ErrorDetail DetailOf(const absl::Status& status);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_CLIENTS_H_
