#include "server/recordings/case_opening.h"

#include <utility>

#include "server/access/case_checks.h"
#include "server/recordings/pseudonyms.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"
#include "server/recordings/search.h"

namespace otokura::recordings {
namespace {

using access::Action;

// NOT_FOUND where one is absent or out of reach.
absl::Status CheckReach(const Site& site, const access::Caller& caller, v1::Scope scope, const v1::OpenCaseRequest& request) {
  for (const std::string& text : request.recording_ids()) {
    const auto id = storage::RecordingId::Parse(text);
    if (!id.ok()) return id.status();
    const auto stored = ReadRecord(site.engine->records(), *id);
    if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
    if (!stored.ok() || !access::InScope(caller, scope, ResourceOf(stored->record, caller, *site.keys)))
      return absl::NotFoundError("recording_ids: one is not among the recordings within your reach; check the ids, or ask its centre");
  }
  return absl::OkStatus();
}

// Under the key of this year alone: who compares later knows the year before too.
absl::StatusOr<std::vector<std::string>> PseudonymsOfTerms(const Site& site, const v1::OpenCaseRequest& request) {
  std::vector<std::string> pseudonyms;
  for (const v1::PersonalTerm& proto : request.terms()) {
    const auto term = TermOf(proto);
    if (!term.ok()) return term.status();
    auto of_term = TermPseudonymsOf(site, *term);
    if (!of_term.ok()) return of_term.status();
    pseudonyms.push_back(std::move(of_term->front()));
  }
  return pseudonyms;
}

}  // namespace

void OpenCase(const Site& site, access::Cases* cases, const access::Caller& caller, const v1::OpenCaseRequest& request,
              access::Cases::Done done) {
  access::Ask ask;
  ask.action = Action::kOpenCase;
  ask.rules = site.gate->rules();
  ask.justification.set_reference(request.name());
  const access::Decision decision = site.gate->DecideNow(caller, ask);
  if (!decision.allowed) return site.gate->Refuse(caller, ask, decision, std::move(done));
  if (absl::Status checked = access::CheckCase(request, *ask.rules, caller.account().role()); !checked.ok()) return done(checked);
  const absl::Status reach = CheckReach(site, caller, access::EffectiveScope(*ask.rules, caller, Action::kShow), request);
  if (absl::IsNotFound(reach)) return site.gate->Refuse(caller, ask, {false, "scope-or-absent", reach}, std::move(done));
  if (!reach.ok()) return done(reach);
  auto pseudonyms = PseudonymsOfTerms(site, request);
  if (!pseudonyms.ok()) return done(pseudonyms.status());
  cases->Add(request, *std::move(pseudonyms), caller.account(), access::DraftFor(caller, ask, decision), std::move(done));
}

}  // namespace otokura::recordings
