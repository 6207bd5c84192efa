#include "server/rpc/incidents_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace otokura::rpc {
namespace {

constexpr char kIncidentTokens[] = "incidents", kCanaryTokens[] = "canaries";

access::Ask AskAboutIncident(access::Action action, const std::string& id) { return AskAbout(action, absl::BytesToHexString(id)); }

absl::Status CheckId(const std::string& id) {
  if (id.size() == incidents::kIncidentIdBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("id: must be ", incidents::kIncidentIdBytes, " bytes, as the list of incidents gives it"));
}

absl::Status NoSuchIncident() { return absl::NotFoundError("id: no such incident; look at the list of incidents"); }

// Answers a call whose response is just the incident.
template <typename Response>
incidents::IncidentBook::Done WithIncident(UnaryDone<Response> done) {
  return [done = std::move(done)](absl::StatusOr<v1::Incident> incident) {
    if (!incident.ok()) return done(incident.status());
    Response response;
    *response.mutable_incident() = *std::move(incident);
    done(std::move(response));
  };
}

}  // namespace

grpc::ServerUnaryReactor* IncidentsService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListIncidentsRequest, v1::ListIncidentsResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListIncidentsRequest& parsed, const UnaryDone<v1::ListIncidentsResponse>& done) {
        ListFor(caller, parsed, done);
      });
}

grpc::ServerUnaryReactor* IncidentsService::Show(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return ServeUnary<v1::ShowIncidentRequest, v1::ShowIncidentResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ShowIncidentRequest& parsed, const UnaryDone<v1::ShowIncidentResponse>& done) {
        ShowTo(caller, parsed, done);
      });
}

grpc::ServerUnaryReactor* IncidentsService::Acknowledge(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return ServeUnary<v1::AcknowledgeIncidentRequest, v1::AcknowledgeIncidentResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::AcknowledgeIncidentRequest& parsed, UnaryDone<v1::AcknowledgeIncidentResponse> done) {
        AcknowledgeAs(caller, parsed, LookedAfter(WithIncident(std::move(done))));
      });
}

grpc::ServerUnaryReactor* IncidentsService::Close(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return ServeUnary<v1::CloseIncidentRequest, v1::CloseIncidentResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::CloseIncidentRequest& parsed, UnaryDone<v1::CloseIncidentResponse> done) {
        CloseAs(caller, parsed, LookedAfter(WithIncident(std::move(done))));
      });
}

grpc::ServerUnaryReactor* IncidentsService::Report(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  return ServeUnary<v1::ReportIncidentRequest, v1::ReportIncidentResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ReportIncidentRequest& parsed, const UnaryDone<v1::ReportIncidentResponse>& done) {
        ReportTo(caller, parsed, done);
      });
}

grpc::ServerUnaryReactor* IncidentsService::MarkCanary(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return ServeUnary<v1::MarkCanaryRequest, v1::MarkCanaryResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::MarkCanaryRequest& parsed, UnaryDone<v1::MarkCanaryResponse> done) {
        auto entry = parts_.gate->Permit(caller, AskAbout(access::Action::kMarkCanary, parsed.recording_id()), done);
        if (entry == nullptr) return;
        parts_.canaries->Mark(parsed.recording_id(), caller.account().name(), std::move(entry),
                              [done = std::move(done)](absl::StatusOr<v1::Canary> canary) {
                                if (!canary.ok()) return done(canary.status());
                                v1::MarkCanaryResponse marked;
                                *marked.mutable_canary() = *std::move(canary);
                                done(std::move(marked));
                              });
      });
}

grpc::ServerUnaryReactor* IncidentsService::ClearCanary(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return ServeUnary<v1::ClearCanaryRequest, v1::ClearCanaryResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ClearCanaryRequest& parsed, UnaryDone<v1::ClearCanaryResponse> done) {
        auto entry = parts_.gate->Permit(caller, AskAbout(access::Action::kMarkCanary, parsed.recording_id()), done);
        if (entry == nullptr) return;
        parts_.canaries->Clear(parsed.recording_id(), std::move(entry), [done = std::move(done)](const absl::StatusOr<v1::Canary>& canary) {
          if (!canary.ok()) return done(canary.status());
          done(v1::ClearCanaryResponse());
        });
      });
}

grpc::ServerUnaryReactor* IncidentsService::ListCanaries(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListCanariesRequest, v1::ListCanariesResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListCanariesRequest& parsed, const UnaryDone<v1::ListCanariesResponse>& done) {
        ListCanariesFor(caller, parsed, done);
      });
}

void IncidentsService::ListFor(const access::Caller& caller, const v1::ListIncidentsRequest& request,
                               const UnaryDone<v1::ListIncidentsResponse>& done) const {
  const absl::StatusOr<ListingPage> page = ReadListingPage(request.page_size(), request.page_token(), kIncidentTokens, *parts_.keys);
  if (!page.ok()) return done(page.status());
  parts_.gate->Note(caller, AskAbout(access::Action::kListIncidents, ""),
                    [this, page = *page, with_closed = request.with_closed(), done](const absl::StatusOr<uint64_t>& sequence) {
                      if (!sequence.ok()) return done(sequence.status());
                      parts_.executor->Post([this, page, with_closed, done] { done(Page(page, with_closed)); });
                    });
}

