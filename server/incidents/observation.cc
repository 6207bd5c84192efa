#include "server/incidents/observation.h"

#include <utility>

namespace otokura::incidents {
namespace {

bool Touches(access::Action action) {
  return action == access::Action::kShow || action == access::Action::kShowPersonal || action == access::Action::kListen ||
         action == access::Action::kDownload || action == access::Action::kRequestExport;
}

}  // namespace

std::string TouchedRecording(const access::Ask& ask) {
  if (!Touches(ask.action)) return "";
  return ask.resource.has_value() ? ask.resource->id.Text() : ask.requested_id;
}

std::optional<Observation> Observe(const access::Caller& caller, const access::Ask& ask, const access::Decision& decision, bool canary) {
  const bool out_of_reach = !decision.allowed && decision.rule == "scope-or-absent";
  if (!canary && !out_of_reach && !decision.budget.has_value()) return std::nullopt;
  Observation observation{caller, decision.budget, {}, {}, {}};
  if (out_of_reach) observation.out_of_reach = ask.requested_id;
  if (canary) observation.canary = TouchedRecording(ask);
  return observation;
}

}  // namespace otokura::incidents
