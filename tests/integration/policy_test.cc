// The policy over the wire: another one takes effect at once, also on streams that are open, and outlives the gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "otokura/v1/admin.grpc.pb.h"
#include "server/access/policy_rows.h"
#include "server/otokurad/configuration.h"
#include "server/rpc/status.h"
#include "server/storage/local/local_engine.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

using policy::NoteForTest;
using policy::TextForTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

void OperatorsDoNotListen(v1::Policy* changed) { policy::TakeRight(changed, v1::OPERATOR, policy::Action::kListen); }

class PolicyOverTheWire : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  }
  std::string Recorded(const std::string& call_id, size_t bytes = 50000) {
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), OpenRequest(call_id), Speech(bytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  absl::Status ListenAs(const std::string& account, const std::string& id, const std::string& purpose = "inquiry") {
    return Listen(site_.ConnectAs(account), id, {}, purpose).status;
  }
  absl::StatusOr<v1::ShowPolicyResponse> ShowAs(const std::string& account) {
    const auto stub = v1::Admin::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::ShowPolicyResponse response;
    const absl::Status status = rpc::FromGrpc(stub->ShowPolicy(&context, {}, &response));
    if (!status.ok()) return status;
    return response;
  }
  std::vector<LoggedEntry> Log() {
    auto log = ReadLog(site_.ConnectAs("security"));
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : std::vector<LoggedEntry>();
  }
  // The stored policy, changed behind the gateway's back while it does not run.
  void ChangeRow(const std::function<std::optional<std::string>(std::string)>& change) {
    storage::LocalEngineOptions options;
    options.data_dir = site_.config().data_dir();
    options.reserve_bytes = site_.config().limits().reserve_bytes();
    auto engine = storage::OpenLocalEngine(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    const auto row = (*engine)->records().Get(storage::Table::kMeta, access::kPolicyKey);
    ASSERT_TRUE(row.ok() && row->has_value());
    storage::Batch batch;
    batch.writes.push_back({storage::Table::kMeta, std::string(access::kPolicyKey), change(**row)});
    ASSERT_EQ((*engine)->records().Commit(batch), absl::OkStatus());
  }

  Site site_;
};

TEST_F(PolicyOverTheWire, TakesEffectAtOnceAndOutlivesTheGateway) {
  const std::string id = Recorded("policy-1"), text = TextForTest(2, OperatorsDoNotListen);
  EXPECT_EQ(ListenAs("operator", id), absl::OkStatus());
  ASSERT_EQ(site_.LoadPolicy(NoteForTest(text, "bc")), absl::OkStatus());
  EXPECT_EQ(ListenAs("operator", id).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ListenAs("supervisor", id), absl::OkStatus());

  site_.Stop();
  site_.config().clear_policy_signers();  // which init alone reads
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  EXPECT_EQ(ListenAs("operator", id).code(), absl::StatusCode::kPermissionDenied);
  const auto shown = ShowAs("auditor");
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->text(), text);
  EXPECT_EQ(shown->serial(), 2u);
  EXPECT_EQ(shown->sha256(), crypto::Sha256(text));
  EXPECT_THAT(shown->signed_by(), ElementsAre("signer-b", "signer-c"));
  EXPECT_EQ(shown->document(), NoteForTest(text, "bc"));
  ASSERT_EQ(site_.LoadPolicy(NoteForTest(TextForTest(3))), absl::OkStatus());
  EXPECT_EQ(ListenAs("operator", id), absl::OkStatus());
  const std::vector<LoggedEntry> log = Log();
  EXPECT_EQ(Count(log, v1::POLICY_LOAD, v1::NOTED), 1);
  EXPECT_EQ(Count(log, v1::POLICY_LOAD, v1::ALLOWED), 2);
  EXPECT_EQ(Count(log, v1::POLICY_SHOW, v1::ALLOWED), 1);
}