absl::StatusOr<v1::ListIncidentsResponse> IncidentsService::Page(const ListingPage& page, bool with_closed) const {
  absl::StatusOr<std::vector<v1::Incident>> incidents = parts_.book->List(page.after, page.rows + 1, with_closed);
  if (!incidents.ok()) return incidents.status();
  v1::ListIncidentsResponse response;
  for (std::string& warning : parts_.watch->Warnings()) response.add_warnings(std::move(warning));
  size_t bytes = 0;
  for (v1::Incident& incident : *incidents) {
    incident.clear_alarms();
    bytes += incident.ByteSizeLong();
    const size_t taken = static_cast<size_t>(response.incidents_size());
    if (taken == page.rows || (taken > 0 && bytes > kListingBytesMax)) {
      response.set_next_page_token(parts_.keys->PageToken(kIncidentTokens, response.incidents().rbegin()->id()));
      break;
    }
    *response.add_incidents() = std::move(incident);
  }
  return response;
}

absl::StatusOr<v1::Incident> IncidentsService::Find(const std::string& id) const {
  absl::StatusOr<std::optional<v1::Incident>> incident = parts_.book->Find(id);
  if (!incident.ok()) return incident.status();
  if (!incident->has_value()) return NoSuchIncident();
  return **std::move(incident);
}

void IncidentsService::ShowTo(const access::Caller& caller, const v1::ShowIncidentRequest& request,
                              const UnaryDone<v1::ShowIncidentResponse>& done) const {
  if (absl::Status id = CheckId(request.id()); !id.ok()) return done(id);
  parts_.gate->Note(caller, AskAboutIncident(access::Action::kListIncidents, request.id()),
                    [this, id = request.id(), done](const absl::StatusOr<uint64_t>& sequence) {
                      if (!sequence.ok()) return done(sequence.status());
                      parts_.executor->Post([this, id, done] { WithIncident<v1::ShowIncidentResponse>(done)(Find(id)); });
                    });
}

std::unique_ptr<audit::Draft> IncidentsService::PermitHandling(const access::Caller& caller, const std::string& id, v1::AuditAction action,
                                                               const std::function<void(absl::Status)>& refused) const {
  access::Ask ask = AskAboutIncident(access::Action::kHandleIncident, id);
  ask.logged_as = action;
  const absl::StatusOr<v1::Incident> incident = Find(id);
  if (!incident.ok() && !absl::IsNotFound(incident.status())) {
    refused(incident.status());
    return nullptr;
  }
  if (incident.ok()) {
    for (const std::string& name : incident->accounts()) {
      if (const auto account = parts_.directory->Find(name); account.has_value()) ask.concerned.push_back(account->person_id());
    }
  }
  return parts_.gate->Permit(caller, ask, refused);
}

incidents::IncidentBook::Done IncidentsService::LookedAfter(incidents::IncidentBook::Done done) const {
  return [this, done = std::move(done)](absl::StatusOr<v1::Incident> incident) {
    if (incident.ok()) parts_.watch->LookedAfter(incident->id());
    done(std::move(incident));
  };
}

void IncidentsService::AcknowledgeAs(const access::Caller& caller, const v1::AcknowledgeIncidentRequest& request,
                                     incidents::IncidentBook::Done done) const {
  if (absl::Status id = CheckId(request.id()); !id.ok()) return done(id);
  std::unique_ptr<audit::Draft> entry = PermitHandling(caller, request.id(), v1::INCIDENT_ACKNOWLEDGE, done);
  if (entry == nullptr) return;
  parts_.book->Acknowledge(request.id(), request.note(), caller.account().name(), std::move(entry), std::move(done));
}

void IncidentsService::CloseAs(const access::Caller& caller, const v1::CloseIncidentRequest& request,
                               incidents::IncidentBook::Done done) const {
  if (absl::Status id = CheckId(request.id()); !id.ok()) return done(id);
  std::unique_ptr<audit::Draft> entry = PermitHandling(caller, request.id(), v1::INCIDENT_CLOSE, done);
  if (entry == nullptr) return;
  parts_.book->Close(request.id(), request.conclusion(), caller.account().name(), std::move(entry), std::move(done));
}

void IncidentsService::ListCanariesFor(const access::Caller& caller, const v1::ListCanariesRequest& request,
                                       const UnaryDone<v1::ListCanariesResponse>& done) const {
  const absl::StatusOr<ListingPage> page = ReadListingPage(request.page_size(), request.page_token(), kCanaryTokens, *parts_.keys);
  if (!page.ok()) return done(page.status());
  parts_.gate->Note(caller, AskAbout(access::Action::kMarkCanary, ""),
                    [this, page = *page, done](const absl::StatusOr<uint64_t>& sequence) {
                      if (!sequence.ok()) return done(sequence.status());
                      v1::ListCanariesResponse response;
                      for (v1::Canary& canary : parts_.canaries->List(page.after, page.rows + 1)) {
                        if (static_cast<size_t>(response.canaries_size()) == page.rows) {
                          response.set_next_page_token(parts_.keys->PageToken(kCanaryTokens, response.canaries().rbegin()->recording_id()));
                          break;
                        }
                        *response.add_canaries() = std::move(canary);
                      }
                      done(std::move(response));
                    });
}

}  // namespace otokura::rpc
