#include "tests/integration/marked_incidents.h"

#include <gtest/gtest.h>

#include "otokura/v1/incident.grpc.pb.h"

namespace otokura::integration {
namespace {

using Stub = v1::Incidents::Stub;

void Handle(const Site& site, const Marks& marks, const std::string& account, const std::string& id) {
  v1::ShowIncidentRequest show;
  v1::ShowIncidentResponse shown;
  v1::ReportIncidentRequest report;
  v1::ReportIncidentResponse reported;
  v1::AcknowledgeIncidentRequest acknowledge;
  v1::AcknowledgeIncidentResponse acknowledged;
  v1::CloseIncidentRequest close;
  v1::CloseIncidentResponse closed;
  show.set_id(id), report.set_id(id), acknowledge.set_id(id), close.set_id(id);
  acknowledge.set_note(marks.reason), close.set_conclusion(marks.reason);
  site.AskAs(account, &Stub::Show, show, &shown).IgnoreError();
  site.AskAs(account, &Stub::Report, report, &reported).IgnoreError();
  site.AskAs(account, &Stub::Acknowledge, acknowledge, &acknowledged).IgnoreError();
  site.AskAs(account, &Stub::Close, close, &closed).IgnoreError();
}

}  // namespace

void MarkMarkedCanary(const Site& site, const Marks& marks, const std::string& recording_id) {
  for (const std::string& account : {marks.operator_account, std::string("security")}) {
    for (const std::string& id : {recording_id, marks.unknown_id}) {
      v1::ClearCanaryRequest clear;
      v1::ClearCanaryResponse cleared;
      clear.set_recording_id(id);
      v1::MarkCanaryRequest mark;
      v1::MarkCanaryResponse marked;
      mark.set_recording_id(id);
      for (int time = 0; time < 2; ++time) {
        site.AskAs(account, &Stub::ClearCanary, clear, &cleared).IgnoreError();
        site.AskAs(account, &Stub::MarkCanary, mark, &marked).IgnoreError();
      }
    }
    v1::ListCanariesResponse listed;
    site.AskAs(account, &Stub::ListCanaries, v1::ListCanariesRequest(), &listed).IgnoreError();
  }
}

void HandleMarkedIncidents(const Site& site, const Marks& marks) {
  v1::ListIncidentsRequest list;
  list.set_with_closed(true);
  v1::ListIncidentsResponse listed;
  ASSERT_EQ(site.AskAs("security", &Stub::List, list, &listed), absl::OkStatus());
  ASSERT_FALSE(listed.incidents().empty());
  for (const std::string& account : {marks.operator_account, marks.officer_account, std::string("security")}) {
    for (const std::string& id : {listed.incidents(0).id(), marks.unknown_id.substr(0, 16)}) Handle(site, marks, account, id);
  }
}

}  // namespace otokura::integration
