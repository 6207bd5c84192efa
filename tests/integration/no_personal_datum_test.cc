// I1: whatever happens, no personal datum and nothing that anybody typed is in a leaf of the log. Every action has its scenario here; one
// without fails the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/file_key_provider.h"
#include "crypto/tlog/entry_bundle.h"
#include "nlohmann/json.hpp"
#include "otokura/v1/access.grpc.pb.h"
#include "otokura/v1/admin.grpc.pb.h"
#include "otokura/v1/audit.grpc.pb.h"
#include "server/keys/pseudonym_keys.h"
#include "server/otokurad/configuration.h"
#include "server/otokurad/log_key_hand_over.h"
#include "server/rpc/status.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/collector_port.h"
#include "tests/integration/marked_cases.h"
#include "tests/integration/marked_contracts.h"
#include "tests/integration/marked_data.h"
#include "tests/integration/marked_exports.h"
#include "tests/integration/marked_grants.h"
#include "tests/integration/marked_incidents.h"
#include "tests/integration/marked_rehearsal.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{60};
constexpr absl::Duration kUpkeepPatience = absl::Seconds(150);  // the gateway looks after abandoned calls once a minute

struct LoggedLeaf {
  v1::AuditEntry entry;
  std::string bytes;
  v1::AuditDetails details;
};

