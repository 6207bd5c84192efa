// The facts of the first report: the incident, and what its accounts' entries say left.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/audit/index.h"
#include "server/incidents/what_left.h"
#include "server/rpc/incidents_service.h"

namespace otokura::rpc {
namespace {

constexpr uint32_t kDaysBeforeMax = 365, kDaysBeforeDefault = 30;  // as far back as budgets look; as a month's leak is noticed late
constexpr size_t kEntriesMax = 20'000;                             // read for one report, a third of a second; beyond it says so
constexpr size_t kPageEntries = audit::Queries::kListedMax;

constexpr v1::PersonalField kFields[] = {v1::CALLER_NUMBER, v1::BASIC_PENSION_NUMBER, v1::AGENT, v1::CALL_ID};

// Adds up the entries of one account, newest first. False where there are more than may be read.
absl::StatusOr<bool> AddAccount(const audit::Queries& queries, const keys::ReleasePermit& permit, audit::Query query, size_t* left,
                                incidents::WhatLeft* sum) {
  do {
    if (*left == 0) return false;
    const auto page = queries.List(permit, query, std::min(*left, kPageEntries));
    if (!page.ok()) return page.status();
    *left -= page->entries.size();
    for (const audit::Listed& listed : page->entries) {
      v1::AuditEntry leaf;
      if (!leaf.ParseFromString(listed.leaf)) return absl::DataLossError("log: an entry does not parse; run otokurad fsck");
      sum->Add(leaf);
    }
    query.before = page->next_before;
  } while (query.before != 0);
  return true;
}

}  // namespace

void IncidentsService::ReportTo(const access::Caller& caller, const v1::ReportIncidentRequest& request,
                                const UnaryDone<v1::ReportIncidentResponse>& done) const {
  if (request.id().size() != incidents::kIncidentIdBytes) {
    return done(absl::InvalidArgumentError(absl::StrCat("id: must be ", incidents::kIncidentIdBytes, " bytes")));
  }
  if (request.days_before() > kDaysBeforeMax) {
    return done(absl::InvalidArgumentError(absl::StrCat("days_before ", request.days_before(), " is over ", kDaysBeforeMax)));
  }
  access::Ask ask;
  ask.action = access::Action::kListIncidents;
  ask.requested_id = absl::BytesToHexString(request.id());
  parts_.gate->Release(caller, std::move(ask), [this, request, done](absl::StatusOr<keys::ReleasePermit> permit) {
    if (!permit.ok()) return done(permit.status());
    parts_.executor->Post([this, request, done, permit = *std::move(permit)] { done(MakeReport(permit, request)); });
  });
}

absl::StatusOr<v1::ReportIncidentResponse> IncidentsService::MakeReport(const keys::ReleasePermit& permit,
                                                                        const v1::ReportIncidentRequest& request) const {
  absl::StatusOr<v1::Incident> incident = Find(request.id());
  if (!incident.ok()) return incident.status();
  const uint32_t days = request.days_before() == 0 ? kDaysBeforeDefault : request.days_before();
  const absl::Time from = absl::FromUnixMillis(incident->opened_unix_ms()) - absl::Hours(24) * days;
  const absl::Time to = incident->closed_unix_ms() == 0 ? parts_.clock->Now() : absl::FromUnixMillis(incident->closed_unix_ms());
  v1::ReportIncidentResponse report;
  report.set_from_unix_ms(absl::ToUnixMillis(from));
  report.set_to_unix_ms(absl::ToUnixMillis(to));
  incidents::WhatLeft sum;
  size_t left = kEntriesMax;
  const std::shared_ptr<const access::Rules> rules = parts_.gate->rules();
  for (const std::string& name : incident->accounts()) {
    audit::Query query;
    query.conditions.push_back({audit::IndexField::kAccount, name});
    query.from_unix_us = absl::ToUnixMicros(from);
    const absl::StatusOr<bool> whole = AddAccount(*parts_.queries, permit, std::move(query), &left, &sum);
    if (!whole.ok()) return whole.status();
    if (!*whole) report.set_incomplete(true);
    const auto account = parts_.directory->Find(name);
    if (!account.has_value()) continue;
    if (account->state() == v1::Account::SUSPENDED) report.add_suspended(name);
    for (const v1::PersonalField field : kFields) {
      const bool known = std::find(report.shown_fields().begin(), report.shown_fields().end(), field) != report.shown_fields().end();
      if (!known && rules->Sees(account->role(), field)) report.add_shown_fields(field);
    }
  }
  sum.PutInto(&report);
  *report.mutable_incident() = *std::move(incident);
  return report;
}

}  // namespace otokura::rpc
