#include "tests/integration/clients.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "server/recordings/errors.h"
#include "server/rpc/status.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr size_t kSpokenBytes = 160;  // 20 ms of G.711

void SetDeadline(grpc::ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + kPatience); }

v1::Justification Justify(const std::string& purpose) {
  v1::Justification justification;
  justification.set_purpose(purpose);
  justification.set_reference("CASE-1");
  return justification;
}

Retrieved Drain(std::unique_ptr<grpc::ClientReader<v1::RetrieveResponse>> reader) {
  Retrieved retrieved;
  v1::RetrieveResponse response;
  while (reader->Read(&response)) {
    if (response.has_header()) retrieved.header = response.header();
    retrieved.audio += response.audio();
  }
  retrieved.status = rpc::FromGrpc(reader->Finish());
  return retrieved;
}

v1::RetrieveRequest RetrieveRequest(const std::string& recording_id, Range range, const std::string& purpose) {
  v1::RetrieveRequest request;
  request.set_recording_id(recording_id);
  request.set_offset(range.offset);
  request.set_length(range.length);
  *request.mutable_justification() = Justify(purpose);
  return request;
}

}  // namespace

std::string Speech(size_t bytes, uint32_t seed) {
  std::mt19937 generator(seed);
  std::string speech(bytes, '\0');
  for (char& byte : speech) byte = static_cast<char>(generator());
  return speech;
}

v1::RecordRequest OpenRequest(const std::string& call_id) {
  v1::RecordRequest request;
  v1::Open* open = request.mutable_open();
  open->mutable_metadata()->set_call_id(call_id);
  open->mutable_metadata()->set_agent(kAgent);
  open->set_leg(v1::LEG_MIXED);
  open->mutable_format()->set_encoding(v1::AudioFormat::PCMU);
  open->mutable_format()->set_sample_rate_hz(8000);
  open->mutable_format()->set_channels(1);
  open->set_centre(kCentre);
  open->set_queue("pension");
  return request;
}

v1::RecordRequest AudioRequest(uint64_t offset, std::string_view data) {
  v1::RecordRequest request;
  request.mutable_audio()->set_offset(offset);
  request.mutable_audio()->set_data(std::string(data));
  return request;
}

v1::RecordRequest FinishRequest(std::string_view all_audio) {
  v1::RecordRequest request;
  request.mutable_finish()->set_total_bytes(all_audio.size());
  request.mutable_finish()->set_sha256(crypto::Sha256(all_audio));
  return request;
}

RecordStream::RecordStream(const std::shared_ptr<grpc::Channel>& channel) : stub_(v1::Ingest::NewStub(channel)) {
  SetDeadline(context_);
  stream_ = stub_->Record(&context_);
}

RecordStream::~RecordStream() { context_.TryCancel(); }

std::optional<v1::RecordResponse> RecordStream::Receive() {
  v1::RecordResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  return response;
}

std::optional<v1::Opened> RecordStream::ReceiveOpened() {
  const auto response = Receive();
  if (!response.has_value() || !response->has_opened()) return std::nullopt;
  return response->opened();
}

std::optional<v1::Sealed> RecordStream::ReceiveSealed() {
  while (const auto response = Receive()) {
    if (response->has_sealed()) return response->sealed();
  }
  return std::nullopt;
}

uint64_t RecordStream::ReceiveCommitted(uint64_t at_least) {
  while (const auto response = Receive()) {
    if (response->has_committed() && response->committed().bytes() >= at_least) return response->committed().bytes();
  }
  return 0;
}

absl::Status RecordStream::Finish() {
  HalfClose();
  return AwaitEnd();
}

absl::Status RecordStream::AwaitEnd() {
  while (Receive().has_value()) {
  }
  return rpc::FromGrpc(stream_->Finish());
}

absl::StatusOr<v1::Sealed> RecordCall(const std::shared_ptr<grpc::Channel>& channel, const v1::RecordRequest& open,
                                      std::string_view audio) {
  RecordStream stream(channel);
  bool alive = stream.Send(open) && stream.ReceiveOpened().has_value();
  for (size_t offset = 0; alive && offset < audio.size(); offset += kSpokenBytes) {
    alive = stream.Send(AudioRequest(offset, audio.substr(offset, kSpokenBytes)));
  }
  if (alive) alive = stream.Send(FinishRequest(audio));
  const std::optional<v1::Sealed> sealed = alive ? stream.ReceiveSealed() : std::nullopt;
  if (absl::Status end = stream.Finish(); !end.ok()) return end;
  if (!sealed.has_value()) return absl::UnknownError("the stream ended well without Sealed");
  return *sealed;
}

