// Alarms and what comes of them over the real gateway: suspension, incidents, alerts (DESIGN §8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "nlohmann/json.hpp"
#include "otokura/v1/incident.grpc.pb.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/collector_port.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Stub = v1::Incidents::Stub;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr uint32_t kBudgetRefusalsMax = 10, kUnreachableMax = 20;  // an hour, as by default

bool Eventually(const std::function<bool()>& is_so) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!is_so()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

std::string UnknownId(int number) { return absl::StrFormat("0190a1b2-0000-7000-8000-%012d", number); }

// Keeps what comes to it.
class Inbox {
 public:
  WebhookAnswer Take(const std::string& body) {
    absl::MutexLock lock(&mutex_);
    if (!answers_) return {503, ""};
    bodies_.push_back(nlohmann::json::parse(body));
    return {204, ""};
  }
  void Answer(bool answers) {
    absl::MutexLock lock(&mutex_);
    answers_ = answers;
  }
  std::vector<nlohmann::json> bodies() {
    absl::MutexLock lock(&mutex_);
    return bodies_;
  }
  std::vector<std::string> Steps() {
    std::vector<std::string> steps;
    for (const nlohmann::json& body : bodies()) steps.push_back(body["step"]);
    return steps;
  }

 private:
  absl::Mutex mutex_;
  bool answers_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<nlohmann::json> bodies_ ABSL_GUARDED_BY(mutex_);
};

