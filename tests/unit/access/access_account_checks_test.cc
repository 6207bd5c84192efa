#include "server/access/account_checks.h"
#include "server/access/audio_formats.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class AccountChecksTest : public ::testing::Test {
 protected:
  v1::AddAccountRequest Request(v1::Account account) {
    v1::AddAccountRequest request;
    request.set_certificate_pem(authority_.ForAccount(kTrustDomain, account.name(), kTestStart).certificate_pem);
    *request.mutable_account() = std::move(account);
    return request;
  }
  absl::StatusOr<v1::Account> Check(const v1::AddAccountRequest& request) { return CheckedAccount(request, ConfigForTest(), kTestStart); }
  absl::StatusOr<v1::Account> Check(v1::Account account) { return Check(Request(std::move(account))); }

  TestAuthority authority_{kTestStart};
};

TEST_F(AccountChecksTest, EveryRoleAsItShouldBe) {
  for (v1::Role role : {v1::RECORDER, v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR, v1::SECURITY, v1::AUDITOR, v1::ADMIN}) {
    const auto account = Check(AccountForTest(role));
    ASSERT_TRUE(account.ok()) << RoleName(role) << ": " << account.status();
    EXPECT_EQ(account->state(), v1::Account::ACTIVE);
    EXPECT_EQ(account->created_unix_ms(), absl::ToUnixMillis(kTestStart));
    EXPECT_EQ(account->spki_sha256().size(), 32u);
  }
}

TEST_F(AccountChecksTest, RecorderDefaultsAreFilledIn) {
  const auto account = Check(AccountForTest(v1::RECORDER));
  ASSERT_TRUE(account.ok());
  EXPECT_EQ(account->recorder().open_calls_max(), 1000u);
  EXPECT_EQ(account->recorder().opens_per_minute_max(), 600u);
  EXPECT_EQ(account->recorder().call_bytes_max(), uint64_t{512} << 20);
  EXPECT_EQ(account->recorder().day_bytes_max(), uint64_t{64} << 30);
}

TEST_F(AccountChecksTest, TheAgentIsKeptAsItIsSearched) {
  v1::Account account = AccountForTest(v1::OPERATOR);
  account.set_scope(v1::OWN);
  account.set_agent(
      "  Agent\xE3\x80\x80"
      "A12 ");  // an ideographic space
  const auto checked = Check(account);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->agent(), "agent a12");
}

struct BadAccount {
  const char* why;
  v1::Role role;
  std::function<void(v1::Account&)> spoil;
  const char* field;
};

