// Cases over the real gateway: nobody hears what no open case names, and nobody hears under a case of its own (DESIGN §8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "otokura/v1/case.grpc.pb.h"
#include "server/access/case_checks.h"
#include "server/runtime/fake_clock.h"
#include "tests/integration/clients.h"
#include "tests/integration/log_of.h"
#include "tests/integration/site.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {
namespace {

constexpr size_t kCallBytes = 20'000;
constexpr char kNowhere[] = "0190a1b2-0000-7000-8000-000000000001";
constexpr char kPensionNumber[] = "3857190264";
constexpr char kCallerNumber[] = "09033157729";
constexpr char kColleague[] = "agent-8";
constexpr char kReference[] = "CASE-1";  // what clients.h states

void AsShipped(v1::Policy* policy) { *policy->mutable_purposes() = policy::ShippedRules()->policy().purposes(); }

class CasesOverTheWire : public ::testing::Test {
 protected:
  void SetUp() override {
    gateway::Gateway::Options options;
    auto clock = std::make_unique<runtime::FakeClock>(absl::Now() + absl::Minutes(5));
    clock_ = clock.get();
    options.clock = std::move(clock);
    WriteFile(site_.config().first_policy_file(), policy::NoteForTest(policy::TextForTest(1, AsShipped)));
    ASSERT_EQ(site_.StartInMemory(std::move(options)), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    clock_->Advance(absl::Seconds(1));
    call_ = Record("call-1", kColleague);
  }
  std::string Record(const std::string& call_id, const std::string& agent, size_t bytes = kCallBytes) {
    v1::RecordRequest open = OpenRequest(call_id);
    v1::PersonalMetadata* const metadata = open.mutable_open()->mutable_metadata();
    metadata->set_agent(agent);
    metadata->set_caller_number(kCallerNumber);
    metadata->set_basic_pension_number(kPensionNumber);
    const auto sealed = RecordCall(site_.ConnectAs("recorder"), open, Speech(bytes));
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }
  static v1::OpenCaseRequest NewCase(const std::string& name = kReference) {
    v1::OpenCaseRequest request;
    request.set_name(name);
    request.add_purposes("inquiry");
    request.set_reason("a letter of 3 May");
    return request;
  }
  v1::OpenCaseRequest CaseOf(const std::string& recording) const {
    v1::OpenCaseRequest request = NewCase();
    request.add_recording_ids(recording);
    return request;
  }
  static v1::OpenCaseRequest CaseOf(v1::PersonalField field, const std::string& value) {
    v1::OpenCaseRequest request = NewCase();
    request.add_terms()->set_field(field);
    request.mutable_terms(0)->set_value(value);
    return request;
  }
  absl::Status OpenAs(const std::string& who, const v1::OpenCaseRequest& request) {
    v1::OpenCaseResponse response;
    return site_.AskAs(who, &v1::Cases::Stub::Open, request, &response);
  }
  absl::Status CloseAs(const std::string& who, const std::string& name = kReference) {
    v1::CloseCaseRequest request;
    request.set_name(name);
    request.set_reason("answered");
    v1::CloseCaseResponse response;
    return site_.AskAs(who, &v1::Cases::Stub::Close, request, &response);
  }
  absl::Status Hear(const std::string& who, const std::string& recording) { return Listen(site_.ConnectAs(who), recording, {}).status; }
  absl::Status SearchAs(const std::string& who, v1::PersonalField field, const std::string& value) {
    v1::SearchRequest request = SearchFor(field, value);
    request.mutable_justification()->set_purpose("inquiry");
    request.mutable_justification()->set_reference(kReference);
    return Search(site_.ConnectAs(who), request).status();
  }
  LoggedEntry Last(v1::AuditAction action) { return LastOf(site_, action); }

  Site site_;
  runtime::FakeClock* clock_ = nullptr;
  std::string call_;
};

TEST_F(CasesOverTheWire, AnOperatorHearsWhatAnOpenCaseNamesAndNothingElse) {
  const std::string other = Record("call-2", kColleague);
  ExpectRefused(site_, Hear("operator", call_), v1::LISTEN, "case");
  ASSERT_EQ(OpenAs("supervisor", CaseOf(call_)), absl::OkStatus());
  EXPECT_EQ(Hear("operator", call_), absl::OkStatus());
  EXPECT_EQ(Show(site_.ConnectAs("operator"), call_).status(), absl::OkStatus());
  ExpectRefused(site_, Hear("operator", other), v1::LISTEN, "case");
  EXPECT_EQ(Listen(site_.ConnectAs("operator"), call_, {}, "complaint").status.code(), absl::StatusCode::kFailedPrecondition)
      << "it is for inquiries";
  ASSERT_EQ(CloseAs("security"), absl::OkStatus());
  ExpectRefused(site_, Hear("operator", call_), v1::LISTEN, "case");
  EXPECT_EQ(CloseAs("security").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenAs("supervisor", CaseOf(call_)).code(), absl::StatusCode::kAlreadyExists) << "a name means one case, for good";
  EXPECT_EQ(Last(v1::CASE_OPEN).details.reference().value(), kReference);
  EXPECT_EQ(Last(v1::CASE_OPEN).details.reason().value(), "a letter of 3 May");
  EXPECT_EQ(Last(v1::CASE_CLOSE).details.reason().value(), "answered");
}

TEST_F(CasesOverTheWire, ACaseNamesACallerByNumberHoweverItIsTyped) {
  ASSERT_EQ(OpenAs("supervisor", CaseOf(v1::BASIC_PENSION_NUMBER, "３８５７-１９０２６４")), absl::OkStatus());
  EXPECT_EQ(Hear("operator", call_), absl::OkStatus());
  EXPECT_EQ(SearchAs("operator", v1::BASIC_PENSION_NUMBER, kPensionNumber), absl::OkStatus());
  const absl::Status of_another = SearchAs("operator", v1::BASIC_PENSION_NUMBER, "1234567890");
  ExpectRefused(site_, of_another, v1::SEARCH, "case");
  EXPECT_EQ(SearchAs("operator", v1::CALLER_NUMBER, kCallerNumber), of_another) << "I6: a hit and a miss are refused alike";
  EXPECT_EQ(SearchAs("operator", v1::AGENT, kAgent), absl::OkStatus()) << "its own calls";
}

TEST_F(CasesOverTheWire, OnesOwnCallNeedsNoCaseForADay) {
  const std::string own = Record("call-2", kAgent);
  EXPECT_EQ(Hear("operator", own), absl::OkStatus());
  clock_->Advance(absl::Hours(24));
  ExpectRefused(site_, Hear("operator", own), v1::LISTEN, "case");
  ASSERT_EQ(OpenAs("supervisor", CaseOf(own)), absl::OkStatus());
  EXPECT_EQ(Hear("operator", own), absl::OkStatus());
}

TEST_F(CasesOverTheWire, I9_WhoOpensACaseHearsNothingUnderItWithNoneOfItsAccounts) {
  v1::AddAccountRequest second = AccountRequest("operator-2", v1::OPERATOR);
  second.mutable_account()->set_person_id(AccountRequest("supervisor", v1::SUPERVISOR).account().person_id());
  ASSERT_EQ(site_.Enrol(second), absl::OkStatus());
  EXPECT_EQ(Hear("supervisor", call_), absl::OkStatus()) << "needs no case";
  ASSERT_EQ(OpenAs("supervisor", CaseOf(call_)), absl::OkStatus());
  ExpectRefused(site_, Hear("supervisor", call_), v1::LISTEN, "own-case");
  ExpectRefused(site_, Hear("operator-2", call_), v1::LISTEN, "own-case");
  EXPECT_EQ(Hear("operator", call_), absl::OkStatus());
}

TEST_F(CasesOverTheWire, ClosingACaseCutsWhoListensUnderIt) {
  const std::string lengthy = Record("call-2", kColleague, 4'000'000);
  ASSERT_EQ(OpenAs("supervisor", CaseOf(lengthy)), absl::OkStatus());
  v1::Access::Stub stub(site_.ConnectAs("operator"));
  grpc::ClientContext context;
  v1::RetrieveRequest request;
  request.set_recording_id(lengthy);
  request.mutable_justification()->set_purpose("inquiry");
  request.mutable_justification()->set_reference(kReference);
  const auto stream = stub.Listen(&context, request);
  v1::RetrieveResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(CloseAs("supervisor"), absl::OkStatus());
  size_t got = 0;
  while (stream->Read(&response)) got += response.audio().size();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_LT(got, 4'000'000u);
}

TEST_F(CasesOverTheWire, ACaseEndsByItself) {
  v1::OpenCaseRequest request = CaseOf(call_);
  request.set_days(2);
  ASSERT_EQ(OpenAs("supervisor", request), absl::OkStatus());
  clock_->Advance(absl::Hours(48) - absl::Seconds(1));
  EXPECT_EQ(Hear("operator", call_), absl::OkStatus());
  clock_->Advance(absl::Seconds(1));
  ExpectRefused(site_, Hear("operator", call_), v1::LISTEN, "case");
  v1::ListCasesRequest list;
  v1::ListCasesResponse listed;
  ASSERT_EQ(site_.AskAs("auditor", &v1::Cases::Stub::List, list, &listed), absl::OkStatus());
  EXPECT_EQ(listed.cases_size(), 0);
  list.set_name(kReference);
  ASSERT_EQ(site_.AskAs("operator", &v1::Cases::Stub::List, list, &listed), absl::OkStatus());
  ASSERT_EQ(listed.cases_size(), 1);
  EXPECT_EQ(listed.cases(0).state(), v1::Case::ENDED);
  EXPECT_EQ(listed.cases(0).opened_by(), "supervisor");
}

TEST_F(CasesOverTheWire, I6_OpeningTellsNothingOfWhatLiesElsewhere) {
  v1::AddAccountRequest elsewhere = AccountRequest("operator-2", v1::SUPERVISOR);
  elsewhere.mutable_account()->clear_centres();
  elsewhere.mutable_account()->add_centres(kOtherCentre);
  ASSERT_EQ(site_.Enrol(elsewhere), absl::OkStatus());
  const absl::Status out_of_reach = OpenAs("operator-2", CaseOf(call_));
  ExpectRefused(site_, out_of_reach, v1::CASE_OPEN, "scope-or-absent");
  EXPECT_EQ(OpenAs("operator-2", CaseOf(kNowhere)), out_of_reach);
  for (const char* who : {"operator", "contractor", "auditor", "security", "admin", "recorder"})
    EXPECT_EQ(OpenAs(who, CaseOf(call_)).code(), absl::StatusCode::kPermissionDenied) << who;
  for (const char* who : {"operator", "contractor", "auditor", "admin", "recorder"})
    EXPECT_EQ(CloseAs(who).code(), absl::StatusCode::kPermissionDenied) << who;
}

TEST_F(CasesOverTheWire, I10_EachLimitAtItsEdge) {
  int number = 0;
  const auto check = [&](const std::string& what, const std::function<void(v1::OpenCaseRequest*)>& good,
                         const std::function<void(v1::OpenCaseRequest*)>& bad) {
    v1::OpenCaseRequest request = CaseOf(call_);
    request.set_name("C-" + std::to_string(100 + ++number));
    good(&request);
    EXPECT_EQ(OpenAs("supervisor", request), absl::OkStatus()) << what;
    request.set_name("C-" + std::to_string(200 + number));
    bad(&request);
    EXPECT_EQ(OpenAs("supervisor", request).code(), absl::StatusCode::kInvalidArgument) << what;
  };
  const auto recordings = [this](int count) {
    return [this, count](v1::OpenCaseRequest* request) {
      request->clear_recording_ids();
      for (int i = 0; i < count; ++i) request->add_recording_ids(call_);
    };
  };
  const auto terms = [](int count) {
    return [count](v1::OpenCaseRequest* request) {
      request->clear_terms();
      for (int i = 0; i < count; ++i) *request->add_terms() = CaseOf(v1::CALLER_NUMBER, kCallerNumber).terms(0);
    };
  };
  const auto days = [](uint32_t count) { return [count](v1::OpenCaseRequest* request) { request->set_days(count); }; };
  const auto reason = [](size_t bytes) { return [bytes](v1::OpenCaseRequest* request) { request->set_reason(std::string(bytes, 'r')); }; };
  const auto name = [](size_t bytes) { return [bytes](v1::OpenCaseRequest* request) { request->set_name(std::string(bytes, 'n')); }; };
  check("recordings", recordings(access::kCaseRecordingsMax), recordings(access::kCaseRecordingsMax + 1));
  check("terms", terms(access::kCaseTermsMax), terms(access::kCaseTermsMax + 1));
  check("days", days(access::kCaseDaysMax), days(access::kCaseDaysMax + 1));
  check("reason", reason(access::kCaseReasonBytesMax), reason(access::kCaseReasonBytesMax + 1));
  check("name", name(access::kReferenceBytesMax), name(access::kReferenceBytesMax + 1));
  check(
      "a form that the purpose does not take", [](v1::OpenCaseRequest*) {},
      [](v1::OpenCaseRequest* request) { request->set_name("-" + request->name()); });
  check(
      "purposes", [](v1::OpenCaseRequest* request) { request->add_purposes("complaint"); },
      [](v1::OpenCaseRequest* request) { request->add_purposes("inquiry"); });
  check("nothing that it is about", recordings(1), recordings(0));
}

TEST(CasesOnDisk, AreThereAfterARestart) {
  Site site;
  WriteFile(site.config().first_policy_file(), policy::NoteForTest(policy::TextForTest(1, AsShipped)));
  ASSERT_EQ(site.Init(), absl::OkStatus());
  ASSERT_EQ(site.Start(), absl::OkStatus());
  ASSERT_EQ(site.EnrolEverybody(), absl::OkStatus());
  v1::RecordRequest open = OpenRequest("call-1");
  open.mutable_open()->mutable_metadata()->set_agent(kColleague);
  open.mutable_open()->mutable_metadata()->set_caller_number(kCallerNumber);
  const auto sealed = RecordCall(site.ConnectAs("recorder"), open, Speech(kCallBytes));
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  v1::OpenCaseRequest request;
  request.set_name(kReference);
  request.add_purposes("inquiry");
  request.set_reason("a letter");
  request.add_terms()->set_field(v1::CALLER_NUMBER);
  request.mutable_terms(0)->set_value(kCallerNumber);
  v1::OpenCaseResponse opened;
  ASSERT_EQ(site.AskAs("supervisor", &v1::Cases::Stub::Open, request, &opened), absl::OkStatus());
  site.Stop();
  ASSERT_EQ(site.Start(), absl::OkStatus());
  EXPECT_EQ(Listen(site.ConnectAs("operator"), sealed->recording_id(), {}).status, absl::OkStatus());
}

}  // namespace
}  // namespace otokura::integration
