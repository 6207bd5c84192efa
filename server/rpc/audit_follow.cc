#include "server/rpc/audit_follow.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "server/recordings/errors.h"
#include "server/rpc/audit_queries.h"
#include "server/rpc/status.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {

// One stream. A single chain of turns on the executor leads from Begin to Finish: a turn reads on, and either writes (whose end begins the
// next turn) or waits a while. So nothing here needs a lock, and nobody has the reactor once Finish was called; gRPC then calls OnDone.
class FollowReactor : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit FollowReactor(AuditFollows* follows) : follows_(*follows), parts_(follows->parts_) {}

  void Begin(absl::StatusOr<access::Caller> caller, const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override {
    if (!ok) cancelled_ = true;
    NextTurn();
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  // Sets what the stream is to show, and how the log describes that.
  absl::Status Understand(const v1::FollowAuditRequest& request, std::string* description);
  void Permitted(const absl::Status& understood, absl::StatusOr<keys::ReleasePermit> permit);
  void NextTurn() {
    parts_.executor->Post([this] { Turn(); });
  }
  void Turn();
  absl::Status StillOn() const;
  // Takes what of the entries one message holds.
  v1::FollowAuditResponse Take(audit::Queries::Appended appended);
  void End(absl::Status status);

  AuditFollows& follows_;
  const AuditFollows::Parts& parts_;
  std::atomic<bool> cancelled_{false};
  std::optional<access::Caller> caller_;
  access::Ask ask_;
  bool admitted_ = false;
  std::optional<keys::ReleasePermit> permit_;
  std::vector<audit::Condition> conditions_;
  uint64_t next_ = 0;
  bool begun_ = false;  // the first response is out
  uint64_t shown_ = 0;
  grpc::ByteBuffer sending_;
};

absl::Status FollowReactor::Understand(const v1::FollowAuditRequest& request, std::string* description) {
  if (request.query().from_unix_ms() != 0 || request.query().to_unix_ms() != 0)
    return absl::InvalidArgumentError("query: following takes no times; use from_sequence");
  auto asked = ParseQuery(request.query());
  if (!asked.ok()) return asked.status();
  const uint64_t tree_size = parts_.log->head().tree_size;
  if (request.from_sequence() > tree_size) return absl::OutOfRangeError("from_sequence: past the end of the log");
  conditions_ = std::move(asked->query.conditions);
  next_ = request.has_from_sequence() ? request.from_sequence() : tree_size;
  *description = std::move(asked->description);
  return absl::OkStatus();
}

void FollowReactor::Begin(absl::StatusOr<access::Caller> caller, const grpc::ByteBuffer& request) {
  if (!caller.ok()) return End(caller.status());
  caller_ = *std::move(caller);
  auto parsed = Parse<v1::FollowAuditRequest>(request);
  if (!parsed.ok()) return End(parsed.status());
  ask_.action = access::Action::kFollowAudit;
  // Told only to those who may follow: whoever may not is refused, and that is logged, however the request is made.
  absl::Status understood = Understand(*parsed, &ask_.requested_id);
  parts_.gate->Release(*caller_, ask_, [this, understood](absl::StatusOr<keys::ReleasePermit> permit) {
    parts_.executor->Post([this, understood, permit = std::move(permit)]() mutable { Permitted(understood, std::move(permit)); });
  });
}

void FollowReactor::Permitted(const absl::Status& understood, absl::StatusOr<keys::ReleasePermit> permit) {
  if (!permit.ok()) return End(permit.status());
  permit_ = *std::move(permit);
  absl::Status status = understood;
  if (status.ok()) status = follows_.Admit(caller_->account().name());
  if (!status.ok()) return End(status);
  admitted_ = true;
  Turn();
}

absl::Status FollowReactor::StillOn() const {
  if (cancelled_) return absl::CancelledError("follow: cancelled by the caller");
  if (follows_.stopping_) return absl::UnavailableError("gateway: it is stopping; follow again from next_sequence");
  return parts_.gate->StillAllows(*caller_, ask_);
}

void FollowReactor::Turn() {
  if (absl::Status on = StillOn(); !on.ok()) return End(on);
  const uint64_t before = next_;
  auto appended = parts_.queries->Since(*permit_, conditions_, next_, kFollowStepEntries);
  if (!appended.ok()) return End(appended.status());
  const v1::FollowAuditResponse response = Take(*std::move(appended));
  if (response.entries_size() > 0 || !begun_) {
    begun_ = true;
    shown_ += static_cast<uint64_t>(response.entries_size());
    sending_ = Serialise(response);
    return StartWrite(&sending_);
  }
  if (next_ != before) return NextTurn();
  parts_.executor->PostAfter(kFollowInterval, [this] { Turn(); });
}

v1::FollowAuditResponse FollowReactor::Take(audit::Queries::Appended appended) {
  v1::FollowAuditResponse response;
  next_ = appended.next;
  size_t bytes = 0;
  for (audit::Listed& listed : appended.entries) {
    const uint64_t sequence = listed.sequence;
    v1::ListedEntry entry = ToMessage(std::move(listed));
    bytes += entry.ByteSizeLong();
    if (bytes > kListingBytesMax && response.entries_size() > 0) {
      next_ = sequence;
      break;
    }
    *response.add_entries() = std::move(entry);
  }
  response.set_next_sequence(next_);
  return response;
}

void FollowReactor::End(absl::Status status) {
  if (admitted_) follows_.Leave(caller_->account().name());
  if (!permit_.has_value()) return Finish(ToGrpc(status));
  access::Gate::Delivered delivered;
  delivered.of_sequence = permit_->sequence();
  delivered.rows = static_cast<uint32_t>(std::min<uint64_t>(shown_, std::numeric_limits<uint32_t>::max()));
  delivered.outcome = absl::StatusCodeToString(status.code());
  parts_.gate->Close(*caller_, delivered, [this, status = std::move(status)](const absl::Status&) { Finish(ToGrpc(status)); });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditFollows::Begin(const Door& door, grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer* request) {
  auto* reactor = new FollowReactor(this);
  door.Identify(*context, [reactor, request](absl::StatusOr<access::Caller> caller) { reactor->Begin(std::move(caller), *request); });
  return reactor;
}

absl::Status AuditFollows::Admit(const std::string& account) {
  absl::MutexLock lock(&mutex_);
  if (running_ >= kFollowsMax) {
    return recordings::LimitReachedError("audit follows", kFollowsMax, "try again when others have ended",
                                         parts_.clock->Now() + absl::Seconds(1));
  }
  int& count = per_account_[account];
  if (count >= kFollowsPerAccountMax)
    return recordings::LimitReachedError("audit follows of one account", kFollowsPerAccountMax, "end one of them first");
  ++count;
  ++running_;
  return absl::OkStatus();
}

void AuditFollows::Leave(const std::string& account) {
  absl::MutexLock lock(&mutex_);
  --running_;
  if (--per_account_[account] == 0) per_account_.erase(account);
}

}  // namespace otokura::rpc
