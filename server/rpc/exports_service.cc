#include "server/rpc/exports_service.h"

#include <utility>

#include "crypto/sha256.h"
#include "proto/export/manifest.h"
#include "server/access/account_checks.h"
#include "server/access/approval.h"
#include "server/access/log_commit.h"
#include "server/recordings/approvable.h"
#include "server/recordings/pseudonyms.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"
#include "server/rpc/retrieve_reactor.h"

namespace otokura::rpc {
namespace {

using access::Action;

constexpr char kTokenScope[] = "exports";

absl::Status NoSuchExport() { return absl::NotFoundError("id: no such export; look at the list of exports"); }

absl::StatusOr<access::ExportId> ParseId(const std::string& id) {
  auto parsed = access::ExportId::Parse(id);
  if (parsed.ok()) return parsed;
  return absl::InvalidArgumentError("id: not one of an export; look at the list of exports");
}

// Answers a call whose response is just the export.
template <typename Response>
std::function<void(absl::StatusOr<v1::Export>)> WithExport(UnaryDone<Response> done) {
  return [done = std::move(done)](absl::StatusOr<v1::Export> kept) {
    if (!kept.ok()) return done(kept.status());
    Response response;
    *response.mutable_kept() = *std::move(kept);
    done(std::move(response));
  };
}

v1::TakeExportResponse Respond(recordings::RetrievalMessage message) {
  v1::TakeExportResponse response;
  if (message.header.has_value()) *response.mutable_header() = *std::move(message.header);
  response.set_sealed(std::move(message.bytes));
  if (message.object.has_value()) *response.mutable_object() = *std::move(message.object);
  return response;
}

}  // namespace

grpc::ServerUnaryReactor* ExportsService::Request(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return ServeUnary<v1::RequestExportRequest, v1::RequestExportResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, v1::RequestExportRequest parsed, UnaryDone<v1::RequestExportResponse> done) {
        RequestAs(caller, std::move(parsed), WithExport(std::move(done)));
      });
}

grpc::ServerUnaryReactor* ExportsService::Approve(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return ServeUnary<v1::ApproveExportRequest, v1::ApproveExportResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ApproveExportRequest& parsed, UnaryDone<v1::ApproveExportResponse> done) {
        ApproveAs(caller, parsed, WithExport(std::move(done)));
      });
}

grpc::ServerUnaryReactor* ExportsService::Refuse(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::RefuseExportRequest, v1::RefuseExportResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RefuseExportRequest& parsed, UnaryDone<v1::RefuseExportResponse> done) {
        RefuseAs(caller, parsed, WithExport(std::move(done)));
      });
}

grpc::ServerUnaryReactor* ExportsService::Revoke(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::RevokeExportRequest, v1::RevokeExportResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::RevokeExportRequest& parsed, UnaryDone<v1::RevokeExportResponse> done) {
        RevokeAs(caller, parsed, WithExport(std::move(done)));
      });
}

grpc::ServerUnaryReactor* ExportsService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListExportsRequest, v1::ListExportsResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListExportsRequest& parsed, const UnaryDone<v1::ListExportsResponse>& done) {
        Show(caller, parsed, done);
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ExportsService::Take(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return ServeRetrieval<v1::TakeExportRequest, v1::TakeExportResponse>(
      *parts_.door, site_.executor, context, request,
      [this](access::Caller caller, v1::TakeExportRequest parsed, std::shared_ptr<recordings::RetrievalPeer> peer) {
        return parts_.retrieval->Take(std::move(caller), std::move(parsed), std::move(peer));
      },
      Respond);
}

grpc::ServerUnaryReactor* ExportsService::Manifest(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  return ServeUnary<v1::ExportManifestRequest, v1::ExportManifestResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ExportManifestRequest& parsed, UnaryDone<v1::ExportManifestResponse> done) {
        Sign(caller, parsed, std::move(done));
      });
}

