// Every role, purpose and state of a case, against the words of the policy: nobody who needs a case does without, and nobody else is asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/access/cases.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

constexpr char kName[] = "CASE-2025-0042";  // what AskForTest states
const std::string kPseudonym(16, 'p'), kAnother(16, 'q');

enum class CaseIs { kNone, kOfRecording, kOfCaller, kOfOthers, kForAnotherPurpose, kClosed, kEnded, kOpenedByOneself };
constexpr CaseIs kEveryCase[] = {CaseIs::kNone,     CaseIs::kOfRecording,       CaseIs::kOfCaller,
                                 CaseIs::kOfOthers, CaseIs::kForAnotherPurpose, CaseIs::kClosed,
                                 CaseIs::kEnded,    CaseIs::kOpenedByOneself};
enum class CallIs { kAnothers, kOwnOfToday, kOwnOfYesterday };
constexpr CallIs kEveryCall[] = {CallIs::kAnothers, CallIs::kOwnOfToday, CallIs::kOwnOfYesterday};

struct CasesSite {
  explicit CasesSite(std::unique_ptr<storage::MemoryEngine> engine = storage::MemoryEngine::Create()) : site(std::move(engine)) {
    cases = *Cases::Open(site.engine->records(), site.committer.get(), &site.keys, &site.clock);
  }
  absl::Status Add(CaseIs is, const std::string& purpose) {
    v1::OpenCaseRequest request;
    request.set_name(kName);
    request.add_purposes(is == CaseIs::kForAnotherPurpose ? "another" : purpose);
    request.set_days(is == CaseIs::kEnded ? 1 : 30);
    request.set_reason("a letter");
    if (is != CaseIs::kOfCaller) request.add_recording_ids(RecordingForTest(is == CaseIs::kOfOthers ? 2 : 1).Text());
    std::vector<std::string> pseudonyms;
    if (is == CaseIs::kOfCaller) pseudonyms.push_back(kPseudonym);
    if (is == CaseIs::kOfOthers) pseudonyms.push_back(kAnother);
    v1::Account opener = AccountForTest(v1::SUPERVISOR, "opener");
    opener.set_person_id(is == CaseIs::kOpenedByOneself ? "person-1" : "person-opener");
    absl::Status added =
        Wait([&](Cases::Done done) { cases->Add(request, pseudonyms, opener, audit::DraftForTest(v1::CASE_OPEN), std::move(done)); });
    if (is == CaseIs::kClosed)
      return Wait([&](Cases::Done done) { cases->Close(kName, "opener", audit::DraftForTest(v1::CASE_CLOSE), std::move(done)); });
    if (is == CaseIs::kEnded) site.clock.Advance(absl::Hours(24));
    return added;
  }
  template <typename Call>
  static absl::Status Wait(Call call) {
    std::promise<absl::Status> result;
    call([&](absl::StatusOr<v1::Case> changed) { result.set_value(changed.status()); });
    return result.get_future().get();
  }
  Ask AskOf(Action action, const std::string& purpose, CallIs call) {
    Ask ask = AskForTest(action);
    ask.justification.set_purpose(purpose);
    ask.resource->own = call != CallIs::kAnothers;
    ask.resource->came_in = site.clock.Now() - (call == CallIs::kOwnOfYesterday ? absl::Hours(24) : absl::Hours(24) - absl::Seconds(1));
    ask.personal_pseudonyms = [] { return std::vector<std::string>{std::string(16, 'x'), kPseudonym}; };
    ask.term_pseudonyms = {kPseudonym, std::string(16, 'y')};
    return ask;
  }

  LogSite site;
  std::unique_ptr<Cases> cases;
};

std::string_view Expected(const policy::Rules& rules, v1::Role role, const std::string& purpose, CaseIs is, CallIs call, Action action) {
  if (is == CaseIs::kOpenedByOneself) return "own-case";
  if (!rules.DemandsCase(role, purpose)) return "allowed";
  if (call == CallIs::kOwnOfToday && action != Action::kSearchPersonal) return "allowed";
  if (is == CaseIs::kOfCaller) return "allowed";
  return is == CaseIs::kOfRecording && action != Action::kSearchPersonal ? "allowed" : "case";
}