class NoPersonalDatum : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_log()->set_checkpoint_interval_ms(100);
    site_.config().mutable_limits()->set_takeover_silence_seconds(1);
    AddAnchors();
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(LeaveAnOldPseudonymKey(), absl::OkStatus());
    ASSERT_EQ(StartAt(kStart), absl::OkStatus());
    v1::Contract terms = ContractTerms(marks_.contract);
    terms.set_company(marks_.company);
    terms.set_responsible(marks_.person);
    ASSERT_EQ(site_.Conclude(terms), absl::OkStatus());
    for (const auto& [name, role] : {std::pair(marks_.recorder_account, v1::RECORDER),
                                     {marks_.operator_account, v1::OPERATOR},
                                     {marks_.supervisor_account, v1::SUPERVISOR},
                                     {marks_.contractor_account, v1::CONTRACTOR},
                                     {marks_.auditor_account, v1::AUDITOR},
                                     {marks_.officer_account, v1::SECURITY}}) {
      ASSERT_EQ(EnrolMarked(name, role), absl::OkStatus()) << name;
    }
    id_ = RecordMarked(marks_.call_id);
  }
  // So that the first start has one to destroy.
  absl::Status LeaveAnOldPseudonymKey() {
    const auto passphrase = crypto::ReadPassphraseFile(site_.passphrase_file());
    if (!passphrase.ok()) return passphrase.status();
    const std::string key_store = site_.config().key_store_dir();
    const auto provider = crypto::FileKeyProvider::Open(key_store + "/root.key", *passphrase);
    if (!provider.ok()) return provider.status();
    const auto keys = keys::PseudonymKeys::Open(key_store, provider->get());
    if (!keys.ok()) return keys.status();
    return (*keys)->Renew(kStart - absl::Hours(3 * 8766), [](std::string_view, bool) { return absl::OkStatus(); });
  }
  // Neither holds up a release: what they say is logged all the same.
  void AddAnchors() {
    v1::AnchorConfig* const archive = site_.config().mutable_log()->add_anchors();
    archive->set_name("archive");
    archive->mutable_webhook()->set_url(port_.url());
    archive->mutable_webhook()->set_ca_file(Pki::Ours().File("ca.pem"));
    v1::AnchorConfig* const file = site_.config().mutable_log()->add_anchors();
    file->set_name("file");
    file->mutable_file()->set_path(AnchorFile());
  }
  std::string AnchorFile() const { return site_.folder() + "/anchors.jsonl"; }
  absl::Status StartAt(absl::Time time) {
    gateway::Gateway::Options options;
    auto clock = std::make_unique<runtime::FakeClock>(time);
    clock_ = clock.get();
    options.clock = std::move(clock);
    absl::Status started = site_.Start(std::move(options));
    if (started.ok()) clock_->Advance(absl::Seconds(1));  // who listens gathers its lead
    return started;
  }
  absl::Status EnrolMarked(const std::string& name, v1::Role role) {
    v1::AddAccountRequest request = AccountRequest(name, role);
    v1::Account* const account = request.mutable_account();
    if (role != v1::RECORDER) account->set_person_id(marks_.person + "-" + name);  // duties are apart by person
    if (role == v1::CONTRACTOR) account->set_company(marks_.company), account->set_contract(marks_.contract);
    if (role == v1::OPERATOR) account->set_agent(marks_.agent);
    return site_.Enrol(request);
  }
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Ask(const std::string& account,
                               grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    const auto stub = Service::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    Response response;
    if (absl::Status status = rpc::FromGrpc((stub.get()->*method)(&context, request, &response)); !status.ok()) return status;
    return response;
  }
  template <typename Request, typename Response>
  absl::Status Stream(const std::string& account,
                      std::unique_ptr<grpc::ClientReader<Response>> (v1::Audit::Stub::*method)(grpc::ClientContext*, const Request&),
                      const Request& request, const std::function<bool(const Response&)>& more) {
    const auto stub = v1::Audit::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto reader = (stub.get()->*method)(&context, request);
    Response response;
    while (reader->Read(&response) && more(response)) continue;
    context.TryCancel();
    return rpc::FromGrpc(reader->Finish());
  }

  // ---- what clients type

  v1::RecordRequest MarkedOpen(const std::string& call_id) const {
    v1::RecordRequest request = OpenRequest(call_id);
    v1::PersonalMetadata* const metadata = request.mutable_open()->mutable_metadata();
    metadata->set_caller_number(marks_.caller_number);
    metadata->set_basic_pension_number(marks_.pension_number);
    metadata->set_agent(marks_.agent);
    metadata->set_notes(marks_.notes);
    return request;
  }
  std::string RecordMarked(const std::string& call_id) {
    const auto sealed = RecordCall(site_.ConnectAs(marks_.recorder_account), MarkedOpen(call_id), Speech(20000));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  void Justify(v1::Justification* justification, bool known_purpose = true) const {
    justification->set_purpose(known_purpose ? "inquiry" : marks_.purpose);
    justification->set_reference(marks_.reference);
  }
  // Opens a call, streams some of it and goes away without an end.
  std::optional<v1::Opened> BreakOff(const std::string& call_id, size_t bytes) {
    RecordStream stream(site_.ConnectAs(marks_.recorder_account));
    const std::string speech = Speech(bytes);
    stream.Send(MarkedOpen(call_id));
    const auto opened = stream.ReceiveOpened();
    for (size_t offset = 0; offset < speech.size(); offset += 4000) {
      stream.Send(AudioRequest(offset, std::string_view(speech).substr(offset, 4000)));
    }
    stream.ReceiveCommitted(16384);
    stream.HalfClose();
    stream.AwaitEnd().IgnoreError();
    return opened;
  }
  void Retrieve(const std::string& account, const std::string& id, bool known_purpose,
                std::unique_ptr<grpc::ClientReader<v1::RetrieveResponse>> (v1::Access::Stub::*method)(grpc::ClientContext*,
                                                                                                      const v1::RetrieveRequest&)) {
    const auto stub = v1::Access::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::RetrieveRequest request;
    request.set_recording_id(id);
    Justify(request.mutable_justification(), known_purpose);
    const auto reader = (stub.get()->*method)(&context, request);
    v1::RetrieveResponse response;
    while (reader->Read(&response)) continue;
    reader->Finish();
  }
  // By everybody, rightly and wrongly, of a recording that exists and of one that does not.
  void RetrieveEveryWay(std::unique_ptr<grpc::ClientReader<v1::RetrieveResponse>> (v1::Access::Stub::*method)(grpc::ClientContext*,
                                                                                                              const v1::RetrieveRequest&)) {
    for (const std::string& account : {marks_.operator_account, marks_.supervisor_account, marks_.contractor_account}) {
      for (const std::string& id : {id_, marks_.unknown_id}) {
        for (const bool known_purpose : {true, false}) Retrieve(account, id, known_purpose, method);
      }
    }
  }
  v1::AuditQuery MarkedQuery() const {
    v1::AuditQuery query;
    query.set_account(marks_.operator_account);
    query.set_company(marks_.company);
    query.set_contract(marks_.contract);
    query.set_purpose(marks_.purpose);
    query.set_reference(marks_.reference);
    return query;
  }

  void Search();
  void Refuse();
  void LoseData();
  void LoseEntries();
  void Later();
  void AskForTheLog();
  void AskForAccounts();
  void MakeReceipts();
  void LoadPolicies();

  // ---- what is logged

  std::vector<LoggedLeaf> Log() {
    std::vector<LoggedLeaf> log;
    v1::ExportLogRequest request;
    request.set_with_details(true);
    const absl::Status status = Stream<v1::ExportLogRequest, v1::ExportLogResponse>(
        "security", &v1::Audit::Stub::ExportLog, request, [&log](const v1::ExportLogResponse& response) {
          crypto::EntryBundleReader leaves(response.leaves().bundle());
          for (int i = 0; const auto bytes = leaves.Next(); ++i) {
            LoggedLeaf& leaf = log.emplace_back();
            leaf.bytes = std::string(*bytes);
            leaf.details = response.leaves().details(i);
            EXPECT_TRUE(leaf.entry.ParseFromString(leaf.bytes));
          }
          return true;
        });
    EXPECT_TRUE(status.ok() || absl::IsCancelled(status)) << status;
    return log;
  }
  bool IsLogged(v1::AuditAction action) {
    const auto log = Log();
    return std::any_of(log.begin(), log.end(), [action](const LoggedLeaf& leaf) { return leaf.entry.action() == action; });
  }
  // What was committed may be in no checkpoint yet, and some of it comes with the gateway's upkeep.
  bool BecomesLogged(v1::AuditAction action) {
    const absl::Time deadline = absl::Now() + kUpkeepPatience;
    while (!IsLogged(action)) {
      if (absl::Now() > deadline) return false;
      absl::SleepFor(absl::Milliseconds(100));
    }
    return true;
  }

  const absl::Time kStart = absl::Now() + absl::Hours(1);  // certificates that are issued as they are needed are valid by then
  const Marks marks_;
  std::atomic<bool> contradicts_{false};
  WebhookPort port_{[this](const std::string& body) -> WebhookAnswer {
    if (contradicts_) return {409, "{}"};
    const auto asked = nlohmann::json::parse(body, nullptr, false);
    return {200, nlohmann::json{{"tree_size", asked["tree_size"]}, {"root_sha256", asked["root_sha256"]}}.dump()};
  }};
  Site site_;
  runtime::FakeClock* clock_ = nullptr;  // the gateway's
  std::string id_;
};