absl::StatusOr<ExportsService::Matter> ExportsService::MatterOf(const access::Caller& caller, Action action, const std::string& id) const {
  const auto parsed = ParseId(id);
  if (!parsed.ok()) return parsed.status();
  auto standing = parts_.exports->Find(*parsed);
  if (!standing.ok()) return standing.status();
  Matter matter{caller, AskAbout(action, id), *parsed, *std::move(standing)};
  if (matter.standing != nullptr) matter.ask.export_id = std::string(parsed->bytes());
  return matter;
}

void ExportsService::Change(const Matter& matter, const Prepare& prepare, std::string_view reason, ExportDone done) const {
  const access::Decision decision = site_.gate->DecideNow(matter.caller, matter.ask);
  if (!decision.allowed) return site_.gate->Refuse(matter.caller, matter.ask, decision, done);
  access::Ask whole = matter.ask;
  whole.resource.reset();  // it is about all of its recordings, whichever of them was looked at last
  std::string rule;
  absl::StatusOr<access::Exports::Change> change = prepare(matter, &rule);
  if (!change.ok()) TellWatches(matter, std::nullopt);
  if (!change.ok() && rule.empty()) return done(change.status());
  if (!change.ok()) return site_.gate->Refuse(matter.caller, whole, {false, rule, change.status(), decision.purpose}, done);
  std::unique_ptr<access::ChargedDraft> entry = DraftFor(matter.caller, whole, decision);
  entry->leaf.set_export_id(std::string(access::ExportId::Parse(change->kept.id())->bytes()));
  entry->leaf.set_rows(static_cast<uint32_t>(change->kept.recording_ids_size()));
  entry->particulars.target = change->kept.recipient();
  entry->particulars.reason = std::string(reason);
  parts_.exports->Commit(*std::move(change), std::move(entry),
                         [matter, done = std::move(done)](absl::StatusOr<v1::Export> kept, std::optional<uint64_t> sequence) {
                           TellWatches(matter, sequence);
                           done(std::move(kept));
                         });
}

void ExportsService::TellWatches(const Matter& matter, std::optional<uint64_t> sequence) {
  for (const access::GateWatch::Logged& watch : matter.watches) watch(sequence);
}

absl::StatusOr<access::Ask> ExportsService::AskAboutRecording(const access::Caller& caller, const v1::RequestExportRequest& request,
                                                              const std::string& recording_id) const {
  access::Ask ask = AskAbout(Action::kRequestExport, recording_id);
  ask.justification = request.justification();
  const auto id = storage::RecordingId::Parse(recording_id);
  if (!id.ok()) return ask;
  const auto stored = recordings::ReadRecord(site_.engine->records(), *id);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
  if (!stored.ok()) return ask;
  ask.resource = recordings::ResourceOf(stored->record, caller, *site_.keys);
  ask.personal_pseudonyms = [this, record = stored->record] { return recordings::PersonalPseudonymsOf(site_, record); };
  return ask;
}

