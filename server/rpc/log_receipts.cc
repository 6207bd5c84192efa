#include "server/rpc/log_receipts.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "server/audit/log_rows.h"
#include "server/audit/proven_leaf.h"
#include "server/audit/tile_rows.h"
#include "server/rpc/log_stream.h"
#include "server/rpc/status.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {
namespace {

constexpr absl::Duration kCheckpointTurn = absl::Milliseconds(50);
constexpr int kCheckpointTurnsMax = 1400;  // 70 s: checkpoints may be configured to come once in 60
// Proofs of neighbours share tiles; each keeps at most two tiles of 8 KiB a message that others do not.
constexpr int kMessageLeavesMax = 64;
constexpr size_t kMessageBytesMax = 256 * 1024;

absl::Status CheckCount(uint64_t count) {
  if (count < kReceiptAccessesMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("recording_id: ", count, " entries are about this recording, a receipt takes at most ",
                                                   kReceiptAccessesMax, "; export the log, and report on it"));
}

}  // namespace

class LogReceipts::Reactor final : public LogStream {
 public:
  Reactor(LogReceipts* receipts, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request)
      : LogStream(context, receipts->parts_.executor, &receipts->running_),
        parts_(receipts->parts_),
        context_(context),
        request_bytes_(request) {}

 private:
  void Begin(absl::StatusOr<access::Caller> caller) override;
  void Noted(absl::StatusOr<uint64_t> sequence);
  void AwaitCheckpoint(int turns_left);
  void Sent(bool ok) override;
  absl::StatusOr<v1::GetReceiptResponse> NextLeaves();
  absl::Status Follow(const v1::AuditEntry& entry);

  const Parts& parts_;
  grpc::CallbackServerContext* const context_;
  const grpc::ByteBuffer* const request_bytes_;
  std::optional<access::Caller> caller_;
  access::Ask ask_;
  std::string recording_;       // 16 bytes
  uint64_t next_ = 0;           // the entry to give next: at first the RECEIPT
  uint64_t accesses_left_ = 0;  // 0 before the RECEIPT was read, and after the first entry
  bool begun_ = false;          // the RECEIPT was read
  audit::PublishedCheckpoint checkpoint_;
};

void LogReceipts::Reactor::Begin(absl::StatusOr<access::Caller> caller) {
  if (!caller.ok()) return Finish(ToGrpc(caller.status()));
  caller_ = *std::move(caller);
  const absl::StatusOr<v1::GetReceiptRequest> request = Parse<v1::GetReceiptRequest>(*request_bytes_);
  if (!request.ok()) return Finish(ToGrpc(request.status()));
  ask_.action = access::Action::kMakeReceipt;
  ask_.requested_id = request->recording_id();
  absl::Status limited;
  if (!Admit(kLogReceiptsMax)) {
    limited =
        absl::ResourceExhaustedError(absl::StrCat("audit log: ", kLogReceiptsMax, " receipts are being made already; try again shortly"));
  }
  if (const absl::StatusOr<storage::RecordingId> id = storage::RecordingId::Parse(request->recording_id()); id.ok()) {
    recording_ = std::string(id->bytes());
    const absl::StatusOr<v1::AccessCount> count = audit::ReadAccessCount(*parts_.records, recording_);
    if (!count.ok()) return Finish(ToGrpc(count.status()));
    if (count->count() > 0) ask_.resource = access::Resource{.id = *id, .centre = {}};
    limited.Update(CheckCount(count->count()));
  }
  // Only who may have receipts learns of a limit.
  if (!limited.ok() && parts_.gate->DecideNow(*caller_, ask_).allowed) {
    parts_.gate->Refused(v1::RECEIPT, "limit", access::RoleName(caller_->account().role()), caller_->Describe());
    return Finish(ToGrpc(limited));
  }
  parts_.gate->Note(*caller_, ask_, [this](absl::StatusOr<uint64_t> sequence) {
    parts_.executor->Post([this, sequence = std::move(sequence)]() mutable { Noted(std::move(sequence)); });
  });
}