class IncidentsOverTheWire : public ::testing::Test {
 protected:
  void StartInMemory(const policy::Change& change = nullptr) {
    ASSERT_EQ(site_.StartInMemory(AtStart()), absl::OkStatus());
    SetUpPeople(change);
  }
  void SetUpPeople(const policy::Change& change) {
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    const std::string text = policy::TextForTest(2, [&](v1::Policy* policy) {
      policy->mutable_incidents()->set_budget_refusals_per_hour_max(kBudgetRefusalsMax);
      policy->mutable_incidents()->set_unreachable_ids_per_hour_max(kUnreachableMax);
      policy->mutable_listen_pace()->set_lead_seconds(3'600);  // the clock stands still while somebody listens
      if (change != nullptr) change(policy);
    });
    ASSERT_EQ(site_.LoadPolicy(policy::NoteForTest(text)), absl::OkStatus());
    Advance(absl::Seconds(1));
  }
  gateway::Gateway::Options AtStart() {
    gateway::Gateway::Options options;
    auto clock = std::make_unique<runtime::FakeClock>(now_);
    clock_ = clock.get();
    options.clock = std::move(clock);
    return options;
  }
  void Advance(absl::Duration by) {
    now_ += by;
    clock_->Advance(by);
  }
  std::string Record(const std::string& call_id, size_t bytes = 8000) {
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest(call_id), Speech(bytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  Retrieved ListenAs(const std::string& account, const std::string& id) { return Listen(site_.ConnectAs(account), id, {}); }
  // One recording a day for operators, and no more.
  static void OneADay(v1::Policy* policy) {
    v1::RoleRule* const rule = policy::RuleOf(policy, v1::OPERATOR);
    rule->clear_budgets();
    for (const v1::Window window : {v1::DAY, v1::DAYS_30}) {
      v1::Budget* const budget = rule->add_budgets();
      budget->set_window(window);
      budget->set_recordings(1);
      budget->set_audio_bytes(1'000'000'000);
    }
  }
  void AskForUnknown(const std::string& account, int first, int count) {
    const auto channel = site_.ConnectAs(account);
    for (int i = first; i < first + count; ++i) Listen(channel, UnknownId(i), {}).status.IgnoreError();
  }

  std::vector<v1::Incident> List(bool with_closed = false) {
    v1::ListIncidentsRequest request;
    request.set_with_closed(with_closed);
    v1::ListIncidentsResponse response;
    EXPECT_EQ(site_.AskAs("auditor", &Stub::List, request, &response), absl::OkStatus());
    return {response.incidents().begin(), response.incidents().end()};
  }
  v1::Incident Show(const std::string& id) {
    v1::ShowIncidentRequest request;
    request.set_id(id);
    v1::ShowIncidentResponse response;
    EXPECT_EQ(site_.AskAs("security", &Stub::Show, request, &response), absl::OkStatus());
    return response.incident();
  }
  // The only one, once it has so many alarms.
  v1::Incident OnlyIncident(int alarms = 1) {
    v1::Incident incident;
    EXPECT_TRUE(Eventually([&] {
      const auto listed = List();
      if (listed.size() == 1) incident = Show(listed.front().id());
      return incident.alarms_size() >= alarms;
    }));
    return incident;
  }
  absl::Status Acknowledge(const std::string& who, const std::string& id) {
    v1::AcknowledgeIncidentRequest request;
    request.set_id(id);
    request.set_note("on it");
    v1::AcknowledgeIncidentResponse response;
    return site_.AskAs(who, &Stub::Acknowledge, request, &response);
  }
  absl::Status Close(const std::string& who, const std::string& id) {
    v1::CloseIncidentRequest request;
    request.set_id(id);
    request.set_conclusion("a mistake of a script");
    v1::CloseIncidentResponse response;
    return site_.AskAs(who, &Stub::Close, request, &response);
  }
  absl::Status Mark(const std::string& who, const std::string& recording) {
    v1::MarkCanaryRequest request;
    request.set_recording_id(recording);
    v1::MarkCanaryResponse response;
    return site_.AskAs(who, &Stub::MarkCanary, request, &response);
  }
  bool IsSuspended(const std::string& account) {
    v1::ListAccountsRequest request;
    request.set_name(account);
    v1::ListAccountsResponse response;
    EXPECT_EQ(site_.AskAs("security", &v1::Admin::Stub::ListAccounts, request, &response), absl::OkStatus());
    return response.accounts_size() == 1 && response.accounts(0).state() == v1::Account::SUSPENDED;
  }
  bool BecomesSuspended(const std::string& account) {
    return Eventually([&] { return IsSuspended(account); });
  }
  std::vector<LoggedEntry> Log() {
    auto log = ReadLog(site_.ConnectAs("auditor"));
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *log : std::vector<LoggedEntry>();
  }
  static std::vector<LoggedEntry> OnlyOf(const std::vector<LoggedEntry>& log, v1::AuditAction action) {
    std::vector<LoggedEntry> found;
    for (const LoggedEntry& entry : log) {
      if (entry.leaf.action() == action) found.push_back(entry);
    }
    return found;
  }

  absl::Time now_ = absl::Now() + absl::Hours(1);  // certificates that are issued as they are needed are valid by then
  Site site_;
  runtime::FakeClock* clock_ = nullptr;  // the gateway's
};

TEST_F(IncidentsOverTheWire, I5_PersistenceSuspendsTheAccountAndCutsItsStreams) {
  StartInMemory(OneADay);
  const std::string heard = Record("pbx-1", 4'000'000), other = Record("pbx-2");
  const auto stub = v1::Access::NewStub(site_.ConnectAs("operator"));
  grpc::ClientContext context;
  v1::RetrieveRequest request;
  request.set_recording_id(heard);
  request.mutable_justification()->set_purpose("inquiry");
  request.mutable_justification()->set_reference("CASE-1");
  const auto stream = stub->Listen(&context, request);
  v1::RetrieveResponse response;
  ASSERT_TRUE(stream->Read(&response)) << "in flight";

  for (uint32_t i = 0; i < kBudgetRefusalsMax; ++i) {
    EXPECT_EQ(ListenAs("operator", other).status.code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_FALSE(IsSuspended("operator")) << "at the edge";
  const absl::Time last_refusal = absl::Now();
  EXPECT_EQ(ListenAs("operator", other).status.code(), absl::StatusCode::kResourceExhausted);
  while (stream->Read(&response)) absl::SleepFor(absl::Milliseconds(20));  // as somebody who listens reads: a message at a time
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_LT(absl::Now() - last_refusal, absl::Seconds(1) + absl::Milliseconds(500)) << "within a second, and what the machine takes";

  EXPECT_TRUE(BecomesSuspended("operator"));
  const v1::Incident incident = OnlyIncident();
  ASSERT_EQ(incident.alarms_size(), 1);
  EXPECT_EQ(incident.alarms(0).kind(), v1::PERSISTENCE);
  EXPECT_TRUE(incident.alarms(0).suspended());
  EXPECT_EQ(incident.state(), v1::Incident::OPEN);
  EXPECT_EQ(incident.level(), 1u);
  EXPECT_THAT(incident.accounts(), ElementsAre("operator"));

  const auto log = Log();
  const auto opened = OnlyOf(log, v1::INCIDENT_OPENED), suspended = OnlyOf(log, v1::ACCOUNT_SUSPEND);
  ASSERT_THAT(opened, SizeIs(1));
  ASSERT_THAT(suspended, SizeIs(1));
  EXPECT_EQ(opened[0].leaf.decision(), v1::NOTED);
  EXPECT_EQ(opened[0].leaf.rule(), "persistence");
  EXPECT_EQ(opened[0].leaf.incident_id(), incident.id());
  EXPECT_EQ(log[opened[0].leaf.of_sequence()].leaf.rule(), "budget") << "the entry that raised it";
  EXPECT_EQ(suspended[0].leaf.decision(), v1::NOTED);
  EXPECT_EQ(suspended[0].leaf.rule(), "persistence");
  EXPECT_EQ(suspended[0].leaf.incident_id(), incident.id());
  EXPECT_EQ(suspended[0].details.target().value(), "operator");
  EXPECT_EQ(suspended[0].leaf.sequence(), opened[0].leaf.sequence() + 1) << "in one write";
}

TEST_F(IncidentsOverTheWire, I5_LiftingASuspensionRefillsNothing) {
  StartInMemory(OneADay);
  const std::string heard = Record("pbx-1"), other = Record("pbx-2");
  ASSERT_EQ(ListenAs("operator", heard).status, absl::OkStatus());
  for (uint32_t i = 0; i <= kBudgetRefusalsMax; ++i) ListenAs("operator", other).status.IgnoreError();
  ASSERT_TRUE(BecomesSuspended("operator"));
  EXPECT_EQ(ListenAs("operator", heard).status.code(), absl::StatusCode::kPermissionDenied);
  v1::RestoreAccountRequest request;
  request.set_name("operator");
  request.set_reason("talked to them");
  v1::RestoreAccountResponse restored;
  ASSERT_EQ(site_.AskAs("security", &v1::Admin::Stub::RestoreAccount, request, &restored), absl::OkStatus());
  EXPECT_EQ(ListenAs("operator", other).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ListenAs("operator", heard).status, absl::OkStatus());
}

TEST_F(IncidentsOverTheWire, I6_WhoTriesIdsIsSuspended) {
  StartInMemory();
  for (int again = 0; again < 30; ++again) AskForUnknown("supervisor", 1, 1);  // one id, however often, is no enumeration
  AskForUnknown("operator", 0, kUnreachableMax);
  EXPECT_FALSE(IsSuspended("operator")) << "at the edge";
  EXPECT_THAT(List(), IsEmpty());
  AskForUnknown("operator", 1000, 1);
  EXPECT_TRUE(BecomesSuspended("operator"));
  EXPECT_FALSE(IsSuspended("supervisor"));
  EXPECT_EQ(OnlyIncident().alarms(0).kind(), v1::ENUMERATION);
}

TEST_F(IncidentsOverTheWire, WhatIsLongerAgoThanAnHourIsForgotten) {
  StartInMemory();
  AskForUnknown("operator", 0, kUnreachableMax);
  Advance(absl::Hours(1));
  AskForUnknown("operator", 1000, kUnreachableMax);
  AskForUnknown("supervisor", 0, kUnreachableMax + 1);  // a mark in the order of things: what came before was looked at
  EXPECT_TRUE(BecomesSuspended("supervisor"));
  EXPECT_FALSE(IsSuspended("operator"));
}

TEST_F(IncidentsOverTheWire, TheLastActiveAccountOfSecurityStaysAble) {
  StartInMemory();
  v1::GetReceiptRequest request;
  const auto stub = v1::Audit::NewStub(site_.ConnectAs("security"));
  for (uint32_t i = 0; i <= kUnreachableMax; ++i) {
    grpc::ClientContext context;
    request.set_recording_id(UnknownId(static_cast<int>(i)));
    const auto reader = stub->GetReceipt(&context, request);
    v1::GetReceiptResponse response;
    while (reader->Read(&response)) continue;
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  }
  const v1::Incident incident = OnlyIncident();
  ASSERT_EQ(incident.alarms_size(), 1);
  EXPECT_FALSE(incident.alarms(0).suspended());
  EXPECT_FALSE(IsSuspended("security"));
  EXPECT_THAT(OnlyOf(Log(), v1::ACCOUNT_SUSPEND), IsEmpty());
  EXPECT_EQ(Acknowledge("security", incident.id()).code(), absl::StatusCode::kFailedPrecondition) << "one's own";
}

TEST_F(IncidentsOverTheWire, ACanaryAnswersAsAnyRecordingAndAlerts) {
  StartInMemory();
  const std::string bait = Record("pbx-1"), second_bait = Record("pbx-2");
  const Retrieved before = ListenAs("supervisor", bait);
  const Retrieved refused_before = Download(site_.ConnectAs("operator"), bait, {});
  EXPECT_EQ(Mark("operator", bait).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Mark("admin", bait).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Mark("security", UnknownId(1)).code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(Mark("security", bait), absl::OkStatus());
  EXPECT_EQ(Mark("security", bait).code(), absl::StatusCode::kAlreadyExists);
  ASSERT_EQ(Mark("security", second_bait), absl::OkStatus());

  const Retrieved touched = ListenAs("supervisor", bait);
  EXPECT_EQ(touched.status, before.status);
  EXPECT_EQ(touched.audio, before.audio);
  EXPECT_EQ(touched.header->SerializeAsString(), before.header->SerializeAsString());
  v1::Incident incident = OnlyIncident();
  EXPECT_EQ(incident.alarms(0).kind(), v1::CANARY);
  EXPECT_THAT(incident.recordings(), ElementsAre(bait));
  EXPECT_FALSE(IsSuspended("supervisor")) << "a touch alone may be a slip";
  ListenAs("supervisor", bait).status.IgnoreError();  // the same again is no second alarm

  EXPECT_EQ(Download(site_.ConnectAs("operator"), bait, {}).status, refused_before.status) << "refused as before";
  incident = OnlyIncident(2);
  EXPECT_EQ(incident.alarms_size(), 2);
  EXPECT_EQ(incident.alarms(1).account(), "operator");
  EXPECT_EQ(incident.level(), 2u);
  EXPECT_FALSE(IsSuspended("operator")) << "another account's touch speaks against nobody but that one";

  ListenAs("supervisor", second_bait).status.IgnoreError();
  EXPECT_TRUE(BecomesSuspended("supervisor")) << "a second canary is no slip";
  const auto id = storage::RecordingId::Parse(bait);
  for (const LoggedEntry& entry : Log()) {
    if (entry.leaf.action() != v1::INCIDENT_OPENED && entry.leaf.action() != v1::INCIDENT_ALARM && entry.leaf.action() != v1::CANARY_MARK)
      continue;
    EXPECT_EQ(entry.leaf.recording_id(), "") << "no leaf says which recordings are bait";
    EXPECT_EQ(entry.leaf.of_sequence(), 0u) << "nor does one point at an entry that names it";
  }
}

TEST_F(IncidentsOverTheWire, CanariesAreClearedAndListed) {
  StartInMemory();
  const std::string bait = Record("pbx-1");
  ASSERT_EQ(Mark("security", bait), absl::OkStatus());
  v1::ListCanariesResponse listed;
  ASSERT_EQ(site_.AskAs("security", &Stub::ListCanaries, v1::ListCanariesRequest(), &listed), absl::OkStatus());
  ASSERT_EQ(listed.canaries_size(), 1);
  EXPECT_EQ(listed.canaries(0).recording_id(), bait);
  EXPECT_EQ(listed.canaries(0).marked_by(), "security");
  EXPECT_EQ(site_.AskAs("auditor", &Stub::ListCanaries, v1::ListCanariesRequest(), &listed).code(), absl::StatusCode::kPermissionDenied);
  v1::ClearCanaryRequest request;
  request.set_recording_id(bait);
  v1::ClearCanaryResponse cleared;
  ASSERT_EQ(site_.AskAs("security", &Stub::ClearCanary, request, &cleared), absl::OkStatus());
  EXPECT_EQ(site_.AskAs("security", &Stub::ClearCanary, request, &cleared).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ListenAs("operator", bait).status, absl::OkStatus());
  AskForUnknown("supervisor", 0, kUnreachableMax + 1);
  EXPECT_EQ(OnlyIncident().alarms(0).kind(), v1::ENUMERATION) << "and none for the recording";
}

TEST_F(IncidentsOverTheWire, I9_WhoseAccountItConcernsDoesNotHandleIt) {
  StartInMemory();
  v1::AddAccountRequest officer = AccountRequest("second-officer", v1::SECURITY);
  officer.mutable_account()->set_person_id("person-operator");  // the operator, under another name
  EXPECT_EQ(site_.Enrol(officer).code(), absl::StatusCode::kFailedPrecondition);
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  const std::string id = OnlyIncident().id();
  ASSERT_EQ(site_.Enrol(officer), absl::OkStatus()) << "the operator's own account is suspended";
  EXPECT_EQ(Acknowledge("second-officer", id).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Close("second-officer", id).code(), absl::StatusCode::kFailedPrecondition);
  for (const char* who : {"auditor", "admin", "supervisor", "recorder"}) {
    EXPECT_EQ(Acknowledge(who, id).code(), absl::StatusCode::kPermissionDenied) << who;
    EXPECT_EQ(Close(who, id).code(), absl::StatusCode::kPermissionDenied) << who;
  }
  EXPECT_EQ(Acknowledge("security", std::string(16, 'x')).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Acknowledge("security", "short").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Acknowledge("security", id), absl::OkStatus());
  EXPECT_EQ(Acknowledge("security", id).code(), absl::StatusCode::kFailedPrecondition) << "already";
  EXPECT_EQ(Close("security", id), absl::OkStatus());
  EXPECT_EQ(Close("security", id).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(List(), IsEmpty());
  ASSERT_THAT(List(/*with_closed=*/true), SizeIs(1));
  EXPECT_EQ(Show(id).conclusion(), "a mistake of a script");
  EXPECT_TRUE(IsSuspended("operator")) << "closing lifts nothing";
  const auto log = Log();
  EXPECT_EQ(Count(log, v1::INCIDENT_ACKNOWLEDGE, v1::ALLOWED), 1);
  EXPECT_EQ(Count(log, v1::INCIDENT_CLOSE, v1::ALLOWED), 1);
  EXPECT_EQ(OnlyOf(log, v1::INCIDENT_CLOSE).back().details.reason().value(), "a mistake of a script");
  EXPECT_EQ(OnlyOf(log, v1::INCIDENT_CLOSE).back().leaf.incident_id(), id);
}

TEST_F(IncidentsOverTheWire, TheReportCountsWhatReallyLeft) {
  StartInMemory();
  const std::string first = Record("pbx-1"), second = Record("pbx-2");
  ASSERT_EQ(Listen(site_.ConnectAs("operator"), first, {0, 3000}).status, absl::OkStatus());
  ASSERT_EQ(ListenAs("operator", first).status, absl::OkStatus());
  ASSERT_TRUE(integration::Show(site_.ConnectAs("operator"), second).ok());
  ASSERT_EQ(ListenAs("supervisor", second).status, absl::OkStatus()) << "of somebody else";
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  v1::ReportIncidentRequest request;
  request.set_id(OnlyIncident().id());
  v1::ReportIncidentResponse report;
  EXPECT_EQ(site_.AskAs("operator", &Stub::Report, request, &report).code(), absl::StatusCode::kPermissionDenied);
  ASSERT_EQ(site_.AskAs("auditor", &Stub::Report, request, &report), absl::OkStatus());
  EXPECT_EQ(report.recordings_heard(), 1u);
  EXPECT_EQ(report.audio_bytes(), 11'000u);
  EXPECT_EQ(report.recordings_shown(), 1u);
  EXPECT_EQ(report.persons(), 2u);
  EXPECT_EQ(report.downloads(), 0u);
  EXPECT_GE(report.refused(), kUnreachableMax);
  EXPECT_THAT(report.suspended(), ElementsAre("operator"));
  EXPECT_FALSE(report.incomplete());
  request.set_days_before(366);
  EXPECT_EQ(site_.AskAs("auditor", &Stub::Report, request, &report).code(), absl::StatusCode::kInvalidArgument);
}

// ---- who is told

class Ladder : public IncidentsOverTheWire {
 protected:
  void Start() {
    AddAlert("first", first_port_);
    AddAlert("second", second_port_);
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(AtStart()), absl::OkStatus());
    SetUpPeople([](v1::Policy* policy) {
      AddStep(policy, "security-staff", 0, {"first"});
      AddStep(policy, "csirt", 15, {"first", "second"});
      AddStep(policy, "ciso", 60, {"second"});
    });
  }
  void AddAlert(const std::string& name, const WebhookPort& port) {
    v1::AlertConfig* const alert = site_.config().add_alerts();
    alert->set_name(name);
    alert->mutable_webhook()->set_url(port.url());
    alert->mutable_webhook()->set_ca_file(Pki::Ours().File("ca.pem"));
  }
  static void AddStep(v1::Policy* policy, const std::string& name, uint32_t minutes, const std::vector<std::string>& alerts) {
    v1::LadderStep* const step = policy->mutable_incidents()->add_ladder();
    step->set_name(name);
    step->set_after_minutes(minutes);
    for (const std::string& alert : alerts) step->add_alerts(alert);
  }
  bool Becomes(Inbox& inbox, const std::vector<std::string>& steps) {
    return Eventually([&] { return inbox.Steps() == steps; });
  }

  Inbox first_, second_;
  WebhookPort first_port_{[this](const std::string& body) { return first_.Take(body); }};
  WebhookPort second_port_{[this](const std::string& body) { return second_.Take(body); }};
};

TEST_F(Ladder, MovesUpByItselfUntilSomebodyAcknowledges) {
  Start();
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  ASSERT_TRUE(Becomes(first_, {"security-staff"}));
  const nlohmann::json told = first_.bodies().front();
  const std::string id = OnlyIncident().id();
  EXPECT_EQ(told["incident"], absl::BytesToHexString(id));
  EXPECT_EQ(told["level"], 1);
  ASSERT_EQ(told["alarms"].size(), 1u);
  EXPECT_EQ(told["alarms"][0]["alarm"], "enumeration");
  EXPECT_EQ(told["alarms"][0]["role"], "operator");
  EXPECT_EQ(told["alarms"][0]["account"], "operator") << "over TLS";
  EXPECT_THAT(told.dump(), Not(HasSubstr("127.0.0.1"))) << "no address";
  EXPECT_THAT(told.dump(), Not(HasSubstr("person-operator")));
  EXPECT_THAT(second_.Steps(), IsEmpty());

  Advance(absl::Minutes(16));
  ASSERT_TRUE(Becomes(second_, {"csirt"}));
  ASSERT_TRUE(Becomes(first_, {"security-staff", "csirt"}));
  ASSERT_EQ(Acknowledge("security", id), absl::OkStatus());
  Advance(absl::Hours(2));
  AskForUnknown("supervisor", 0, 1);
  EXPECT_EQ(Count(Log(), v1::INCIDENT_ALERTED), 2) << "nobody is told after that";
  EXPECT_THAT(second_.Steps(), SizeIs(1));
}

TEST_F(Ladder, ASecondAlarmBeginsTheNextStepAtOnce) {
  Start();
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  ASSERT_TRUE(Becomes(first_, {"security-staff"}));
  ASSERT_EQ(Acknowledge("security", OnlyIncident().id()), absl::OkStatus());
  AskForUnknown("supervisor", 0, kUnreachableMax + 1);  // from the same address
  ASSERT_TRUE(Becomes(second_, {"csirt"})) << "though its time has not come, and although somebody looks after it";
  const v1::Incident incident = OnlyIncident(2);
  EXPECT_EQ(incident.level(), 2u);
  EXPECT_EQ(incident.state(), v1::Incident::OPEN);
  EXPECT_EQ(second_.bodies().front()["alarms"].size(), 2u);
}

TEST_F(Ladder, ARestartForgetsNoStepAndRepeatsNone) {
  Start();
  second_.Answer(false);
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  ASSERT_TRUE(Becomes(first_, {"security-staff"}));
  Advance(absl::Minutes(16));
  ASSERT_TRUE(Becomes(first_, {"security-staff", "csirt"}));
  ASSERT_TRUE(Eventually([&] { return OnlyIncident().awaiting_size() == 1; })) << "of the other one";
  site_.Stop();
  now_ += absl::Hours(1);  // the last step's time comes while no gateway runs
  ASSERT_EQ(site_.Start(AtStart()), absl::OkStatus());
  second_.Answer(true);
  ASSERT_TRUE(Eventually([&] { return !second_.Steps().empty() && second_.Steps().back() == "ciso"; }));
  ASSERT_TRUE(Eventually([&] { return OnlyIncident().awaiting().empty(); }));
  EXPECT_EQ(first_.Steps(), (std::vector<std::string>{"security-staff", "csirt"})) << "none twice";
  EXPECT_EQ(Count(Log(), v1::INCIDENT_ALERTED), 3);
  EXPECT_TRUE(IsSuspended("operator"));
}

TEST_F(Ladder, WithoutALadderEveryAlertIsToldAtOnce) {
  AddAlert("first", first_port_);
  AddAlert("second", second_port_);
  StartInMemory();
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  EXPECT_TRUE(Becomes(first_, {"everybody"}));
  EXPECT_TRUE(Becomes(second_, {"everybody"}));
}

TEST_F(Ladder, AnAlertThatIsNotThereIsSaidAndStopsNothing) {
  AddAlert("first", first_port_);
  StartInMemory([](v1::Policy* policy) { AddStep(policy, "csirt", 0, {"first", "pager"}); });
  v1::ListIncidentsResponse response;
  ASSERT_EQ(site_.AskAs("security", &Stub::List, v1::ListIncidentsRequest(), &response), absl::OkStatus());
  ASSERT_EQ(response.warnings_size(), 1);
  EXPECT_THAT(response.warnings(0), HasSubstr("'pager'"));
  AskForUnknown("operator", 0, kUnreachableMax + 1);
  EXPECT_TRUE(Becomes(first_, {"csirt"}));
}

}  // namespace
}  // namespace otokura::integration