// Each recording is decided about as though it alone were asked for; the first refusal is that of the whole, and its entry.
void ExportsService::RequestAs(const access::Caller& caller, v1::RequestExportRequest request, ExportDone done) const {
  const std::shared_ptr<const access::Rules> rules = site_.gate->rules();
  const bool may = EffectiveScope(*rules, caller, Action::kRequestExport) != v1::SCOPE_UNSPECIFIED;
  const absl::Status checked = access::CheckExportRequest(request, rules->exports());
  if (may && !checked.ok()) return done(checked);
  if (request.hours() == 0) request.set_hours(rules->exports().hours_max());
  Matter matter{caller, AskAbout(Action::kRequestExport, ""), {}, nullptr};
  for (const std::string& id : request.recording_ids()) {
    absl::StatusOr<access::Ask> ask = AskAboutRecording(caller, request, id);
    if (!ask.ok()) return done(ask.status());
    matter.ask = *std::move(ask);
    const access::Decision decision = site_.gate->DecideNow(caller, matter.ask);
    if (!decision.allowed) return site_.gate->Refuse(caller, matter.ask, decision, done);
    if (auto watch = site_.gate->Tell(caller, matter.ask, decision); watch != nullptr) matter.watches.push_back(std::move(watch));
  }
  const auto prepare = [this, &request, &rules](const Matter& of, std::string* rule) -> absl::StatusOr<access::Exports::Change> {
    const v1::Scope scope = EffectiveScope(*rules, of.caller, Action::kRequestExport);
    *rule = "not-exportable";
    absl::Status exportable =
        recordings::CheckApprovable(site_.engine->records(), *site_.keys, of.caller, scope, nullptr, request.recording_ids());
    if (!exportable.ok()) return exportable;
    *rule = "recipient";
    auto recipient = access::RecipientFor(*rules, *parts_.contracts, request.recipient(), site_.clock->LogTime());
    if (!recipient.ok()) return recipient.status();
    rule->clear();
    return parts_.exports->Request(request, of.caller.account(), *recipient, rule);
  };
  Change(matter, prepare, request.reason(), std::move(done));
}

absl::Status ExportsService::CheckMayBeExported(const Matter& matter, std::string* rule) const {
  const std::shared_ptr<const v1::Export> kept = matter.standing->kept();
  const std::optional<v1::Account> account = parts_.directory->Find(kept->account());
  *rule = "suspended";
  if (!account.has_value() || account->state() != v1::Account::ACTIVE)
    return absl::FailedPreconditionError("id: the account that it is for is not active; refuse it");
  const std::shared_ptr<const access::Rules> rules = site_.gate->rules();
  *rule = "recipient";
  if (absl::Status to = matter.standing->CheckRecipient(*rules, site_.clock->LogTime()); !to.ok()) return to;
  *rule = "not-exportable";
  const v1::Scope scope = EffectiveScope(*rules, matter.caller, Action::kApproveExport);
  absl::Status recordings =
      recordings::CheckApprovable(site_.engine->records(), *site_.keys, matter.caller, scope, nullptr, kept->recording_ids());
  if (recordings.ok() || !absl::IsFailedPrecondition(recordings)) rule->clear();
  return recordings;
}

void ExportsService::ApproveAs(const access::Caller& caller, const v1::ApproveExportRequest& request, ExportDone done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kApproveExport, request.id());
  if (!matter.ok()) return done(matter.status());
  if (matter->standing != nullptr) matter->ask.concerned.push_back(matter->standing->kept()->person_id());
  const auto prepare = [this, &request](const Matter& of, std::string* rule) -> absl::StatusOr<access::Exports::Change> {
    if (of.standing == nullptr) return NoSuchExport();
    if (absl::Status may = CheckMayBeExported(of, rule); !may.ok()) return may;
    return parts_.exports->Approve(of.id, request.revision(), of.caller.account(), rule);
  };
  Change(*matter, prepare, "", std::move(done));
}

void ExportsService::RefuseAs(const access::Caller& caller, const v1::RefuseExportRequest& request, ExportDone done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kApproveExport, request.id());
  if (!matter.ok()) return done(matter.status());
  if (absl::Status reason = access::CheckText("reason", request.reason(), access::approval::kReasonBytesMax); !reason.ok())
    return done(reason);
  if (matter->standing != nullptr) matter->ask.concerned.push_back(matter->standing->kept()->person_id());
  matter->ask.declines = true;
  const auto prepare = [this, &request](const Matter& of, std::string* rule) {
    return parts_.exports->Refuse(of.id, request.reason(), of.caller.account(), rule);
  };
  Change(*matter, prepare, request.reason(), std::move(done));
}