void NoPersonalDatum::Search() {
  const std::pair<v1::PersonalField, std::string> terms[] = {{v1::CALLER_NUMBER, marks_.caller_number},
                                                             {v1::BASIC_PENSION_NUMBER, marks_.pension_number},
                                                             {v1::AGENT, marks_.agent},
                                                             {v1::CALL_ID, marks_.call_id}};
  for (const std::string& account : {marks_.operator_account, marks_.supervisor_account, marks_.contractor_account}) {
    for (const auto& [field, value] : terms) {
      for (const bool known_purpose : {true, false}) {
        v1::SearchRequest request = SearchFor(field, value);
        Justify(request.mutable_justification(), known_purpose);
        Ask<v1::Access>(account, &v1::Access::Stub::Search, request).IgnoreError();
        request.set_centre(marks_.centre);
        request.set_queue(marks_.queue);
        request.set_page_token(marks_.page_token);
        Ask<v1::Access>(account, &v1::Access::Stub::Search, request).IgnoreError();
      }
    }
  }
}

void NoPersonalDatum::Refuse() {
  for (const std::string& account : {marks_.recorder_account, marks_.operator_account}) {
    for (int wrong = 0; wrong < 4; ++wrong) {
      v1::RecordRequest request = MarkedOpen(marks_.call_id);
      if (wrong == 0) request.mutable_open()->set_centre(marks_.centre);
      if (wrong == 1) request.mutable_open()->set_queue(marks_.queue);
      if (wrong == 2) request.mutable_open()->set_retention_class(marks_.retention_class);
      if (wrong == 3) request.mutable_open()->set_resume_token(std::string(32, 't'));
      EXPECT_FALSE(RecordError(site_.ConnectAs(account), {request}).ok());
    }
  }
}

