// Callers, a configuration and a running gate, for tests.
#ifndef OTOKURA_TESTS_UNIT_ACCESS_ACCESS_SITE_H_
#define OTOKURA_TESTS_UNIT_ACCESS_ACCESS_SITE_H_

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "proto/policy/shipped.h"
#include "server/access/contract_checks.h"
#include "server/access/gate.h"
#include "server/access/grant.h"
#include "tests/unit/access/test_certificates.h"
#include "tests/unit/audit/log_site.h"

namespace otokura::access {

using audit::kTestStart;
using audit::LogSite;
using audit::PolicyForTest;
using audit::RecordingForTest;

inline constexpr char kTrustDomain[] = "calls.example";

inline v1::GatewayConfig ConfigForTest() {
  v1::GatewayConfig config;
  config.set_trust_domain(kTrustDomain);
  for (const char* name : {"Tokyo", "Osaka"}) {
    v1::CentreConfig* centre = config.add_centres();
    centre->set_name(name);
    centre->add_queues(std::string(name) + "-pensions");
    centre->add_queues(std::string(name) + "-general");
  }
  config.add_retention_classes()->set_name("standard");
  config.add_retention_classes()->set_name("long");
  return config;
}

inline v1::AudioFormat FormatForTest(v1::AudioFormat::Encoding encoding = v1::AudioFormat::PCMU, uint32_t rate_hz = 8000,
                                     uint32_t channels = 1) {
  v1::AudioFormat format;
  format.set_encoding(encoding);
  format.set_sample_rate_hz(rate_hz);
  format.set_channels(channels);
  return format;
}

// In force from 30 days before kTestStart to 30 days after it, in Tokyo, for maintenance.
inline v1::Contract TermsForTest(std::string name = "maintenance-2025") {
  const auto day = [](int n) { return absl::FormatCivilTime(DayOf(kTestStart) + n); };
  v1::Contract contract;
  contract.set_name(std::move(name));
  contract.set_company("Example Partner KK");
  contract.set_responsible("Sato Jiro");
  contract.set_first_day(day(-30));
  contract.set_last_day(day(30));
  contract.add_purposes("maintenance");
  contract.add_centres("Tokyo");
  for (const std::string& clause : policy::ShippedRules()->contracts().clauses()) {
    v1::Clause* const confirmed = contract.add_clauses();
    confirmed->set_name(clause);
    confirmed->set_confirmed_on(day(-31));
  }
  return contract;
}

inline std::shared_ptr<Contract> ContractForTest(v1::Contract terms = TermsForTest(), std::shared_ptr<const Contract> parent = nullptr) {
  v1::KeptContract kept;
  *kept.mutable_contract() = std::move(terms);
  kept.set_state(v1::KeptContract::CONFIRMED);
  kept.set_revision(1);
  return std::make_shared<Contract>(std::move(kept), std::move(parent), PolicyForTest());
}

inline v1::Account AccountForTest(v1::Role role, std::string name = "somebody") {
  v1::Account account;
  account.set_name(std::move(name));
  account.set_role(role);
  if (role != v1::RECORDER) account.set_person_id("person-1");
  if (role == v1::CONTRACTOR) account.set_company("Example Partner KK");
  if (role == v1::CONTRACTOR) account.set_contract("maintenance-2025");
  if (role == v1::RECORDER || role == v1::OPERATOR || role == v1::SUPERVISOR || role == v1::CONTRACTOR) account.add_centres("Tokyo");
  if (role == v1::RECORDER) {
    *account.mutable_recorder()->add_formats() = FormatForTest();
    account.mutable_recorder()->add_retention_classes("standard");
  }
  return account;
}

inline Caller CallerForTest(v1::Account account, bool suspended = false) {
  auto enrolled = std::make_shared<Enrolled>();
  enrolled->account = std::move(account);
  if (enrolled->account.role() == v1::CONTRACTOR) enrolled->contract = ContractForTest();
  if (suspended) *enrolled->standing = Standing::kSuspended;
  return Caller{enrolled, std::string(64, 'c'), "2a", kTestStart + absl::Hours(24), "ipv4:192.0.2.7:50123", nullptr};
}
inline Caller CallerForTest(v1::Role role) { return CallerForTest(AccountForTest(role)); }

// A complete ask of that action about recording 1 of Tokyo, justified.
inline Ask AskForTest(Action action) {
  Ask ask;
  ask.action = action;
  ask.resource = Resource{RecordingForTest(1), "Tokyo", false};
  ask.requested_id = RecordingForTest(1).Text();
  ask.term = v1::CALLER_NUMBER;
  ask.justification.set_purpose("inquiry");
  ask.justification.set_reference("CASE-2025-0042");
  return ask;
}

// Of person-1's account, for maintenance, of recording 1, active for two hours around kTestStart.
inline v1::Grant KeptGrantForTest(const std::string& account = "somebody") {
  v1::Grant grant;
  grant.set_id(RecordingForTest(9).Text());
  grant.set_account(account);
  grant.set_person_id("person-1");
  grant.set_company("Example Partner KK");
  grant.set_contract("maintenance-2025");
  grant.add_recording_ids(RecordingForTest(1).Text());
  grant.mutable_justification()->set_purpose("maintenance");
  grant.mutable_justification()->set_reference("WORK-1");
  grant.set_hours(2);
  grant.set_state(v1::Grant::ACTIVE);
  grant.set_requested_unix_ms(absl::ToUnixMillis(kTestStart - absl::Hours(2)));
  grant.set_from_unix_ms(absl::ToUnixMillis(kTestStart - absl::Hours(1)));
  grant.set_until_unix_ms(absl::ToUnixMillis(kTestStart + absl::Hours(1)));
  grant.set_decided_by("approver");
  grant.set_decided_by_person("person-approver");
  grant.set_decided_by_role(v1::SUPERVISOR);
  grant.set_revision(2);
  return grant;
}

inline absl::StatusOr<keys::ReleasePermit> ReleaseAndWait(Gate& gate, const Caller& caller, Ask ask) {
  std::promise<absl::StatusOr<keys::ReleasePermit>> result;
  gate.Release(caller, std::move(ask), [&](absl::StatusOr<keys::ReleasePermit> permit) { result.set_value(std::move(permit)); });
  return result.get_future().get();
}

}  // namespace otokura::access

#endif  // OTOKURA_TESTS_UNIT_ACCESS_ACCESS_SITE_H_