void ExportsService::RevokeAs(const access::Caller& caller, const v1::RevokeExportRequest& request, ExportDone done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kRevokeExport, request.id());
  if (!matter.ok()) return done(matter.status());
  if (absl::Status reason = access::CheckText("reason", request.reason(), access::approval::kReasonBytesMax); !reason.ok())
    return done(reason);
  matter->ask.withdraws = matter->standing != nullptr && matter->standing->kept()->person_id() == caller.account().person_id();
  const auto prepare = [this, &request](const Matter& of, std::string* rule) {
    return parts_.exports->Revoke(of.id, request.reason(), of.caller.account(), rule);
  };
  Change(*matter, prepare, request.reason(), std::move(done));
}

void ExportsService::Show(const access::Caller& caller, const v1::ListExportsRequest& request,
                          const UnaryDone<v1::ListExportsResponse>& done) const {
  auto page = ReadListingPage(request.page_size(), request.page_token(), kTokenScope, site_.keys->site());
  if (!page.ok()) return done(page.status());
  if (!request.id().empty() && !ParseId(request.id()).ok()) return done(ParseId(request.id()).status());
  site_.gate->Note(caller, AskAbout(Action::kListExports, request.id()),
                   [this, page = *std::move(page), request, done](absl::StatusOr<uint64_t> sequence) {
                     if (!sequence.ok()) return done(sequence.status());
                     site_.executor->Post([this, page, request, done] { done(Page(page, request)); });
                   });
}

absl::StatusOr<v1::ListExportsResponse> ExportsService::Page(const ListingPage& page, const v1::ListExportsRequest& request) const {
  v1::ListExportsResponse response;
  if (!request.id().empty()) {
    auto one = parts_.exports->Show(*ParseId(request.id()));
    if (!one.ok()) return one.status();
    if (!one->has_value()) return NoSuchExport();
    *response.add_exports() = **std::move(one);
    return response;
  }
  std::optional<access::ExportId> before;
  if (!page.after.empty()) {
    const auto parsed = access::ExportId::FromBytes(page.after);
    if (!parsed.ok()) return parsed.status();
    before = *parsed;
  }
  absl::StatusOr<access::Exports::Page> listed = parts_.exports->List(before, page.rows, kListingBytesMax, request.ended());
  if (!listed.ok()) return listed.status();
  if (listed->next_before.has_value()) {
    response.set_next_page_token(site_.keys->site().PageToken(kTokenScope, listed->next_before->bytes()));
  }
  for (v1::Export& kept : listed->exports) *response.add_exports() = std::move(kept);
  return response;
}

void ExportsService::Sign(const access::Caller& caller, const v1::ExportManifestRequest& request,
                          UnaryDone<v1::ExportManifestResponse> done) const {
  absl::StatusOr<Matter> matter = MatterOf(caller, Action::kListExports, request.id());
  if (!matter.ok()) return done(matter.status());
  matter->ask.logged_as = v1::EXPORT_MANIFEST;
  std::unique_ptr<audit::Draft> entry = site_.gate->Permit(caller, matter->ask, done);
  if (entry == nullptr) return;
  const auto kept = parts_.exports->Show(matter->id);
  if (!kept.ok()) return done(kept.status());
  if (!kept->has_value()) return done(NoSuchExport());
  if ((*kept)->taken().empty()) return done(absl::FailedPreconditionError("id: nothing of it was taken whole yet; run the export first"));
  const std::string text = exports::ManifestText(parts_.signer->name(), **kept, site_.clock->LogTime());
  absl::StatusOr<std::string> note = parts_.signer->Sign(text);
  if (!note.ok()) return done(note.status());
  entry->leaf.set_purpose((*kept)->justification().purpose());
  entry->leaf.set_rows(static_cast<uint32_t>((*kept)->taken_size()));
  entry->leaf.set_object_sha256(crypto::Sha256(text));
  v1::ExportManifestResponse response;
  response.set_note(*std::move(note));
  site_.committer->Commit(access::CommitOf(std::move(entry), [response = std::move(response), done = std::move(done)](
                                                                 const absl::Status& committed, absl::Span<const uint64_t>) {
    committed.ok() ? done(response) : done(access::LogIsDown());
  }));
}

}  // namespace otokura::rpc