// A chunk on the disk is damaged, and somebody listens to it.
void NoPersonalDatum::LoseData() {
  const std::string damaged = RecordMarked("pbx-Marked-damaged");
  for (const auto& file : fs::recursive_directory_iterator(site_.config().data_dir())) {
    if (file.path().filename() != damaged + ".0.cbl") continue;
    fs::permissions(file.path(), fs::perms::owner_write, fs::perm_options::add);
    std::fstream object(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    object.seekp(1000);
    object.write("damage", 6);
  }
  Retrieve(marks_.operator_account, damaged, true, &v1::Access::Stub::Listen);
}

// An older data folder is all there is, and two officers have the log go on from it.
void NoPersonalDatum::LoseEntries() {
  site_.Stop();
  const std::string data = site_.config().data_dir(), older = site_.folder() + "/older-data";
  fs::copy(data, older, fs::copy_options::recursive);
  ASSERT_EQ(StartAt(kStart + absl::Minutes(1)), absl::OkStatus());
  RecordMarked("pbx-Marked-lost");
  site_.Stop();
  fs::remove_all(data);
  fs::rename(older, data);
  ASSERT_EQ(StartAt(kStart + absl::Minutes(2)), absl::OkStatus());
  v1::ReopenLogRequest request;
  request.set_reason(marks_.reason);
  request.set_lost_checkpoint(ReadFile(site_.config().key_store_dir() + "/log-checkpoint"));
  EXPECT_FALSE(Ask<v1::Admin>(marks_.operator_account, &v1::Admin::Stub::ReopenLog, request).ok());
  for (const std::string& officer : {std::string("security"), marks_.officer_account}) {
    const auto answer = Ask<v1::Admin>(officer, &v1::Admin::Stub::ReopenLog, request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->confirmed(), officer == marks_.officer_account);
  }
  site_.Stop();
  ASSERT_EQ(StartAt(kStart + absl::Minutes(3)), absl::OkStatus());
}

// Two days on: the broken-off call is given up, and details are old.
void NoPersonalDatum::Later() {
  BreakOff("pbx-Marked-abandoned", 40000);
  site_.Stop();
  site_.config().mutable_limits()->set_audit_details_kept_days(1);
  ASSERT_EQ(StartAt(kStart + absl::Hours(48)), absl::OkStatus());
  clock_->Advance(absl::Hours(25));  // a restart must not shorten a silence: it counts from this start
}

void NoPersonalDatum::AskForTheLog() {
  for (const std::string& account : {marks_.auditor_account, marks_.operator_account}) {
    v1::ListAuditRequest list;
    *list.mutable_query() = MarkedQuery();
    Ask<v1::Audit>(account, &v1::Audit::Stub::List, list).IgnoreError();
    list.set_page_token(marks_.page_token);
    Ask<v1::Audit>(account, &v1::Audit::Stub::List, list).IgnoreError();
    v1::CountAuditRequest count;
    *count.mutable_query() = MarkedQuery();
    Ask<v1::Audit>(account, &v1::Audit::Stub::Count, count).IgnoreError();
    v1::ProveInclusionRequest prove;
    Ask<v1::Audit>(account, &v1::Audit::Stub::ProveInclusion, prove).IgnoreError();
    Stream<v1::ExportLogRequest, v1::ExportLogResponse>(account, &v1::Audit::Stub::ExportLog, {}, [](const auto&) {
      return true;
    }).IgnoreError();
    v1::FollowAuditRequest follow;
    *follow.mutable_query() = MarkedQuery();
    Stream<v1::FollowAuditRequest, v1::FollowAuditResponse>(account, &v1::Audit::Stub::Follow, follow, [](const auto&) {
      return false;
    }).IgnoreError();
  }
}

void NoPersonalDatum::AskForAccounts() {
  v1::AddAccountRequest add = AccountRequest(marks_.stranger_account, v1::OPERATOR);
  add.mutable_account()->set_person_id(marks_.person);
  add.mutable_account()->set_company(marks_.company);
  add.mutable_account()->add_centres(marks_.centre);
  for (const std::string& account : {std::string("admin"), marks_.operator_account}) {
    Ask<v1::Admin>(account, &v1::Admin::Stub::AddAccount, add).IgnoreError();
    v1::ListAccountsRequest list;
    list.set_page_token(marks_.page_token);
    Ask<v1::Admin>(account, &v1::Admin::Stub::ListAccounts, list).IgnoreError();
    Ask<v1::Admin>(account, &v1::Admin::Stub::ListAccounts, v1::ListAccountsRequest()).IgnoreError();
  }
  v1::RenewAccountRequest renew;
  renew.set_name(marks_.stranger_account);
  renew.set_certificate_pem(add.certificate_pem());
  v1::ConfirmAccountRequest confirm;
  v1::RestoreAccountRequest restore;
  restore.set_reason(marks_.reason);
  v1::SuspendAccountRequest suspend;
  suspend.set_reason(marks_.reason);
  for (const std::string& name : {marks_.contractor_account, marks_.unknown_id}) {
    suspend.set_name(name);
    for (const std::string& account : {std::string("security"), marks_.operator_account}) {
      Ask<v1::Admin>(account, &v1::Admin::Stub::SuspendAccount, suspend).IgnoreError();
    }
  }
  for (const std::string& name : {marks_.contractor_account, marks_.unknown_id}) {
    confirm.set_name(name), restore.set_name(name);
    for (const std::string& account : {std::string("admin"), std::string("security"), marks_.operator_account}) {
      Ask<v1::Admin>(account, &v1::Admin::Stub::RenewAccount, renew).IgnoreError();
      Ask<v1::Admin>(account, &v1::Admin::Stub::ConfirmAccount, confirm).IgnoreError();
      Ask<v1::Admin>(account, &v1::Admin::Stub::RestoreAccount, restore).IgnoreError();
    }
  }
}

void NoPersonalDatum::MakeReceipts() {
  v1::GetReceiptRequest request;
  for (const std::string& account : {marks_.auditor_account, marks_.operator_account}) {
    for (const std::string& id : {id_, marks_.unknown_id}) {
      request.set_recording_id(id);
      Stream<v1::GetReceiptRequest, v1::GetReceiptResponse>(account, &v1::Audit::Stub::GetReceipt, request, [](const auto&) {
        return true;
      }).IgnoreError();
    }
  }
}

// Rightly, by the wrong account, and a text that is full of what nobody should log.
void NoPersonalDatum::LoadPolicies() {
  const auto marked = [this](v1::Policy* changed) { changed->add_centres()->set_centre(marks_.centre); };
  const std::string note = policy::NoteForTest(policy::TextForTest(2, marked));
  const std::string words = policy::NoteForTest("# " + marks_.reason + " " + marks_.pension_number + "\n");
  EXPECT_FALSE(site_.LoadPolicy(words).ok());
  EXPECT_FALSE(site_.LoadPolicy(marks_.reason).ok());
  EXPECT_FALSE(site_.LoadPolicy(note, marks_.operator_account).ok());
  EXPECT_EQ(site_.LoadPolicy(note), absl::OkStatus());
  for (const std::string& account : {marks_.auditor_account, marks_.operator_account}) {
    Ask<v1::Admin>(account, &v1::Admin::Stub::ShowPolicy, v1::ShowPolicyRequest()).IgnoreError();
  }
}

TEST_F(NoPersonalDatum, I1_OfNoActionIsAnythingTypedOrOfAPersonInALeaf) {
  using Scenario = std::function<void()>;
  const Scenario at_start = [] {};  // the gateway's start, or the call at the beginning, has made one
  const Scenario accounts = [this] { AskForAccounts(); }, log = [this] { AskForTheLog(); },
                 grants = [this] { AskForMarkedGrants(site_, marks_, id_); };
  std::map<int, Scenario> scenarios = {
      {v1::GATEWAY_STARTED, at_start},
      {v1::EPOCH_KEY_CREATED, at_start},
      {v1::PSEUDONYM_KEY_DESTROYED, at_start},
      {v1::ANCHOR_CONTRADICTS,
       [this] {
         contradicts_ = true;
         ASSERT_TRUE(BecomesLogged(v1::ANCHOR_CONTRADICTS));
         Retrieve(marks_.operator_account, id_, true, &v1::Access::Stub::Listen);  // refused
       }},
      {v1::ANCHOR_AGREES,
       [this] {
         contradicts_ = false;
         ASSERT_TRUE(BecomesLogged(v1::ANCHOR_AGREES));
       }},
      {v1::ANCHOR_FILE_REPLACED, [this] { ASSERT_TRUE(fs::remove(AnchorFile())); }},
      {v1::KEY_HANDED_OVER,
       [this] {
         site_.Stop();
         const auto handed_over = gateway::HandOverLogKey(*gateway::ReadConfiguration(site_.config_file()));
         ASSERT_TRUE(handed_over.ok()) << handed_over.status();
         ASSERT_EQ(StartAt(kStart + absl::Minutes(4)), absl::OkStatus());
       }},
      {v1::LOG_REOPENED, [this] { LoseEntries(); }},
      {v1::LOG_REOPEN, at_start},
      {v1::RECORDING_OPENED, at_start},
      {v1::RECORDING_SEALED, at_start},
      {v1::CLOCK_STEP, [this] { clock_->StepWall(absl::Seconds(30)), RecordMarked("pbx-Marked-step"); }},
      {v1::RECORDING_RESUMED,
       [this] {
         const auto opened = BreakOff("pbx-Marked-resumed", 40000);
         ASSERT_TRUE(opened.has_value());
         v1::RecordRequest again = MarkedOpen("pbx-Marked-resumed");
         again.mutable_open()->set_resume_token(opened->resume_token());
         RecordStream stream(site_.ConnectAs(marks_.recorder_account));
         stream.Send(again);
         ASSERT_TRUE(stream.ReceiveOpened().has_value());
       }},
      {v1::RECORDING_GAP,
       [this] {
         v1::RecordRequest gap;
         gap.mutable_gap()->set_length(8000);
         gap.mutable_gap()->set_reason(v1::AudioGap::PACKET_LOSS);
         RecordStream stream(site_.ConnectAs(marks_.recorder_account));
         stream.Send(MarkedOpen("pbx-Marked-gap"));
         ASSERT_TRUE(stream.ReceiveOpened().has_value());
         stream.Send(gap);
         stream.HalfClose();
         stream.AwaitEnd().IgnoreError();
       }},
      {v1::RECORDING_DATA_LOSS, [this] { LoseData(); }},
      {v1::INGEST_REFUSED, [this] { Refuse(); }},
      {v1::SEARCH, [this] { Search(); }},
      {v1::SHOW,
       [this] {
         for (const std::string& account : {marks_.operator_account, marks_.contractor_account}) {
           for (const std::string& id : {id_, marks_.unknown_id}) {
             v1::ShowRequest request;
             request.set_recording_id(id);
             Justify(request.mutable_justification());
             Ask<v1::Access>(account, &v1::Access::Stub::Show, request).IgnoreError();
           }
         }
       }},
      {v1::LISTEN, [this] { RetrieveEveryWay(&v1::Access::Stub::Listen); }},
      {v1::DOWNLOAD, [this] { RetrieveEveryWay(&v1::Access::Stub::Download); }},
      {v1::DELIVERED, at_start},
      {v1::AUDIT_LIST, log},
      {v1::AUDIT_EXPORT, log},
      {v1::AUDIT_PROOF, log},
      {v1::AUDIT_COUNT, log},
      {v1::AUDIT_FOLLOW, log},
      {v1::RECEIPT, [this] { MakeReceipts(); }},
      {v1::POLICY_LOAD, [this] { LoadPolicies(); }},
      {v1::POLICY_SHOW, at_start},  // of the same
      {v1::POLICY_REHEARSE, [this] { RehearseMarkedPolicies(site_, marks_); }},
      {v1::ACCOUNT_ADD, at_start},
      {v1::ACCOUNT_LIST, accounts},
      {v1::ACCOUNT_SUSPEND, accounts},
      {v1::ACCOUNT_CONFIRM, at_start},
      {v1::ACCOUNT_RENEW, at_start},  // of AskForAccounts
      {v1::ACCOUNT_RESTORE, at_start},
      {v1::CONTRACT_ADD, at_start},
      {v1::CONTRACT_CONFIRM, at_start},
      {v1::CONTRACT_CLOSE, [this] { AskForMarkedContracts(site_, marks_); }},
      {v1::CASE_OPEN, [this] { AskForMarkedCases(site_, marks_, id_); }},
      {v1::GRANT_REQUEST, grants},
      {v1::EXPORT_REQUEST, [this] { AskForMarkedExports(site_, marks_, id_, 3); }},
      {v1::INCIDENT_OPENED,
       [this] {
         MarkMarkedCanary(site_, marks_, id_);
         RetrieveEveryWay(&v1::Access::Stub::Listen);
         ASSERT_TRUE(BecomesLogged(v1::INCIDENT_ALARM));
       }},
      {v1::INCIDENT_ACKNOWLEDGE, [this] { HandleMarkedIncidents(site_, marks_); }},
      {v1::CONNECTION_REFUSED, [this] { Ask<v1::Access>("marked-nobody", &v1::Access::Stub::Search, v1::SearchRequest()).IgnoreError(); }},
      {v1::GATEWAY_STOPPED,
       [this] {
         site_.Stop();
         ASSERT_EQ(StartAt(kStart + absl::Minutes(1)), absl::OkStatus());
       }},
  };
  // Made by those above that are about the same thing.
  for (const v1::AuditAction action :
       {v1::CONTRACT_LIST, v1::CASE_CLOSE, v1::CASE_LIST, v1::GRANT_APPROVE, v1::GRANT_REFUSE, v1::GRANT_REVOKE, v1::GRANT_LIST,
        v1::INCIDENT_ALARM, v1::INCIDENT_ALERTED, v1::INCIDENT_CLOSE, v1::INCIDENT_LIST, v1::CANARY_MARK, v1::EXPORT_APPROVE,
        v1::EXPORT_REFUSE, v1::EXPORT_REVOKE, v1::EXPORT_LIST, v1::EXPORT, v1::EXPORT_MANIFEST}) {
    scenarios.emplace(action, at_start);
  }
  // These come last: what was typed before is dropped by them.
  const std::map<int, Scenario> scenarios_of_later = {
      {v1::RECORDING_INCOMPLETE, [this] { Later(); }}, {v1::DETAILS_PRUNED, at_start},  // of Later
  };

  const auto* const actions = v1::AuditAction_descriptor();
  for (int i = 0; i < actions->value_count(); ++i) {
    const int action = actions->value(i)->number();
    if (action == v1::AUDIT_ACTION_UNSPECIFIED) continue;
    EXPECT_EQ(scenarios.count(action) + scenarios_of_later.count(action), 1u)
        << actions->value(i)->name() << " has no scenario: log one here, with a mark in everything that a client can fill";
  }
  for (const auto& [action, scenario] : scenarios) {
    ASSERT_NO_FATAL_FAILURE(scenario()) << v1::AuditAction_Name(static_cast<v1::AuditAction>(action));
  }
  for (const auto& [action, scenario] : scenarios) {
    EXPECT_TRUE(BecomesLogged(static_cast<v1::AuditAction>(action))) << v1::AuditAction_Name(static_cast<v1::AuditAction>(action));
  }

  // What was typed did reach the log: beside the leaves, sealed.
  std::string details;
  for (const LoggedLeaf& leaf : Log()) details += leaf.details.SerializeAsString();
  for (const std::string& typed :
       {marks_.reference, marks_.reason, marks_.person, marks_.company, marks_.contract, marks_.unknown_id, marks_.operator_account}) {
    EXPECT_NE(details.find(typed), std::string::npos) << typed << " is not even in the details";
  }

  for (const auto& [action, scenario] : scenarios_of_later) {
    ASSERT_NO_FATAL_FAILURE(scenario()) << v1::AuditAction_Name(static_cast<v1::AuditAction>(action));
    EXPECT_TRUE(BecomesLogged(static_cast<v1::AuditAction>(action))) << v1::AuditAction_Name(static_cast<v1::AuditAction>(action));
  }
  const MarkSearch search(marks_.All());
  for (const LoggedLeaf& leaf : Log()) {
    const auto found = search.Find(leaf.bytes);
    EXPECT_FALSE(found.has_value()) << "entry " << leaf.entry.sequence() << " holds " << *found << ":\n" << leaf.entry.DebugString();
  }
}

TEST(MarkSearch, FindsEveryMarkInEveryDress) {
  const Marks marks;
  const MarkSearch search(marks.All());
  EXPECT_GT(search.dresses(), 1000u);
  EXPECT_EQ(search.Find("nothing of anybody"), std::nullopt);
  for (const std::string& mark : marks.All()) EXPECT_TRUE(search.Find("a leaf with " + mark + " in it").has_value()) << mark;
  v1::AuditEntry entry;
  for (const char* typed :
       {"09048275936", "9048275936", "+819048275936", "090-4827-5936", "０９０４８２７５９３６", "6174829305", "６１７４８２９３０５",
        "6174-829305", "NjE3NDgyOTMwNQ==", "36313734383239333035", "case-marked-5551", "CASE-MARKED-5551"}) {
    entry.set_subject(absl::StrCat("x", typed));
    EXPECT_TRUE(search.Find(entry.SerializeAsString()).has_value()) << typed;
  }
  entry.Clear();
  entry.set_length(6174829305u);
  EXPECT_TRUE(search.Find(entry.SerializeAsString()).has_value()) << "as a number";
}

}  // namespace
}  // namespace otokura::integration