TEST_F(PolicyOverTheWire, AStreamWhoseRightIsGoneIsCut) {
  const std::string id = Recorded("long", 8 << 20);
  const auto stub = v1::Access::NewStub(site_.ConnectAs("operator"));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::RetrieveRequest request;
  request.set_recording_id(id);
  request.mutable_justification()->set_purpose("inquiry");
  request.mutable_justification()->set_reference("CASE-1");
  const auto reader = stub->Listen(&context, request);
  v1::RetrieveResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_EQ(site_.LoadPolicy(NoteForTest(TextForTest(2, OperatorsDoNotListen))), absl::OkStatus());
  uint64_t received = 0;
  while (reader->Read(&response)) received += response.audio().size();
  EXPECT_EQ(rpc::FromGrpc(reader->Finish()).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_LT(received, uint64_t{8} << 20);
  const std::vector<LoggedEntry> log = Log();
  const auto delivered =
      std::find_if(log.rbegin(), log.rend(), [](const LoggedEntry& entry) { return entry.leaf.action() == v1::DELIVERED; });
  ASSERT_NE(delivered, log.rend());
  EXPECT_EQ(delivered->leaf.outcome(), "PERMISSION_DENIED");
  EXPECT_LT(delivered->leaf.delivered_bytes(), uint64_t{8} << 20);
}

TEST_F(PolicyOverTheWire, AFollowerOfTheLogWhoseRightIsGoneIsCut) {
  const auto stub = v1::Audit::NewStub(site_.ConnectAs("auditor"));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto reader = stub->Follow(&context, {});
  v1::FollowAuditResponse response;
  ASSERT_TRUE(reader->Read(&response));
  const auto blind = [](v1::Policy* changed) { policy::TakeRight(changed, v1::AUDITOR, policy::Action::kFollowAudit); };
  ASSERT_EQ(site_.LoadPolicy(NoteForTest(TextForTest(2, blind))), absl::OkStatus());
  while (reader->Read(&response)) continue;
  EXPECT_EQ(rpc::FromGrpc(reader->Finish()).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(PolicyOverTheWire, RefusalsAreEntriesAndChangeNothing) {
  const std::string text = TextForTest(2, OperatorsDoNotListen), id = Recorded("policy-2");
  std::string tampered = NoteForTest(text);
  tampered.replace(tampered.find("show"), 4, "Show");
  const std::pair<std::string, absl::StatusCode> wrong[] = {
      {NoteForTest(text, "a"), absl::StatusCode::kPermissionDenied},
      {NoteForTest(text, "aa"), absl::StatusCode::kPermissionDenied},
      {NoteForTest(text, "az"), absl::StatusCode::kPermissionDenied},
      {tampered, absl::StatusCode::kInvalidArgument},
      {text, absl::StatusCode::kInvalidArgument},
      {NoteForTest(TextForTest(1)), absl::StatusCode::kFailedPrecondition},
      {NoteForTest(text + "more: 1\n"), absl::StatusCode::kInvalidArgument},
  };
  for (const auto& [note, code] : wrong) EXPECT_EQ(site_.LoadPolicy(note).code(), code) << note.substr(0, 60);
  for (const char* account : {"admin", "auditor", "operator", "supervisor", "contractor", "recorder"}) {
    EXPECT_EQ(site_.LoadPolicy(NoteForTest(text), account).code(), absl::StatusCode::kPermissionDenied) << account;
  }
  // Larger than any request: gRPC says so itself.
  EXPECT_EQ(site_.LoadPolicy(std::string(200'000, 'x')).code(), absl::StatusCode::kResourceExhausted);
  const auto first = ShowAs("security");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->serial(), 1u);
  EXPECT_EQ(first->document(), NoteForTest(TextForTest(1)));
  EXPECT_EQ(ListenAs("operator", id), absl::OkStatus());
  const std::vector<LoggedEntry> log = Log();
  EXPECT_EQ(Count(log, v1::POLICY_LOAD, v1::DENIED), static_cast<int>(std::size(wrong)) + 6);
  EXPECT_EQ(Count(log, v1::POLICY_LOAD, v1::ALLOWED), 0);
  EXPECT_EQ(ShowAs("operator").status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(PolicyOverTheWire, PurposesReferencesAndFieldsAreThePolicys) {
  const std::string id = Recorded("policy-3");
  const auto changed = [](v1::Policy* policy) {
    v1::PurposeRule* const training = policy->add_purposes();
    training->set_name("training");
    training->add_roles(v1::SUPERVISOR);
    training->set_reference_pattern("CASE-[0-9]");
    policy->mutable_purposes(0)->set_reference_pattern("TICKET-[0-9]+");
    v1::RoleRule* const rule = policy::RuleOf(policy, v1::SUPERVISOR);
    rule->clear_fields();
    rule->add_fields(v1::CALL_ID);
    rule->clear_notes();
  };
  EXPECT_EQ(ListenAs("supervisor", id, "training").code(), absl::StatusCode::kPermissionDenied);
  auto shown = Show(site_.ConnectAs("supervisor"), id);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->metadata().agent(), kAgent);
  ASSERT_EQ(site_.LoadPolicy(NoteForTest(TextForTest(2, changed))), absl::OkStatus());
  EXPECT_EQ(ListenAs("supervisor", id, "training"), absl::OkStatus());
  const absl::Status reference = ListenAs("supervisor", id);
  EXPECT_EQ(reference.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(reference.message()), HasSubstr("TICKET-[0-9]+"));
  shown = Show(site_.ConnectAs("supervisor"), id, "training");
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->metadata().call_id(), "policy-3");
  EXPECT_EQ(shown->metadata().agent(), "");
  v1::SearchRequest search = SearchFor(v1::AGENT, kAgent);
  search.mutable_justification()->set_purpose("training");
  search.mutable_justification()->set_reference("CASE-1");
  EXPECT_EQ(Search(site_.ConnectAs("supervisor"), search).status().code(), absl::StatusCode::kPermissionDenied);
  const std::vector<LoggedEntry> log = Log();
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const LoggedEntry& entry) { return entry.leaf.rule() == "field"; }));
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const LoggedEntry& entry) { return entry.leaf.purpose() == "training"; }));
}

