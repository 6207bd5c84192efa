#include "tests/unit/client/test_gateway.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "client/convert.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "crypto/tls13.h"

namespace otokura::client {
namespace {

constexpr size_t kCommitUnit = 16384;

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

StoredCall GatewayStore::Get(const std::string& call_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = calls_.find(call_id);
  return found == calls_.end() ? StoredCall() : found->second;
}

void GatewayStore::Change(const std::string& call_id, const std::function<void(StoredCall&)>& change) {
  absl::MutexLock lock(&mutex_);
  change(calls_[call_id]);
}

size_t GatewayStore::size() {
  absl::MutexLock lock(&mutex_);
  return calls_.size();
}

void GatewayFaults::SetStalled(bool value) {
  absl::MutexLock lock(&mutex);
  stalled = value;
  changed.SignalAll();
}

void GatewayFaults::SetRefuse(std::function<grpc::Status(const v1::Open&)> value) {
  absl::MutexLock lock(&mutex);
  refuse = std::move(value);
}

grpc::Status WithDetail(grpc::StatusCode code, const std::string& message, const v1::ErrorDetail& detail) {
  return grpc::Status(code, message, detail.SerializeAsString());
}

TestGateway::TestGateway(const TestPki& pki, GatewayStore* store, GatewayFaults* faults, int port) : store_(store), faults_(faults) {
  if (!crypto::RequireTls13().ok()) std::abort();
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = Content(pki.folder() + "/pki/ca.pem");
  tls.pem_key_cert_pairs.push_back({Content(pki.folder() + "/pki/gateway.key"), Content(pki.folder() + "/pki/gateway.pem")});
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 16384);
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::SslServerCredentials(tls), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) std::abort();
}

void TestGateway::Kill() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

bool TestGateway::WaitWhileStalled(grpc::ServerContext* context) {
  absl::MutexLock lock(&faults_->mutex);
  while (faults_->stalled) {
    if (context->IsCancelled()) return false;
    faults_->changed.WaitWithTimeout(&faults_->mutex, absl::Milliseconds(20));
  }
  return true;
}

grpc::Status TestGateway::Open(const v1::Open& open, Stream* stream, uint64_t* at) {
  {
    absl::MutexLock lock(&faults_->mutex);
    if (faults_->refuse) {
      if (grpc::Status refused = faults_->refuse(open); !refused.ok()) return refused;
    }
  }
  grpc::Status status = grpc::Status::OK;
  v1::RecordResponse response;
  store_->Change(open.metadata().call_id(), [&](StoredCall& call) {
    call.opens.push_back(open);
    if (call.sealed) {
      v1::ErrorDetail detail;
      detail.mutable_already_sealed()->set_recording_id(call.recording_id);
      detail.mutable_already_sealed()->set_audio_bytes(call.timeline.size());
      detail.mutable_already_sealed()->set_audio_sha256(call.sha256);
      detail.mutable_already_sealed()->set_digest_check(call.digest_check);
      status = WithDetail(grpc::StatusCode::ALREADY_EXISTS, "sealed before", detail);
      return;
    }
    if (!open.resume_token().empty() && !call.token.empty() && open.resume_token() != call.token) {
      status = grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "wrong token");
      return;
    }
    if (call.token.empty()) {
      call.token = crypto::RandomBytes(32);
      call.recording_id = "01900000-0000-7000-8000-000000000001";
      call.first_open = open;
    }
    v1::Opened* opened = response.mutable_opened();
    opened->set_recording_id(call.recording_id);
    opened->set_resume_token(call.token);
    opened->set_committed_bytes(call.timeline.size());
    absl::MutexLock lock(&faults_->mutex);
    opened->set_message_bytes_max(static_cast<uint32_t>(faults_->message_bytes_max));
    *at = call.timeline.size();
  });
  if (status.ok()) stream->Write(response);
  return status;
}

grpc::Status TestGateway::Finish(const std::string& call_id, const v1::Finish& finish, const std::string& pending, Stream* stream) {
  v1::RecordResponse response;
  grpc::Status status = grpc::Status::OK;
  store_->Change(call_id, [&](StoredCall& call) {
    call.timeline += pending;
    call.finish = finish;
    if (finish.total_bytes() != call.timeline.size()) {
      status = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "total_bytes is not where the stream stands");
      return;
    }
    call.sealed = true;
    call.sha256 = crypto::Sha256(call.timeline);
    const bool matches = crypto::Sha256(std::string_view(call.timeline).substr(finish.digest_start())) == finish.sha256();
    call.digest_check = !matches ? v1::MISMATCHED : finish.digest_start() == 0 ? v1::MATCHED : v1::MATCHED_TAIL;
    response.mutable_sealed()->set_recording_id(call.recording_id);
    response.mutable_sealed()->set_audio_bytes(call.timeline.size());
    response.mutable_sealed()->set_audio_sha256(call.sha256);
    response.mutable_sealed()->set_digest_check(call.digest_check);
  });
  if (!status.ok()) return status;
  absl::MutexLock lock(&faults_->mutex);
  if (std::exchange(faults_->drop_sealed_answer, false)) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut by the test");
  stream->Write(response);
  return grpc::Status::OK;
}

grpc::Status TestGateway::Record(grpc::ServerContext* context, Stream* stream) {
  v1::RecordRequest request;
  if (!stream->Read(&request) || !request.has_open()) return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "Open must come first");
  const v1::Open open = request.open();
  const std::string& call_id = open.metadata().call_id();
  uint64_t at = 0;
  if (grpc::Status opened = Open(open, stream, &at); !opened.ok()) return opened;
  const char silence = FromProto(open.format()).silence();
  std::string pending;
  uint64_t received = 0;
  while (WaitWhileStalled(context) && stream->Read(&request)) {
    if (request.has_finish()) return Finish(call_id, request.finish(), pending, stream);
    const uint64_t offset = request.has_gap() ? request.gap().offset() : request.audio().offset();
    if (offset != at) {
      v1::ErrorDetail detail;
      detail.mutable_offset_mismatch()->set_expected(at);
      detail.mutable_offset_mismatch()->set_received(offset);
      return WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "offset", detail);
    }
    if (request.has_audio() && (request.audio().data().empty() || request.audio().data().size() > 65536)) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "Audio.data must be 1..65536 bytes");
    }
    const std::string bytes = request.has_gap() ? std::string(request.gap().length(), silence) : request.audio().data();
    pending += bytes;
    at += bytes.size();
    received += bytes.size();
    {
      absl::MutexLock lock(&faults_->mutex);
      if (received >= faults_->cut_after_bytes) {
        faults_->cut_after_bytes = UINT64_MAX;
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut by the test");
      }
    }
    v1::RecordResponse response;
    store_->Change(call_id, [&](StoredCall& call) {
      if (request.has_gap()) call.gaps.push_back(request.gap());
      const size_t whole = pending.size() / kCommitUnit * kCommitUnit;
      call.timeline.append(pending, 0, whole);
      pending.erase(0, whole);
      response.mutable_committed()->set_bytes(call.timeline.size());
    });
    stream->Write(response);
  }
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the recorder went away");
}

}  // namespace otokura::client
