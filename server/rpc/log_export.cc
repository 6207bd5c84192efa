#include "server/rpc/log_export.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/log_stream.h"
#include "server/rpc/status.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {

class LogExports::Reactor final : public LogStream {
 public:
  Reactor(LogExports* exports, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request)
      : LogStream(context, exports->parts_.executor, &exports->running_), parts_(exports->parts_), request_bytes_(request) {}

 private:
  void Begin(absl::StatusOr<access::Caller> caller) override;
  void Permitted(absl::StatusOr<keys::ReleasePermit> permit);
  void Sent(bool ok) override;
  absl::StatusOr<audit::PublishedCheckpoint> NewestCosigned() const;
  absl::Status SendNext();
  void Conclude(const absl::Status& status);

  const Parts& parts_;
  const grpc::ByteBuffer* const request_bytes_;
  std::optional<access::Caller> caller_;
  access::Ask ask_;
  v1::ExportLogRequest request_;
  std::optional<keys::ReleasePermit> permit_;
  audit::PublishedCheckpoint checkpoint_;
  uint64_t next_ = 0;
  uint64_t delivered_leaves_ = 0;
  uint64_t delivered_bytes_ = 0;
};

void LogExports::Reactor::Begin(absl::StatusOr<access::Caller> caller) {
  if (!caller.ok()) return Finish(ToGrpc(caller.status()));
  caller_ = *std::move(caller);
  absl::StatusOr<v1::ExportLogRequest> request = Parse<v1::ExportLogRequest>(*request_bytes_);
  if (!request.ok()) return Finish(ToGrpc(request.status()));
  request_ = *std::move(request);
  if (!Admit(kLogExportsMax)) {
    parts_.gate->Refused(v1::AUDIT_EXPORT, "limit", access::RoleName(caller_->account().role()), caller_->Describe());
    return Finish(ToGrpc(
        absl::ResourceExhaustedError(absl::StrCat("audit log: ", kLogExportsMax, " exports run already; try again when one has ended"))));
  }
  ask_.action = access::Action::kExportAudit;
  parts_.gate->Release(*caller_, ask_, [this](absl::StatusOr<keys::ReleasePermit> permit) {
    parts_.executor->Post([this, permit = std::move(permit)]() mutable { Permitted(std::move(permit)); });
  });
}

void LogExports::Reactor::Permitted(absl::StatusOr<keys::ReleasePermit> permit) {
  if (!permit.ok()) return Finish(ToGrpc(permit.status()));
  permit_ = *std::move(permit);
  absl::StatusOr<audit::PublishedCheckpoint> checkpoint = request_.cosigned() ? NewestCosigned() : parts_.publisher->newest();
  if (!checkpoint.ok()) return Conclude(checkpoint.status());
  checkpoint_ = *std::move(checkpoint);
  next_ = request_.first_sequence();
  if (next_ > checkpoint_.tree_size) {
    return Conclude(absl::OutOfRangeError(
        absl::StrCat("first_sequence: ", next_, " lies behind the newest checkpoint's ", checkpoint_.tree_size, " entries")));
  }
  WatchClient();
  v1::ExportLogResponse response;
  response.set_checkpoint(checkpoint_.note);
  Send(response);
}

absl::StatusOr<audit::PublishedCheckpoint> LogExports::Reactor::NewestCosigned() const {
  std::optional<audit::PublishedCheckpoint> cosigned = parts_.publisher->newest_cosigned();
  if (cosigned.has_value() && cosigned->tree_size >= request_.first_sequence()) return *std::move(cosigned);
  return absl::FailedPreconditionError(absl::StrCat("cosigned: witnesses have cosigned the first ",
                                                    cosigned.has_value() ? cosigned->tree_size : 0,
                                                    " entries and no more yet; try again in some seconds, or export without"));
}

void LogExports::Reactor::Sent(bool ok) {
  if (!ok) return Conclude(absl::CancelledError("export: cancelled by the caller"));
  if (next_ == checkpoint_.tree_size) return Conclude(absl::OkStatus());
  if (absl::Status sent = SendNext(); !sent.ok()) Conclude(sent);
}

absl::Status LogExports::Reactor::SendNext() {
  if (absl::Status allowed = parts_.gate->StillAllows(*caller_, ask_); !allowed.ok()) return allowed;
  absl::StatusOr<audit::LeafRun> run = parts_.runs->Read(*permit_, next_, checkpoint_.tree_size, request_.with_details());
  if (!run.ok()) return run.status();
  next_ += run->leaves;
  delivered_leaves_ += run->leaves;
  delivered_bytes_ += run->message.bundle().size();
  v1::ExportLogResponse response;
  *response.mutable_leaves() = std::move(run->message);
  Send(response);
  return absl::OkStatus();
}

// The last step once there is a permit: what went out is in the log before the client hears that it is over.
void LogExports::Reactor::Conclude(const absl::Status& status) {
  access::Gate::Delivered delivered;
  delivered.of_sequence = permit_->sequence();
  delivered.bytes = delivered_bytes_;
  delivered.rows = static_cast<uint32_t>(delivered_leaves_);
  delivered.outcome = absl::StatusCodeToString(status.code());
  parts_.gate->Close(*caller_, delivered, [this, status](const absl::Status& closed) { Finish(ToGrpc(status.ok() ? closed : status)); });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* LogExports::Start(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return (new Reactor(this, context, request))->Start(*parts_.door, *context);
}

}  // namespace otokura::rpc