TEST_F(PolicyOverTheWire, I11_ADamagedPolicyStopsReleasesAndNoCall) {
  const std::string id = Recorded("policy-4");
  std::string first;
  site_.Stop();
  ChangeRow([&first](std::string row) { return first = std::move(row); });
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  ASSERT_EQ(site_.LoadPolicy(NoteForTest(TextForTest(2, OperatorsDoNotListen))), absl::OkStatus());
  site_.Stop();
  // An older one, whole and rightly stored: only the log knows better.
  ChangeRow([&first](const std::string&) { return first; });
  EXPECT_EQ(site_.Otokurad("fsck"), 4) << site_.said();
  EXPECT_THAT(site_.said(), HasSubstr("policy: "));
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  EXPECT_EQ(ListenAs("operator", id).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ListenAs("supervisor", id).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ShowAs("security").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(site_.LoadPolicy(NoteForTest(TextForTest(3))).code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(Recorded("policy-5").empty());
  EXPECT_FALSE(Serves(site_.ConnectAs("operator"), "otokura.release"));
  EXPECT_TRUE(Serves(site_.ConnectAs("operator"), "")) << "calls are taken in";
  EXPECT_THAT(ReadFile(site_.events_file()), HasSubstr("policy-damaged"));
  const std::vector<LoggedEntry> log = Log();
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const LoggedEntry& entry) {
    return entry.leaf.action() == v1::LISTEN && entry.leaf.decision() == v1::DENIED && entry.leaf.rule() == "policy-damaged";
  }));
}

TEST(PolicyConfiguration, SignersAreCheckedAndTheirAbsenceIsSaid) {
  Site site;
  const auto problems = [&site] { return gateway::CheckConfiguration(site.config(), absl::Now()); };
  const auto of_signers = [&]() -> std::optional<gateway::Problem> {
    for (const gateway::Problem& problem : problems()) {
      if (problem.field.starts_with("policy_signers")) return problem;
    }
    return std::nullopt;
  };
  EXPECT_EQ(of_signers(), std::nullopt);
  site.config().mutable_policy_signers()->RemoveLast();
  site.config().mutable_policy_signers()->RemoveLast();
  ASSERT_NE(of_signers(), std::nullopt);
  EXPECT_TRUE(of_signers()->stops_start);
  site.config().add_policy_signers("mistyped");
  EXPECT_EQ(of_signers()->field, "policy_signers[1]");
  site.config().clear_policy_signers();
  site.config().clear_first_policy_file();
  ASSERT_NE(of_signers(), std::nullopt);
  EXPECT_FALSE(of_signers()->stops_start) << "the shipped policy serves for good";
  ASSERT_EQ(site.Init(), absl::OkStatus());
  ASSERT_EQ(site.Start(), absl::OkStatus());
  EXPECT_EQ(site.LoadPolicy(NoteForTest(TextForTest(2))).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FirstPolicy, IsTheShippedOneOrOneThatTwoOfTheConfigurationSigned) {
  Site shipped;
  shipped.config().clear_first_policy_file();
  ASSERT_EQ(shipped.Init(), absl::OkStatus());
  ASSERT_EQ(shipped.Start(), absl::OkStatus());
  v1::ShowPolicyResponse shown;
  ASSERT_EQ(shipped.AskAs("security", &v1::Admin::Stub::ShowPolicy, v1::ShowPolicyRequest(), &shown), absl::OkStatus());
  EXPECT_EQ(shown.document(), shown.text());
  EXPECT_EQ(shown.signed_by_size(), 0);

  const std::string text = TextForTest(7);
  const std::pair<std::string, absl::StatusCode> wrong[] = {
      {text, absl::StatusCode::kInvalidArgument},
      {NoteForTest(text, "a"), absl::StatusCode::kPermissionDenied},
      {NoteForTest(text, "az"), absl::StatusCode::kPermissionDenied},
      {NoteForTest(text + "more: 1\n"), absl::StatusCode::kInvalidArgument},
  };
  for (const auto& [note, code] : wrong) {
    Site refused;
    WriteFile(refused.config().first_policy_file(), note);
    EXPECT_EQ(refused.Init().code(), code) << note.substr(0, 60);
  }
  Site missing;
  missing.config().set_first_policy_file(missing.folder() + "/nowhere");
  EXPECT_EQ(missing.Init().code(), absl::StatusCode::kNotFound);

  Site signed_by_two;
  WriteFile(signed_by_two.config().first_policy_file(), NoteForTest(text, "ca"));
  ASSERT_EQ(signed_by_two.Init(), absl::OkStatus());
  ASSERT_EQ(signed_by_two.Start(), absl::OkStatus());
  ASSERT_EQ(signed_by_two.AskAs("security", &v1::Admin::Stub::ShowPolicy, v1::ShowPolicyRequest(), &shown), absl::OkStatus());
  EXPECT_EQ(shown.serial(), 7u);
  EXPECT_THAT(shown.signed_by(), ElementsAre("signer-c", "signer-a"));
}

}  // namespace
}  // namespace otokura::integration