absl::Status RecordError(const std::shared_ptr<grpc::Channel>& channel, const std::vector<v1::RecordRequest>& requests) {
  RecordStream stream(channel);
  for (const v1::RecordRequest& request : requests) {
    if (!stream.Send(request)) break;
  }
  return stream.Finish();
}

Retrieved Listen(const std::shared_ptr<grpc::Channel>& channel, const std::string& recording_id, Range range, const std::string& purpose) {
  const auto stub = v1::Access::NewStub(channel);
  grpc::ClientContext context;
  SetDeadline(context);
  return Drain(stub->Listen(&context, RetrieveRequest(recording_id, range, purpose)));
}

Retrieved Download(const std::shared_ptr<grpc::Channel>& channel, const std::string& recording_id, Range range,
                   const std::string& purpose) {
  const auto stub = v1::Access::NewStub(channel);
  grpc::ClientContext context;
  SetDeadline(context);
  return Drain(stub->Download(&context, RetrieveRequest(recording_id, range, purpose)));
}

v1::SearchRequest SearchFor(v1::PersonalField field, const std::string& value) {
  v1::SearchRequest request;
  request.mutable_term()->set_field(field);
  request.mutable_term()->set_value(value);
  *request.mutable_justification() = Justify("inquiry");
  return request;
}

absl::StatusOr<v1::SearchResponse> Search(const std::shared_ptr<grpc::Channel>& channel, const v1::SearchRequest& request) {
  const auto stub = v1::Access::NewStub(channel);
  grpc::ClientContext context;
  SetDeadline(context);
  v1::SearchResponse response;
  if (absl::Status status = rpc::FromGrpc(stub->Search(&context, request, &response)); !status.ok()) return status;
  return response;
}

absl::StatusOr<v1::ShowResponse> Show(const std::shared_ptr<grpc::Channel>& channel, const std::string& recording_id,
                                      const std::string& purpose) {
  const auto stub = v1::Access::NewStub(channel);
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ShowRequest request;
  request.set_recording_id(recording_id);
  *request.mutable_justification() = Justify(purpose);
  v1::ShowResponse response;
  if (absl::Status status = rpc::FromGrpc(stub->Show(&context, request, &response)); !status.ok()) return status;
  return response;
}

absl::StatusOr<std::vector<LoggedEntry>> ReadLog(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = v1::Audit::NewStub(channel);
  std::vector<LoggedEntry> log;
  v1::ListAuditRequest request;
  do {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::ListAuditResponse response;
    if (absl::Status status = rpc::FromGrpc(stub->List(&context, request, &response)); !status.ok()) return status;
    for (const v1::ListedEntry& listed : response.entries()) {
      LoggedEntry entry;
      if (!entry.leaf.ParseFromString(listed.leaf())) return absl::DataLossError("a leaf does not parse");
      entry.details = listed.details();
      log.push_back(std::move(entry));
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  std::reverse(log.begin(), log.end());
  return log;
}

int Count(const std::vector<LoggedEntry>& log, v1::AuditAction action, v1::AuditDecision decision) {
  return static_cast<int>(std::count_if(log.begin(), log.end(), [&](const LoggedEntry& entry) {
    return entry.leaf.action() == action && (decision == v1::AUDIT_DECISION_UNSPECIFIED || entry.leaf.decision() == decision);
  }));
}

bool Serves(const std::shared_ptr<grpc::Channel>& channel, const std::string& name) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice request(absl::StrCat(std::string{'\n', static_cast<char>(name.size())}, name));
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(&request, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice said;
  return response.TrySingleSlice(&said).ok() && said.size() == 2 && said.begin()[0] == 8 && said.begin()[1] == 1;
}

v1::ErrorDetail DetailOf(const absl::Status& status) {
  v1::ErrorDetail detail;
  if (const auto payload = status.GetPayload(recordings::kErrorDetailUrl); payload.has_value())
    detail.ParseFromString(std::string(*payload));
  return detail;
}

}  // namespace otokura::integration