TEST(CasesTest, I6_EveryRolePurposeCaseAndCallIsJudgedAsThePolicySays) {
  const std::shared_ptr<const policy::Rules> rules = policy::ShippedRules();
  int allowed = 0, refused = 0;
  for (const v1::PurposeRule& purpose : rules->policy().purposes()) {
    for (const CaseIs is : kEveryCase) {
      CasesSite site;
      if (is != CaseIs::kNone) {
        ASSERT_EQ(site.Add(is, purpose.name()), absl::OkStatus()) << static_cast<int>(is);
      }
      for (const int role : purpose.roles()) {
        for (const CallIs call : kEveryCall) {
          for (const Action action : {Action::kShow, Action::kShowPersonal, Action::kListen, Action::kDownload, Action::kSearchPersonal}) {
            const Caller caller = CallerForTest(static_cast<v1::Role>(role));
            const Decision decision = site.cases->Judge(*rules, caller, site.AskOf(action, purpose.name(), call), site.site.clock.Now());
            EXPECT_EQ(decision.rule, Expected(*rules, static_cast<v1::Role>(role), purpose.name(), is, call, action))
                << RoleName(static_cast<v1::Role>(role)) << " " << ActionName(action) << " for " << purpose.name() << ", case "
                << static_cast<int>(is) << ", call " << static_cast<int>(call);
            EXPECT_EQ(decision.allowed, decision.refusal.ok());
            ++(decision.allowed ? allowed : refused);
          }
        }
      }
    }
  }
  EXPECT_GT(allowed, 100);
  EXPECT_GT(refused, 50);
}

TEST(CasesTest, I6_EveryCaseThatDoesNotServeIsRefusedInTheSameWords) {
  std::set<std::string> words;
  for (const CaseIs is : {CaseIs::kNone, CaseIs::kOfOthers, CaseIs::kForAnotherPurpose, CaseIs::kClosed, CaseIs::kEnded}) {
    CasesSite site;
    if (is != CaseIs::kNone) {
      ASSERT_EQ(site.Add(is, "inquiry"), absl::OkStatus());
    }
    const Decision decision = site.cases->Judge(*policy::ShippedRules(), CallerForTest(v1::OPERATOR),
                                                site.AskOf(Action::kListen, "inquiry", CallIs::kAnothers), site.site.clock.Now());
    words.insert(decision.refusal.ToString());
  }
  EXPECT_EQ(words.size(), 1u);
}

TEST(CasesTest, AStreamUnderWayIsHeldToTheCaseButItsCallerIsNotLookedUpAgain) {
  CasesSite site;
  ASSERT_EQ(site.Add(CaseIs::kOfCaller, "inquiry"), absl::OkStatus());
  Ask ask = site.AskOf(Action::kListen, "inquiry", CallIs::kAnothers);
  ask.personal_pseudonyms = []() -> absl::StatusOr<std::vector<std::string>> { return absl::InternalError("looked up"); };
  const Caller caller = CallerForTest(v1::OPERATOR);
  EXPECT_TRUE(site.cases->JudgeAgain(*policy::ShippedRules(), caller, ask, site.site.clock.Now()).allowed);
  ASSERT_EQ(CasesSite::Wait([&](Cases::Done done) { site.cases->Close(kName, "x", audit::DraftForTest(v1::CASE_CLOSE), std::move(done)); }),
            absl::OkStatus());
  EXPECT_EQ(site.cases->JudgeAgain(*policy::ShippedRules(), caller, ask, site.site.clock.Now()).rule, "case");
}

TEST(CasesTest, AKeyThatIsNotThereRefusesRatherThanAllows) {
  CasesSite site;
  ASSERT_EQ(site.Add(CaseIs::kOfCaller, "inquiry"), absl::OkStatus());
  Ask ask = site.AskOf(Action::kListen, "inquiry", CallIs::kAnothers);
  ask.personal_pseudonyms = []() -> absl::StatusOr<std::vector<std::string>> { return absl::UnavailableError("no key"); };
  const Decision decision = site.cases->Judge(*policy::ShippedRules(), CallerForTest(v1::OPERATOR), ask, site.site.clock.Now());
  EXPECT_FALSE(decision.allowed);
  EXPECT_TRUE(absl::IsUnavailable(decision.refusal)) << decision.refusal;
}

TEST(CasesTest, I1_NothingOfACaseIsStoredInClear) {
  CasesSite site;
  ASSERT_EQ(site.Add(CaseIs::kOfCaller, "inquiry"), absl::OkStatus());
  storage::ScanRange all;
  ASSERT_EQ(site.site.engine->records().Scan(
                storage::Table::kMeta, all,
                [](std::string_view key, std::string_view row) {
                  for (const std::string_view text : {std::string_view(kName), std::string_view("opener"), std::string_view(kPseudonym)}) {
                    EXPECT_EQ(key.find(text), std::string_view::npos) << text;
                    EXPECT_EQ(row.find(text), std::string_view::npos) << text;
                  }
                  return true;
                }),
            absl::OkStatus());
}

}  // namespace
}  // namespace otokura::access
