// The numbers of a policy that have a default: what they may be, and what they are where the text leaves them out (policy.proto).
#ifndef OTOKURA_PROTO_POLICY_LIMITS_H_
#define OTOKURA_PROTO_POLICY_LIMITS_H_

#include "otokura/v1/policy.pb.h"
#include "proto/policy/checks.h"

namespace otokura::policy {

inline constexpr uint32_t kOwnCallsHoursMax = 8'784;  // a year: who answered a call does not look it up on their own for longer
inline constexpr int kLadderStepsMax = 8;
inline constexpr uint32_t kLadderMinutesMax = 10'080;  // a week
inline constexpr int kRecipientsMax = 64;
inline constexpr size_t kRecipientCompanyBytesMax = 128;
inline constexpr int kAlertsPerStepMax = 16;  // as many as the configuration may have

v1::GrantRule WithDefaults(v1::GrantRule rule);
v1::IncidentRule WithDefaults(v1::IncidentRule rule);
v1::ListenPace WithDefaults(v1::ListenPace pace);
v1::ExportRule WithDefaults(v1::ExportRule rule);

void CheckGrants(const v1::GrantRule& rule, Problems* problems);
void CheckIncidents(const v1::IncidentRule& rule, Problems* problems);
void CheckListenPace(const v1::ListenPace& pace, Problems* problems);
void CheckExports(const v1::ExportRule& rule, Problems* problems);

// [a-z0-9-]{1,32}: names of purposes, clauses, ladder steps, alerts.
bool IsWord(const std::string& word);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_LIMITS_H_
