#include "server/rpc/grants_service.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"
#include "server/access/grant_changes.h"
#include "server/recordings/approvable.h"

namespace otokura::rpc {
namespace {

using access::Action;

constexpr char kTokenScope[] = "grants";

// Answers a call whose response is just the grant.
template <typename Response>
std::function<void(absl::StatusOr<v1::Grant>)> WithGrant(UnaryDone<Response> done) {
  return [done = std::move(done)](absl::StatusOr<v1::Grant> grant) {
    if (!grant.ok()) return done(grant.status());
    Response response;
    *response.mutable_grant() = *std::move(grant);
    done(std::move(response));
  };
}

// A contractor sees its own person's, everybody else all.
std::string PersonShownTo(const access::Caller& caller) {
  return caller.account().role() == v1::CONTRACTOR ? caller.account().person_id() : "";
}

}  // namespace

grpc::ServerUnaryReactor* GrantsService::Request(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::RequestGrantRequest, v1::RequestGrantResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RequestGrantRequest& parsed, UnaryDone<v1::RequestGrantResponse> done) {
        RequestAs(caller, parsed, WithGrant(std::move(done)));
      });
}

grpc::ServerUnaryReactor* GrantsService::Approve(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::ApproveGrantRequest, v1::ApproveGrantResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ApproveGrantRequest& parsed, UnaryDone<v1::ApproveGrantResponse> done) {
        ApproveAs(caller, parsed, WithGrant(std::move(done)));
      });
}

grpc::ServerUnaryReactor* GrantsService::Refuse(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return ServeUnary<v1::RefuseGrantRequest, v1::RefuseGrantResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RefuseGrantRequest& parsed, UnaryDone<v1::RefuseGrantResponse> done) {
        RefuseAs(caller, parsed, WithGrant(std::move(done)));
      });
}

grpc::ServerUnaryReactor* GrantsService::Revoke(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return ServeUnary<v1::RevokeGrantRequest, v1::RevokeGrantResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RevokeGrantRequest& parsed, UnaryDone<v1::RevokeGrantResponse> done) {
        RevokeAs(caller, parsed, WithGrant(std::move(done)));
      });
}

grpc::ServerUnaryReactor* GrantsService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListGrantsRequest, v1::ListGrantsResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListGrantsRequest& parsed, const UnaryDone<v1::ListGrantsResponse>& done) {
        Show(caller, parsed, done);
      });
}

absl::StatusOr<GrantsService::Matter> GrantsService::MatterOf(const access::Caller& caller, Action action, const std::string& id) const {
  const auto parsed = access::GrantId::Parse(id);
  if (!parsed.ok()) return absl::InvalidArgumentError("id: not one of a grant; look at the list of grants");
  absl::StatusOr<std::optional<v1::Grant>> grant = parts_.grants->Find(*parsed);
  if (!grant.ok()) return grant.status();
  Matter matter{caller, AskAbout(action, id), *parsed, *std::move(grant)};
  if (matter.grant.has_value()) matter.ask.grant_id = std::string(parsed->bytes());
  return matter;
}

void GrantsService::Change(const Matter& matter, const Prepare& prepare, std::string_view reason, GrantDone done) const {
  const access::Decision decision = parts_.gate->DecideNow(matter.caller, matter.ask);
  if (!decision.allowed) return parts_.gate->Refuse(matter.caller, matter.ask, decision, done);
  std::string rule;
  absl::StatusOr<access::Grants::Change> change = prepare(matter, &rule);
  if (!change.ok() && rule.empty()) return done(change.status());
  if (!change.ok()) return parts_.gate->Refuse(matter.caller, matter.ask, {false, rule, change.status(), decision.purpose}, done);
  std::unique_ptr<access::ChargedDraft> entry = DraftFor(matter.caller, matter.ask, decision);
  if (const auto id = access::GrantId::Parse(change->grant.id()); id.ok()) entry->leaf.set_grant_id(std::string(id->bytes()));
  entry->particulars.target = change->grant.account();
  entry->particulars.reason = std::string(reason);
  parts_.grants->Commit(*std::move(change), std::move(entry), std::move(done));
}

void GrantsService::RequestAs(const access::Caller& caller, const v1::RequestGrantRequest& request, GrantDone done) const {
  access::Ask ask;
  ask.action = Action::kRequestGrant;
  ask.justification = request.justification();
  const auto prepare = [this, &request](const Matter& matter, std::string* rule) -> absl::StatusOr<access::Grants::Change> {
    absl::Status checked = access::CheckGrantRequest(request, parts_.gate->rules()->grants());
    if (!checked.ok()) return checked;
    if (matter.caller.account().role() != v1::CONTRACTOR) {
      *rule = "role";
      return absl::PermissionDeniedError("request-grant: only contractors are granted anything; others have rights of their own");
    }
    return parts_.grants->Request(request, matter.caller.account(), rule);
  };
  Change({caller, std::move(ask), {}, std::nullopt}, prepare, request.reason(), std::move(done));
}

void GrantsService::NameConcerned(Matter* matter) const {
  if (!matter->grant.has_value()) return;
  matter->ask.concerned.push_back(matter->grant->person_id());
  matter->ask.contract_tree = parts_.directory->PersonsOf(parts_.contracts->CompaniesOfTree(matter->grant->contract()));
}