TEST_F(AccountChecksTest, I10_EveryFieldIsBoundedAndNamed) {
  const std::string kLong(65, 'x');
  const std::vector<BadAccount> bad = {
      {"no name", v1::OPERATOR, [](auto& a) { a.clear_name(); }, "account.name"},
      {"upper case", v1::OPERATOR, [](auto& a) { a.set_name("Hanako"); }, "account.name"},
      {"a path", v1::OPERATOR, [](auto& a) { a.set_name("a/b"); }, "account.name"},
      {"starts with a dot", v1::OPERATOR, [](auto& a) { a.set_name(".a"); }, "account.name"},
      {"64 bytes", v1::OPERATOR, [](auto& a) { a.set_name(std::string(64, 'a')); }, "account.name"},
      {"no role", v1::OPERATOR, [](auto& a) { a.set_role(v1::ROLE_UNSPECIFIED); }, "account.role"},
      {"a role of tomorrow", v1::OPERATOR, [](auto& a) { a.set_role(static_cast<v1::Role>(99)); }, "account.role"},
      {"a key given", v1::OPERATOR, [](auto& a) { a.set_spki_sha256(std::string(32, 'k')); }, "account.spki_sha256"},
      {"a state given", v1::OPERATOR, [](auto& a) { a.set_state(v1::Account::SUSPENDED); }, "account"},
      {"a time given", v1::OPERATOR, [](auto& a) { a.set_created_unix_ms(1); }, "account"},
      {"nobody", v1::OPERATOR, [](auto& a) { a.clear_person_id(); }, "account.person_id"},
      {"a long person", v1::ADMIN, [&](auto& a) { a.set_person_id(kLong); }, "account.person_id"},
      {"control characters", v1::ADMIN, [](auto& a) { a.set_person_id("a\nb"); }, "account.person_id"},
      {"no UTF-8", v1::ADMIN, [](auto& a) { a.set_person_id("\xFF"); }, "account.person_id"},
      {"a machine with a person", v1::RECORDER, [](auto& a) { a.set_person_id("p"); }, "account.person_id"},
      {"a contractor of nobody", v1::CONTRACTOR, [](auto& a) { a.clear_company(); }, "account.company"},
      {"a contractor under no contract", v1::CONTRACTOR, [](auto& a) { a.clear_contract(); }, "account.contract"},
      {"a contract of no such name", v1::CONTRACTOR, [](auto& a) { a.set_contract("No Such"); }, "account.contract"},
      {"an operator under a contract", v1::OPERATOR, [](auto& a) { a.set_contract("maintenance-2025"); }, "account.contract"},
      {"a recorder under a contract", v1::RECORDER, [](auto& a) { a.set_contract("maintenance-2025"); }, "account.person_id"},
      {"a long company", v1::OPERATOR, [&](auto& a) { a.set_company(kLong); }, "account.company"},
      {"a wider scope", v1::OPERATOR, [](auto& a) { a.set_scope(v1::ALL); }, "account.scope"},
      {"a scope of tomorrow", v1::OPERATOR, [](auto& a) { a.set_scope(static_cast<v1::Scope>(9)); }, "account.scope"},
      {"a scope where none counts", v1::AUDITOR, [](auto& a) { a.set_scope(v1::CENTRE); }, "account.scope"},
      {"a scope for a contractor", v1::CONTRACTOR, [](auto& a) { a.set_scope(v1::OWN); }, "account.scope"},
      {"own calls of no agent", v1::OPERATOR, [](auto& a) { a.set_scope(v1::OWN); }, "account.agent"},
      {"a long agent", v1::OPERATOR, [&](auto& a) { a.set_agent(kLong); }, "account.agent"},
      {"no centre", v1::OPERATOR, [](auto& a) { a.clear_centres(); }, "account.centres"},
      {"a recorder without a centre", v1::RECORDER, [](auto& a) { a.clear_centres(); }, "account.centres"},
      {"an unknown centre", v1::SUPERVISOR, [](auto& a) { a.add_centres("Atlantis"); }, "account.centres"},
      {"a centre twice", v1::SUPERVISOR, [](auto& a) { a.add_centres("Tokyo"); }, "account.centres"},
      {"65 centres", v1::SUPERVISOR,
       [](auto& a) {
         for (int i = 0; i < 64; ++i) a.add_centres("c" + std::to_string(i));
       },
       "account.centres"},
      {"queues of a person", v1::OPERATOR, [](auto& a) { a.add_queues("Tokyo-general"); }, "account.recorder"},
      {"limits of a person", v1::OPERATOR, [](auto& a) { a.mutable_recorder(); }, "account.recorder"},
      {"another centre's queue", v1::RECORDER, [](auto& a) { a.add_queues("Osaka-general"); }, "account.queues"},
      {"no format", v1::RECORDER, [](auto& a) { a.mutable_recorder()->clear_formats(); }, "account.recorder.formats"},
      {"a bad format", v1::RECORDER, [](auto& a) { a.mutable_recorder()->mutable_formats(0)->set_channels(2); },
       "account.recorder.formats"},
      {"nine formats", v1::RECORDER,
       [](auto& a) {
         for (int i = 0; i < 8; ++i) *a.mutable_recorder()->add_formats() = FormatForTest();
       },
       "account.recorder.formats"},
      {"no retention", v1::RECORDER, [](auto& a) { a.mutable_recorder()->clear_retention_classes(); },
       "account.recorder.retention_classes"},
      {"unknown retention", v1::RECORDER, [](auto& a) { a.mutable_recorder()->add_retention_classes("for-ever"); },
       "account.recorder.retention_classes"},
      {"too many calls", v1::RECORDER, [](auto& a) { a.mutable_recorder()->set_open_calls_max(20001); }, "account.recorder.open_calls_max"},
      {"too many opens", v1::RECORDER, [](auto& a) { a.mutable_recorder()->set_opens_per_minute_max(60001); },
       "account.recorder.opens_per_minute_max"},
      {"too large a call", v1::RECORDER, [](auto& a) { a.mutable_recorder()->set_call_bytes_max(kCallBytesMax + 1); },
       "account.recorder.call_bytes_max"},
      {"too large a day", v1::RECORDER, [](auto& a) { a.mutable_recorder()->set_day_bytes_max(kDayBytesMax + 1); },
       "account.recorder.day_bytes_max"},
  };
  for (const BadAccount& one : bad) {
    v1::Account account = AccountForTest(one.role);
    v1::AddAccountRequest request = Request(account);
    one.spoil(*request.mutable_account());
    const absl::Status status = Check(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << one.why;
    EXPECT_THAT(std::string(status.message()), StartsWith(std::string(one.field) + ": ")) << one.why;
  }
}

TEST_F(AccountChecksTest, ACertificateThatWouldBeRefusedIsNotEnrolled) {
  const auto days = [](int n) { return absl::Hours(24 * n); };
  const std::string uri = AccountUri(kTrustDomain, "somebody");
  const std::vector<std::pair<const char*, std::string>> bad = {
      {"none", ""},
      {"too large", std::string(20000, 'x')},
      {"another account's", authority_.ForAccount(kTrustDomain, "somebody-else", kTestStart).certificate_pem},
      {"another domain's", authority_.ForAccount("elsewhere.example", "somebody", kTestStart).certificate_pem},
      {"no name", authority_.Make({{}, kTestStart, kTestStart + days(1), ""}).certificate_pem},
      {"two names", authority_.Make({{uri, uri + "2"}, kTestStart, kTestStart + days(1), ""}).certificate_pem},
      {"expired", authority_.Make({{uri}, kTestStart - days(2), kTestStart - days(1), ""}).certificate_pem},
  };
  for (const auto& [why, pem] : bad) {
    v1::AddAccountRequest request = Request(AccountForTest(v1::OPERATOR));
    request.set_certificate_pem(pem);
    const absl::Status status = Check(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << why;
    EXPECT_THAT(std::string(status.message()), HasSubstr("certificate_pem: ")) << why;
  }
}

TEST(AudioFormatsTest, ExactlyFourAreTaken) {
  int taken = 0;
  for (int encoding = 0; encoding <= 4; ++encoding) {
    for (uint32_t rate : {0u, 8000u, 11025u, 16000u, 44100u}) {
      for (uint32_t channels : {0u, 1u, 2u}) {
        taken += CheckAudioFormat(FormatForTest(static_cast<v1::AudioFormat::Encoding>(encoding), rate, channels)).ok() ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(taken, 4);
  EXPECT_TRUE(CheckAudioFormat(FormatForTest(v1::AudioFormat::PCMA)).ok());
  EXPECT_TRUE(CheckAudioFormat(FormatForTest(v1::AudioFormat::L16LE, 16000)).ok());
  EXPECT_FALSE(CheckAudioFormat(FormatForTest(v1::AudioFormat::PCMU, 16000)).ok());
}

}  // namespace
}  // namespace otokura::access