void LogReceipts::Reactor::Noted(absl::StatusOr<uint64_t> sequence) {
  if (!sequence.ok()) return Finish(ToGrpc(sequence.status()));
  next_ = *sequence;
  AwaitCheckpoint(kCheckpointTurnsMax);
}

void LogReceipts::Reactor::AwaitCheckpoint(int turns_left) {
  absl::StatusOr<audit::PublishedCheckpoint> newest = parts_.publisher->newest();
  const absl::Status trusted = parts_.publisher->MayRelease();
  if (absl::IsFailedPrecondition(trusted)) return Finish(ToGrpc(trusted));
  if (newest.ok() && newest->tree_size > next_) {
    checkpoint_ = *std::move(newest);
    WatchClient();
    v1::GetReceiptResponse response;
    response.set_checkpoint(checkpoint_.note);
    return Send(response);
  }
  if (turns_left == 0 || context_->IsCancelled()) {
    return Finish(ToGrpc(absl::UnavailableError("audit log: no checkpoint covers the receipt yet; try again")));
  }
  parts_.executor->PostAfter(kCheckpointTurn, [this, turns_left] { AwaitCheckpoint(turns_left - 1); });
}

void LogReceipts::Reactor::Sent(bool ok) {
  if (!ok) return Finish(ToGrpc(absl::CancelledError("receipt: cancelled by the caller")));
  if (begun_ && accesses_left_ == 0) return Finish(grpc::Status::OK);
  if (absl::Status allowed = parts_.gate->StillAllows(*caller_, ask_); !allowed.ok()) return Finish(ToGrpc(allowed));
  const absl::StatusOr<v1::GetReceiptResponse> response = NextLeaves();
  if (!response.ok()) return Finish(ToGrpc(response.status()));
  Send(*response);
}

absl::StatusOr<v1::GetReceiptResponse> LogReceipts::Reactor::NextLeaves() {
  v1::GetReceiptResponse response;
  audit::StoredTiles tiles(parts_.records);
  crypto::TileHashReader hashes(&tiles, checkpoint_.tree_size);
  for (size_t bytes = 0; response.leaves_size() < kMessageLeavesMax && bytes < kMessageBytesMax;) {
    absl::StatusOr<v1::ProvenLeaf> proven = audit::ProveLeaf(*parts_.records, next_, checkpoint_.tree_size, hashes);
    if (!proven.ok()) return proven.status();
    const absl::StatusOr<v1::AuditEntry> entry = audit::ParseLeaf(next_, proven->leaf());
    if (!entry.ok()) return entry.status();
    if (absl::Status followed = Follow(*entry); !followed.ok()) return followed;
    bytes += proven->ByteSizeLong();
    *response.add_leaves() = *std::move(proven);
    if (accesses_left_ == 0) break;
  }
  return response;
}

// Takes the entry's link to the one before. Whoever checks the receipt sees by himself whether it is whole; here the point is not to loop
// or to give out another recording's entries where the store is damaged.
absl::Status LogReceipts::Reactor::Follow(const v1::AuditEntry& entry) {
  const bool fits = entry.recording_id() == recording_ && entry.access_number() > 0 &&
                    (!begun_ || entry.access_number() == accesses_left_) &&
                    (entry.access_number() == 1 || entry.previous_sequence() < next_);
  if (!fits)
    return absl::DataLossError(absl::StrCat("log entry ", next_, ": not the access of the recording that it should be; run otokurad fsck"));
  begun_ = true;
  accesses_left_ = entry.access_number() - 1;
  next_ = entry.previous_sequence();
  return absl::OkStatus();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* LogReceipts::Start(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return (new Reactor(this, context, request))->Start(*parts_.door, *context);
}

}  // namespace otokura::rpc
