#include "otokura/incidents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/unary.h"
#include "otokura/v1/incident.grpc.pb.h"

namespace otokura::client {
namespace {

constexpr size_t kIdDigits = 32;

absl::StatusOr<std::string> IdBytes(const std::string& id) {
  if (id.size() == kIdDigits && std::all_of(id.begin(), id.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
    return absl::HexStringToBytes(id);
  }
  return absl::InvalidArgumentError(absl::StrCat("id: must be the ", kIdDigits, " hexadecimal digits of an incident; look at the list"));
}

Alarm FromProto(const v1::IncidentAlarm& proto) {
  Alarm alarm{.kind = static_cast<AlarmKind>(proto.kind()),
              .time = FromUnixMillis(proto.time_unix_ms()),
              .account = proto.account(),
              .role = static_cast<Role>(proto.role()),
              .company = proto.company(),
              .address = proto.address(),
              .recording_id = proto.recording_id(),
              .suspended = proto.suspended()};
  if (proto.has_of_sequence()) alarm.of_sequence = proto.of_sequence();
  return alarm;
}

Incident FromProto(const v1::Incident& proto) {
  Incident incident{.id = absl::BytesToHexString(proto.id()),
                    .state = static_cast<IncidentState>(proto.state()),
                    .level = proto.level(),
                    .opened = FromUnixMillis(proto.opened_unix_ms()),
                    .alarms_beyond = proto.alarms_beyond(),
                    .accounts = {proto.accounts().begin(), proto.accounts().end()},
                    .companies = {proto.companies().begin(), proto.companies().end()},
                    .addresses = {proto.addresses().begin(), proto.addresses().end()},
                    .recordings = {proto.recordings().begin(), proto.recordings().end()},
                    .told_step = proto.told_step(),
                    .awaiting = {proto.awaiting().begin(), proto.awaiting().end()},
                    .acknowledged_by = proto.acknowledged_by(),
                    .acknowledged = FromUnixMillis(proto.acknowledged_unix_ms()),
                    .note = proto.note(),
                    .closed_by = proto.closed_by(),
                    .closed = FromUnixMillis(proto.closed_unix_ms()),
                    .conclusion = proto.conclusion()};
  for (const v1::IncidentAlarm& alarm : proto.alarms()) incident.alarms.push_back(FromProto(alarm));
  return incident;
}

IncidentReport FromProto(const v1::ReportIncidentResponse& proto) {
  const auto shows = [&](v1::PersonalField field) {
    return std::find(proto.shown_fields().begin(), proto.shown_fields().end(), field) != proto.shown_fields().end();
  };
  return {.incident = FromProto(proto.incident()),
          .from = FromUnixMillis(proto.from_unix_ms()),
          .to = FromUnixMillis(proto.to_unix_ms()),
          .recordings_heard = proto.recordings_heard(),
          .recordings_shown = proto.recordings_shown(),
          .persons = proto.persons(),
          .audio_bytes = proto.audio_bytes(),
          .personal_searches = proto.personal_searches(),
          .downloads = proto.downloads(),
          .refused = proto.refused(),
          .incomplete = proto.incomplete(),
          .suspended = {proto.suspended().begin(), proto.suspended().end()},
          .shows_caller_number = shows(v1::CALLER_NUMBER),
          .shows_pension_number = shows(v1::BASIC_PENSION_NUMBER),
          .shows_agent = shows(v1::AGENT),
          .shows_call_id = shows(v1::CALL_ID)};
}

Canary FromProto(const v1::Canary& proto) {
  return {.recording_id = proto.recording_id(), .marked_by = proto.marked_by(), .marked = FromUnixMillis(proto.marked_unix_ms())};
}

class GatewayIncidents final : public Incidents {
 public:
  explicit GatewayIncidents(std::unique_ptr<v1::Incidents::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<IncidentPage> List(bool with_closed, uint32_t page_size, const std::string& page_token) override {
    v1::ListIncidentsRequest request;
    request.set_with_closed(with_closed);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Incidents::Stub::List, request);
    if (!response.ok()) return response.status();
    IncidentPage page{.warnings = {response->warnings().begin(), response->warnings().end()},
                      .next_page_token = response->next_page_token()};
    for (const v1::Incident& incident : response->incidents()) page.incidents.push_back(FromProto(incident));
    return page;
  }

  absl::StatusOr<Incident> Show(const std::string& id) override {
    return AskFor(&v1::Incidents::Stub::Show, id, v1::ShowIncidentRequest());
  }

  absl::StatusOr<Incident> Acknowledge(const std::string& id, const std::string& note) override {
    v1::AcknowledgeIncidentRequest request;
    request.set_note(note);
    return AskFor(&v1::Incidents::Stub::Acknowledge, id, std::move(request));
  }

  absl::StatusOr<Incident> Close(const std::string& id, const std::string& conclusion) override {
    v1::CloseIncidentRequest request;
    request.set_conclusion(conclusion);
    return AskFor(&v1::Incidents::Stub::Close, id, std::move(request));
  }

  absl::StatusOr<IncidentReport> Report(const std::string& id, uint32_t days_before) override {
    auto bytes = IdBytes(id);
    if (!bytes.ok()) return bytes.status();
    v1::ReportIncidentRequest request;
    request.set_id(*bytes);
    request.set_days_before(days_before);
    auto response = Ask(stub_.get(), &v1::Incidents::Stub::Report, request);
    if (!response.ok()) return response.status();
    return FromProto(*response);
  }

  absl::StatusOr<Canary> MarkCanary(const std::string& recording_id) override {
    v1::MarkCanaryRequest request;
    request.set_recording_id(recording_id);
    auto response = Ask(stub_.get(), &v1::Incidents::Stub::MarkCanary, request);
    if (!response.ok()) return response.status();
    return FromProto(response->canary());
  }

  absl::Status ClearCanary(const std::string& recording_id) override {
    v1::ClearCanaryRequest request;
    request.set_recording_id(recording_id);
    return Ask(stub_.get(), &v1::Incidents::Stub::ClearCanary, request).status();
  }

  absl::StatusOr<CanaryPage> ListCanaries(uint32_t page_size, const std::string& page_token) override {
    v1::ListCanariesRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Incidents::Stub::ListCanaries, request);
    if (!response.ok()) return response.status();
    CanaryPage page{.next_page_token = response->next_page_token()};
    for (const v1::Canary& canary : response->canaries()) page.canaries.push_back(FromProto(canary));
    return page;
  }

 private:
  // Where the answer is the incident as it is now.
  template <typename Request, typename Response>
  absl::StatusOr<Incident> AskFor(grpc::Status (v1::Incidents::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                  const std::string& id, Request request) {
    auto bytes = IdBytes(id);
    if (!bytes.ok()) return bytes.status();
    request.set_id(*bytes);
    auto response = Ask(stub_.get(), method, request);
    if (!response.ok()) return response.status();
    return FromProto(response->incident());
  }

  const std::unique_ptr<v1::Incidents::Stub> stub_;
};

template <typename Enum, size_t kNames>
std::string_view NameIn(const std::string_view (&names)[kNames], Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < kNames ? names[index] : names[0];
}

}  // namespace

std::string_view Name(IncidentState state) {
  static constexpr std::string_view kNames[] = {"unspecified", "open", "acknowledged", "closed"};
  return NameIn(kNames, state);
}

std::string_view Name(AlarmKind kind) {
  static constexpr std::string_view kNames[] = {"unspecified", "persistence", "enumeration", "canary", "raced"};
  return NameIn(kNames, kind);
}

absl::StatusOr<std::unique_ptr<Incidents>> Incidents::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Incidents>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayIncidents>(*std::move(stub));
}

}  // namespace otokura::client
