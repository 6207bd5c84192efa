#include "server/rpc/rehearsal_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "proto/policy/signed_policy.h"
#include "server/access/egress/budgets.h"
#include "server/recordings/reach.h"
#include "server/rpc/log_stream.h"
#include "server/rpc/status.h"
#include "server/rpc/wire.h"

namespace otokura::rpc {
namespace {

using access::Action;

absl::Status CheckDays(uint32_t days) {
  if (days <= access::kRehearsalDaysMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("days: ", days, "; 1 to ", access::kRehearsalDaysMax));
}

}  // namespace

class RehearsalService::Reactor final : public LogStream {
 public:
  Reactor(RehearsalService* service, grpc::CallbackServerContext* context, const grpc::ByteBuffer* request)
      : LogStream(context, service->parts_.executor, &service->running_),
        service_(*service),
        parts_(service->parts_),
        request_bytes_(request) {}

 private:
  void Begin(absl::StatusOr<access::Caller> caller) override;
  // Only who may rehearse is told what is wrong.
  void Examine(const v1::RehearseRequest& request);
  void Permitted(absl::StatusOr<keys::ReleasePermit> permit);
  void Sent(bool ok) override;
  absl::Status GoOn();
  void Give();
  void Conclude(const absl::Status& status);

  const RehearsalService& service_;
  const Parts& parts_;
  const grpc::ByteBuffer* const request_bytes_;
  std::optional<access::Caller> caller_;
  access::Ask ask_;
  absl::Duration back_;
  std::shared_ptr<const access::Rules> draft_;
  std::optional<keys::ReleasePermit> permit_;
  std::unique_ptr<access::Rehearsal> rehearsal_;
  size_t given_ = 0;  // findings, and then one more: the summary
};

void RehearsalService::Reactor::Begin(absl::StatusOr<access::Caller> caller) {
  if (!caller.ok()) return Finish(ToGrpc(caller.status()));
  caller_ = *std::move(caller);
  const absl::StatusOr<v1::RehearseRequest> request = Parse<v1::RehearseRequest>(*request_bytes_);
  if (!request.ok()) return Finish(ToGrpc(request.status()));
  ask_.action = Action::kRehearsePolicy;
  ask_.requested_id = absl::BytesToHexString(crypto::Sha256(policy::TextOf(request->text())));
  const access::Decision decision = parts_.gate->DecideNow(*caller_, ask_);
  if (decision.allowed) return Examine(*request);
  parts_.gate->Refuse(*caller_, ask_, decision, [this](const absl::Status& refusal) { Finish(ToGrpc(refusal)); });
}

void RehearsalService::Reactor::Examine(const v1::RehearseRequest& request) {
  if (absl::Status days = CheckDays(request.days()); !days.ok()) return Finish(ToGrpc(days));
  back_ = absl::Hours(24) * (request.days() == 0 ? access::kRehearsalDaysMax : request.days());
  access::Decision refused;
  absl::StatusOr<std::shared_ptr<const access::Rules>> draft = policy::CompileNext(policy::TextOf(request.text()));
  if (!draft.ok()) {
    refused = {false, "policy-document", draft.status()};
  } else if (!Admit(kRehearsalsMax)) {
    refused = {false, "limit", absl::ResourceExhaustedError("rehearsal: another one is running; try again when it has ended")};
  }
  if (!refused.refusal.ok()) {
    return parts_.gate->Refuse(*caller_, ask_, refused, [this](const absl::Status& refusal) { Finish(ToGrpc(refusal)); });
  }
  draft_ = *std::move(draft);
  parts_.gate->Release(*caller_, ask_, [this](absl::StatusOr<keys::ReleasePermit> permit) {
    parts_.executor->Post([this, permit = std::move(permit)]() mutable { Permitted(std::move(permit)); });
  });
}

void RehearsalService::Reactor::Permitted(absl::StatusOr<keys::ReleasePermit> permit) {
  if (!permit.ok()) return Finish(ToGrpc(permit.status()));
  permit_ = *std::move(permit);
  absl::StatusOr<std::unique_ptr<access::Rehearsal>> begun =
      access::Rehearsal::Begin(service_.PartsUnder(std::move(draft_)), parts_.clock->LogTime() - back_);
  if (!begun.ok()) return Conclude(begun.status());
  rehearsal_ = *std::move(begun);
  WatchClient();
  Sent(true);
}

void RehearsalService::Reactor::Sent(bool ok) {
  if (!ok) return Conclude(absl::CancelledError("rehearsal: cancelled by the caller"));
  if (given_ > rehearsal_->findings().size()) return Conclude(absl::OkStatus());
  if (absl::Status gone_on = GoOn(); !gone_on.ok()) Conclude(gone_on);
}

absl::Status RehearsalService::Reactor::GoOn() {
  if (absl::Status allowed = parts_.gate->StillAllows(*caller_, ask_); !allowed.ok()) return allowed;
  if (rehearsal_->done()) {
    Give();
    return absl::OkStatus();
  }
  if (absl::Status stepped = rehearsal_->Step(*permit_, kRehearsalStepEntries); !stepped.ok()) return stepped;
  v1::RehearseResponse response;
  *response.mutable_progress() = rehearsal_->progress();
  Send(response);
  return absl::OkStatus();
}

void RehearsalService::Reactor::Give() {
  v1::RehearseResponse response;
  if (given_ < rehearsal_->findings().size()) {
    *response.mutable_finding() = rehearsal_->findings()[given_];
  } else {
    *response.mutable_summary() = rehearsal_->summary();
  }
  ++given_;
  Send(response);
}

// The last step once there is a permit: what was told is in the log before the client hears that it is over.
void RehearsalService::Reactor::Conclude(const absl::Status& status) {
  access::Gate::Delivered delivered;
  delivered.of_sequence = permit_->sequence();
  delivered.rows = static_cast<uint32_t>(rehearsal_ == nullptr ? 0 : std::min(given_, rehearsal_->findings().size()));
  delivered.outcome = absl::StatusCodeToString(status.code());
  parts_.gate->Close(*caller_, delivered, [this, status](const absl::Status& closed) { Finish(ToGrpc(status.ok() ? closed : status)); });
}

access::Rehearsal::Parts RehearsalService::PartsUnder(std::shared_ptr<const access::Rules> draft) const {
  access::Rehearsal::Parts parts;
  parts.records = parts_.records->Snapshot();
  parts.keys = &parts_.keys->site();
  parts.in_force = parts_.gate->rules();
  parts.budgets = access::BudgetsUnder([draft] { return draft; }, [this](std::string_view name) { return parts_.contracts->Find(name); });
  parts.draft = std::move(draft);
  parts.reaches = [this](std::string_view name, std::string_view recording_id, v1::Scope scope) -> std::optional<bool> {
    std::optional<v1::Account> account = parts_.directory->Find(name);
    if (!account.has_value()) return std::nullopt;
    std::shared_ptr<const access::Contract> contract = parts_.contracts->Find(account->contract());
    return recordings::WouldReach(*parts_.records, *parts_.keys, *std::move(account), std::move(contract), recording_id, scope);
  };
  parts.approver_role = [this](std::string_view grant_id) {
    const auto id = access::GrantId::FromBytes(grant_id);
    const auto grant = id.ok() ? parts_.grants->Find(*id) : absl::StatusOr<std::optional<v1::Grant>>(std::nullopt);
    return grant.ok() && grant->has_value() ? (*grant)->decided_by_role() : v1::ROLE_UNSPECIFIED;
  };
  return parts;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* RehearsalService::Rehearse(grpc::CallbackServerContext* context,
                                                                       const grpc::ByteBuffer* request) {
  return (new Reactor(this, context, request))->Start(*parts_.door, *context);
}

}  // namespace otokura::rpc
