// Who is told of an incident when (DESIGN §8): the policy's ladder over the configuration's alerts. Pure.
#ifndef OTOKURA_SERVER_INCIDENTS_LADDER_H_
#define OTOKURA_SERVER_INCIDENTS_LADDER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/incident.pb.h"
#include "otokura/v1/policy.pb.h"

namespace otokura::incidents {

using AlertConfigs = google::protobuf::RepeatedPtrField<v1::AlertConfig>;

// Steps in order, at least one. Without any in the policy: every alert at once.
std::vector<v1::LadderStep> StepsOf(const v1::IncidentRule& rule, const AlertConfigs& alerts);

// The step that is to be taken now, if one is: whose time came, also while no gateway ran; where the level was raised the next one, or the
// last one again.
std::optional<size_t> DueStep(const v1::Incident& incident, const std::vector<v1::LadderStep>& steps, absl::Time now);

// The alerts of a step that the configuration has.
std::vector<std::string> AlertsOf(const v1::LadderStep& step, const AlertConfigs& alerts);

// What keeps people from being told, a sentence each.
std::vector<std::string> LadderWarnings(const v1::IncidentRule& rule, const AlertConfigs& alerts);

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_LADDER_H_