absl::Status GrantsService::CheckMayBeGranted(const access::Caller& approver, const v1::Grant& grant, std::string* rule) const {
  const std::shared_ptr<const access::Contract> contract = parts_.contracts->Find(grant.contract());
  const std::optional<v1::Account> account = parts_.directory->Find(grant.account());
  if (!account.has_value() || account->state() != v1::Account::ACTIVE || contract == nullptr) {
    *rule = "suspended";
    return absl::FailedPreconditionError("id: the account that it is for is not active; refuse it");
  }
  if (absl::Status in_force = contract->InForce(parts_.clock->LogTime()); !in_force.ok()) {
    *rule = std::string(access::kContractRule);
    return absl::FailedPreconditionError(
        absl::StrCat("id: the contract is not in force (", std::string(in_force.message()), "); refuse it"));
  }
  const std::shared_ptr<const access::Rules> rules = parts_.gate->rules();
  absl::Status recordings =
      recordings::CheckApprovable(*parts_.records, *parts_.keys, approver, EffectiveScope(*rules, approver, Action::kApproveGrant),
                                  contract.get(), grant.recording_ids());
  if (absl::IsFailedPrecondition(recordings)) *rule = "not-grantable";
  return recordings;
}

void GrantsService::ApproveAs(const access::Caller& caller, const v1::ApproveGrantRequest& request, GrantDone done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kApproveGrant, request.id());
  if (!matter.ok()) return done(matter.status());
  NameConcerned(&*matter);
  const auto prepare = [this, &request](const Matter& of, std::string* rule) -> absl::StatusOr<access::Grants::Change> {
    absl::Status may = of.grant.has_value() ? CheckMayBeGranted(of.caller, *of.grant, rule) : absl::OkStatus();
    if (!may.ok()) return may;
    const uint32_t approvals_max = parts_.gate->rules()->grants().approvals_per_day_max();
    return parts_.grants->Approve(of.id, request.revision(), of.caller.account(), approvals_max, rule);
  };
  Change(*matter, prepare, "", std::move(done));
}

void GrantsService::RefuseAs(const access::Caller& caller, const v1::RefuseGrantRequest& request, GrantDone done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kApproveGrant, request.id());
  if (!matter.ok()) return done(matter.status());
  if (absl::Status reason = access::CheckText("reason", request.reason(), access::kGrantReasonBytesMax); !reason.ok()) return done(reason);
  NameConcerned(&*matter);
  matter->ask.declines = true;
  const auto prepare = [this, &request](const Matter& of, std::string* rule) {
    return parts_.grants->Refuse(of.id, request.reason(), of.caller.account(), rule);
  };
  Change(*matter, prepare, request.reason(), std::move(done));
}

void GrantsService::RevokeAs(const access::Caller& caller, const v1::RevokeGrantRequest& request, GrantDone done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kRevokeGrant, request.id());
  if (!matter.ok()) return done(matter.status());
  if (absl::Status reason = access::CheckText("reason", request.reason(), access::kGrantReasonBytesMax); !reason.ok()) return done(reason);
  matter->ask.withdraws = matter->grant.has_value() && matter->grant->person_id() == caller.account().person_id();
  const auto prepare = [this, &request](const Matter& of, std::string* rule) {
    return parts_.grants->Revoke(of.id, request.reason(), of.caller.account(), rule);
  };
  Change(*matter, prepare, request.reason(), std::move(done));
}

void GrantsService::Show(const access::Caller& caller, const v1::ListGrantsRequest& request,
                         const UnaryDone<v1::ListGrantsResponse>& done) const {
  auto page = ReadListingPage(request.page_size(), request.page_token(), kTokenScope, parts_.keys->site());
  if (!page.ok()) return done(page.status());
  const std::string person = PersonShownTo(caller);
  parts_.gate->Note(caller, AskAbout(Action::kListGrants, ""),
                    [this, page = *std::move(page), person, ended = request.ended(), done](absl::StatusOr<uint64_t> sequence) {
                      if (!sequence.ok()) return done(sequence.status());
                      parts_.executor->Post([this, page, person, ended, done] { done(Page(page, person, ended)); });
                    });
}

absl::StatusOr<v1::ListGrantsResponse> GrantsService::Page(const ListingPage& page, const std::string& person, bool ended) const {
  std::optional<access::GrantId> before;
  if (!page.after.empty()) {
    const auto parsed = access::GrantId::FromBytes(page.after);
    if (!parsed.ok()) return parsed.status();
    before = *parsed;
  }
  absl::StatusOr<access::Grants::Page> listed = parts_.grants->List(before, page.rows, person, ended);
  if (!listed.ok()) return listed.status();
  v1::ListGrantsResponse response;
  if (listed->next_before.has_value()) {
    response.set_next_page_token(parts_.keys->site().PageToken(kTokenScope, listed->next_before->bytes()));
  }
  size_t bytes = 0;
  for (v1::Grant& grant : listed->grants) {
    bytes += grant.ByteSizeLong();
    if (response.grants_size() > 0 && bytes > kListingBytesMax) {
      const auto last = access::GrantId::Parse(response.grants().rbegin()->id());
      response.set_next_page_token(parts_.keys->site().PageToken(kTokenScope, last->bytes()));
      break;
    }
    *response.add_grants() = std::move(grant);
  }
  return response;
}

}  // namespace otokura::rpc
