// What a policy may not say, whoever signed it: each mistake is refused with the name of its field.
#include "crypto/certificate.h"
#include "proto/policy/checks.h"
#include "proto/policy/limits.h"
#include "proto/policy/signers.h"
#include "tests/unit/crypto/issued_certificate.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::policy {
namespace {

using ::testing::HasSubstr;

absl::Status StatusWith(const Change& change) { return Rules::Compile(TextForTest(2, change)).status(); }

void ExpectRefused(const Change& change, const std::string& field) {
  const absl::Status status = StatusWith(change);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
  EXPECT_THAT(std::string(status.message()), HasSubstr(field));
}

TEST(PolicyChecksTest, TheShippedPolicyIsOne) {
  EXPECT_EQ(Rules::Compile(ShippedText()).status(), absl::OkStatus());
  EXPECT_EQ(Rules::Compile(FirstText(SignersForTest())).status(), absl::OkStatus());
  EXPECT_EQ((*Rules::Compile(FirstText(SignersForTest())))->signers(), SignersForTest());
  EXPECT_EQ(StatusWith(nullptr), absl::OkStatus());
}

TEST(PolicyChecksTest, TheTextItself) {
  const std::string text = TextForTest(2);
  for (const std::string& wrong :
       {std::string(), text.substr(1), "# otokura policy v2\n" + text, text + "unknown_field: 1\n", text + "serial: 3\n",
        text + "roles {\n", text + "signers: 7\n", text + std::string(kPolicyBytesMax, '#')}) {
    EXPECT_EQ(Rules::Compile(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong.substr(0, 40);
  }
  const absl::Status unknown = Rules::Compile(text + "unknown_field: 1\n").status();
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("unknown_field"));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("line "));
}

TEST(PolicyChecksTest, I10_TheTextIsBounded) {
  std::string text = TextForTest(2);
  text.append(kPolicyBytesMax - text.size() - 1, '#').append(1, '\n');
  EXPECT_EQ(Rules::Compile(text).status(), absl::OkStatus());
  EXPECT_EQ(Rules::Compile(text + "\n").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PolicyChecksTest, I10_EachNumberAtItsEdges) {
  struct Edge {
    std::string field;
    std::function<void(v1::Policy*, uint32_t)> set;
    uint32_t least, most;
  };
  const Edge edges[] = {
      {"grants.recordings_max", [](auto* p, uint32_t n) { p->mutable_grants()->set_recordings_max(n); }, 1, 100},
      {"grants.hours_max", [](auto* p, uint32_t n) { p->mutable_grants()->set_hours_max(n); }, 1, 720},
      {"grants.approvals_per_day_max", [](auto* p, uint32_t n) { p->mutable_grants()->set_approvals_per_day_max(n); }, 1, 1'000},
      {"incidents.budget_refusals_per_hour_max", [](auto* p, uint32_t n) { p->mutable_incidents()->set_budget_refusals_per_hour_max(n); },
       1, 1'000},
      {"incidents.unreachable_ids_per_hour_max", [](auto* p, uint32_t n) { p->mutable_incidents()->set_unreachable_ids_per_hour_max(n); },
       1, 1'000},
      {"listen_pace.percent", [](auto* p, uint32_t n) { p->mutable_listen_pace()->set_percent(n); }, 100, 1'000'000},
      {"listen_pace.lead_seconds", [](auto* p, uint32_t n) { p->mutable_listen_pace()->set_lead_seconds(n); }, 1, 3'600},
      {"listen_pace.streams_max", [](auto* p, uint32_t n) { p->mutable_listen_pace()->set_streams_max(n); }, 1, 10'000},
      {"exports.recordings_max", [](auto* p, uint32_t n) { p->mutable_exports()->set_recordings_max(n); }, 1, 1'000},
      {"exports.hours_max", [](auto* p, uint32_t n) { p->mutable_exports()->set_hours_max(n); }, 1, 720},
      {"own_calls_hours", [](auto* p, uint32_t n) { p->mutable_purposes(0)->set_own_calls_hours(n); }, 0, kOwnCallsHoursMax},
  };
  for (const Edge& edge : edges) {
    for (const uint32_t good : {edge.least, edge.most, 0u})
      EXPECT_EQ(StatusWith([&](v1::Policy* policy) { edge.set(policy, good); }), absl::OkStatus()) << edge.field << " " << good;
    ExpectRefused([&](v1::Policy* policy) { edge.set(policy, edge.most + 1); }, edge.field);
    if (edge.least > 1) ExpectRefused([&](v1::Policy* policy) { edge.set(policy, edge.least - 1); }, edge.field);
  }
}

// Certified by an authority, which matters to nobody here.
std::string CertificateOf(crypto::PkeyPtr key) {
  static const crypto::Issued* const kAuthority = new crypto::Issued(crypto::Authority("Otokura test authority"));
  return crypto::Issue("recipient", std::move(key), kAuthority, 7, {}).pem;
}

void AddRecipient(v1::Policy* policy, const std::string& name, const std::string& certificate) {
  v1::Recipient* const recipient = policy->mutable_exports()->add_recipients();
  recipient->set_name(name);
  recipient->set_company("Family Court");
  recipient->set_certificate(certificate);
}

// What exports need beside recipients.
void Budgeted(v1::Policy* policy) {
  v1::Budget* const budget = policy->mutable_exports()->add_budgets();
  budget->set_window(v1::DAYS_30);
  budget->set_recordings(10);
  budget->set_audio_bytes(1'000'000);
}

TEST(PolicyChecksTest, I6_Recipients) {
  const std::string certificate = CertificateOf(crypto::EcKey());
  const auto recipients = [&](int count) {
    return [&, count](v1::Policy* policy) {
      for (int i = 0; i < count; ++i) AddRecipient(policy, "recipient-" + std::to_string(i), certificate);
      Budgeted(policy);
    };
  };
  EXPECT_EQ(StatusWith(recipients(kRecipientsMax)), absl::OkStatus());
  ExpectRefused(recipients(kRecipientsMax + 1), "exports.recipients");
  const auto one = [&](const Change& change) {
    return [&, change](v1::Policy* policy) {
      recipients(1)(policy);
      change(policy);
    };
  };
  const auto of = [](v1::Policy* policy) { return policy->mutable_exports()->mutable_recipients(0); };
  EXPECT_EQ(StatusWith(one([&](auto* p) { of(p)->set_company(std::string(kRecipientCompanyBytesMax, 'c')); })), absl::OkStatus());
  ExpectRefused(one([&](auto* p) { of(p)->set_company(std::string(kRecipientCompanyBytesMax + 1, 'c')); }), "recipients[0].company");
  ExpectRefused(one([&](auto* p) { of(p)->set_company(""); }), "recipients[0].company");
  ExpectRefused(one([&](auto* p) { of(p)->set_name("Family Court"); }), "recipients[0].name");
  ExpectRefused(one([&](auto* p) { AddRecipient(p, "recipient-0", certificate); }), "recipients[1].name");
  ExpectRefused(one([&](auto* p) { p->mutable_exports()->clear_budgets(); }), "exports.budgets");
  EXPECT_EQ(StatusWith(one([&](auto* p) { of(p)->set_certificate(CertificateOf(crypto::PkeyPtr(EVP_RSA_gen(3072)))); })), absl::OkStatus());
  for (const std::string& wrong : {std::string(), std::string("no certificate"), CertificateOf(crypto::Ed25519Key()),
                                   CertificateOf(crypto::RsaKey()), certificate + std::string(crypto::kCertificatePemBytesMax, ' ')}) {
    ExpectRefused(one([&](auto* p) { of(p)->set_certificate(wrong); }), "recipients[0].certificate");
  }
}

TEST(PolicyChecksTest, TheLadder) {
  const auto step = [](v1::Policy* policy, const std::string& name, uint32_t minutes, const std::vector<std::string>& alerts) {
    v1::LadderStep* const added = policy->mutable_incidents()->add_ladder();
    added->set_name(name);
    added->set_after_minutes(minutes);
    for (const std::string& alert : alerts) added->add_alerts(alert);
  };
  const auto steps = [&](int count) {
    return [&step, count](v1::Policy* policy) {
      for (int i = 0; i < count; ++i) step(policy, "step", kLadderMinutesMax, {"staff"});
    };
  };
  EXPECT_EQ(StatusWith(steps(kLadderStepsMax)), absl::OkStatus());
  ExpectRefused(steps(kLadderStepsMax + 1), "incidents.ladder");
  ExpectRefused([&](v1::Policy* policy) { step(policy, "Staff", 0, {"staff"}); }, "incidents.ladder[0].name");
  ExpectRefused([&](v1::Policy* policy) { step(policy, "staff", kLadderMinutesMax + 1, {"staff"}); }, "incidents.ladder[0].after_minutes");
  ExpectRefused([&](v1::Policy* policy) { step(policy, "staff", 0, {}); }, "incidents.ladder[0].alerts");
  ExpectRefused([&](v1::Policy* policy) { step(policy, "staff", 0, {"staff", "staff"}); }, "incidents.ladder[0].alerts");
  ExpectRefused([&](v1::Policy* policy) { step(policy, "staff", 9, {"staff"}), step(policy, "csirt", 8, {"staff"}); },
                "incidents.ladder[1].after_minutes");
}

TEST(PolicyChecksTest, WhoNeedsACaseMayStateThePurpose) {
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(0)->add_case_demanded_of(v1::CONTRACTOR); },
                "purposes[0].case_demanded_of[0]");
  ExpectRefused(
      [](v1::Policy* policy) {
        for (int i = 0; i < 2; ++i) policy->mutable_purposes(0)->add_case_demanded_of(v1::OPERATOR);
      },
      "purposes[0].case_demanded_of[1]");
}

TEST(PolicyChecksTest, SerialAndSigners) {
  ExpectRefused([](v1::Policy* policy) { policy->clear_serial(); }, "serial");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_signers()->DeleteSubrange(1, 2); }, "signers: are 1");
  ExpectRefused([](v1::Policy* policy) { policy->set_signers(1, "no key"); }, "signers[1]");
  ExpectRefused([](v1::Policy* policy) { policy->set_signers(2, policy->signers(0)); }, "signers[2]");
  // One key under two names would be one person's two signatures.
  ExpectRefused(
      [](v1::Policy* policy) {
        auto seed = crypto::SecretBytes::CopyOf(std::string(32, 'a'));
        policy->set_signers(1, crypto::NoteSigner::Create("another-name", *std::move(seed))->VerifierKey());
      },
      "signers[1]: has the key of another");
  for (const size_t count : {kSignersMax, kSignersMax + 1}) {
    const absl::Status status = StatusWith([count](v1::Policy* policy) {
      policy->clear_signers();
      for (size_t i = 0; i < count; ++i) policy->add_signers(SignerForTest(static_cast<char>('a' + i)).VerifierKey());
    });
    EXPECT_EQ(status.ok(), count == kSignersMax) << status;
  }
}

TEST(PolicyChecksTest, Roles) {
  ExpectRefused([](v1::Policy* policy) { policy->add_roles(); }, "roles[7].role");
  ExpectRefused([](v1::Policy* policy) { policy->add_roles()->set_role(static_cast<v1::Role>(99)); }, "roles[7].role");
  ExpectRefused([](v1::Policy* policy) { policy->add_roles()->set_role(v1::AUDITOR); }, "roles[7].role: is there twice");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_rights(2)->set_action("eavesdrop"); },
                "roles[1].rights[2].action");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_rights(2)->set_action("listen"); },
                "roles[1].rights[4].action: is there twice");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_rights(2)->clear_scope(); }, "roles[1].rights[2].scope");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_rights(2)->set_scope(static_cast<v1::Scope>(9)); },
                "roles[1].rights[2].scope");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(5)->mutable_rights(0)->set_scope(v1::CENTRE); }, "roles[5].rights[0].scope");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->add_fields(v1::PERSONAL_FIELD_UNSPECIFIED); }, "roles[1].fields[4]");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->add_fields(v1::AGENT); }, "roles[1].fields[4]: is there twice");
}

TEST(PolicyChecksTest, I11_RecordingIsNotToBeTakenAway) {
  ExpectRefused([](v1::Policy* policy) { TakeRight(policy, v1::RECORDER, Action::kRecord); }, "RECORDER must have record");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(0)->mutable_rights(0)->set_scope(v1::CENTRE); }, "roles[0].rights[0].scope");
}

TEST(PolicyChecksTest, SomebodyCanAlwaysPutThingsRight) {
  for (const Action action : {Action::kLoadPolicy, Action::kSuspendAccount, Action::kListAudit}) {
    ExpectRefused(
        [action](v1::Policy* policy) {
          for (const v1::Role role : kEveryRole) TakeRight(policy, role, action);
        },
        "nobody has " + std::string(ActionName(action)));
  }
}

TEST(PolicyChecksTest, I5_WhoHearsHasBudgets) {
  for (const v1::Role role : {v1::OPERATOR, v1::SUPERVISOR, v1::CONTRACTOR}) {
    for (const v1::Window window : {v1::DAY, v1::DAYS_30}) {
      for (const bool of_recordings : {true, false}) {
        ExpectRefused(
            [&](v1::Policy* policy) {
              for (v1::Budget& budget : *RuleOf(policy, role)->mutable_budgets()) {
                if (budget.window() != window) continue;
                of_recordings ? budget.clear_recordings() : budget.clear_audio_bytes();
              }
            },
            v1::Window_Name(window) + " must limit recordings and audio_bytes");
      }
    }
  }
  ExpectRefused([](v1::Policy* policy) { policy->mutable_contracts()->mutable_budgets()->DeleteSubrange(0, 1); },
                "contracts.budgets: DAYS_30");
}

TEST(PolicyChecksTest, Budgets) {
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->add_budgets()->set_rows(1); }, "roles[1].budgets[4].window");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_budgets(0)->set_window(v1::DAY); },
                "roles[1].budgets[1].window");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_budgets(0)->clear_recordings(); },
                "roles[1].budgets[0]: limits nothing");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_budgets(0)->set_rows(kBudgetMax + 1); },
                "roles[1].budgets[0].rows");
  EXPECT_EQ(StatusWith([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_budgets(0)->set_rows(kBudgetMax); }), absl::OkStatus());
  EXPECT_EQ(StatusWith([](v1::Policy* policy) { policy->mutable_roles(1)->mutable_budgets(0)->set_rows(0); }), absl::OkStatus());
}

TEST(PolicyChecksTest, Purposes) {
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(1)->set_name("Complaint!"); }, "purposes[1].name");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(1)->set_name(std::string(kWordBytesMax + 1, 'p')); }, "purposes[1].name");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(1)->set_name("inquiry"); }, "purposes[1].name: is there twice");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(1)->clear_roles(); }, "purposes[1].roles");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(1)->add_roles(static_cast<v1::Role>(99)); }, "purposes[1].roles[2]");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_purposes(1)->set_reference_pattern("[a-"); }, "purposes[1].reference_pattern");
  for (const int count : {kPurposesMax, kPurposesMax + 1}) {
    const absl::Status status = StatusWith([count](v1::Policy* policy) {
      while (policy->purposes_size() < count) {
        *policy->add_purposes() = policy->purposes(0);
        policy->mutable_purposes()->rbegin()->set_name("purpose-" + std::to_string(policy->purposes_size()));
      }
    });
    EXPECT_EQ(status.ok(), count == kPurposesMax) << status;
  }
}

TEST(PolicyChecksTest, CentresAndContracts) {
  for (const int count : {kCentreRulesMax, kCentreRulesMax + 1}) {
    const absl::Status status = StatusWith([count](v1::Policy* policy) {
      for (int i = 0; i < count; ++i) policy->add_centres()->set_centre("c" + std::to_string(i));
    });
    EXPECT_EQ(status.ok(), count == kCentreRulesMax) << status;
  }
  ExpectRefused([](v1::Policy* policy) { policy->add_centres()->set_centre(std::string(kCentreBytesMax + 1, 'c')); }, "centres[0].centre");
  ExpectRefused([](v1::Policy* policy) { policy->add_centres()->set_centre("a\tb"); }, "centres[0].centre");
  ExpectRefused([](v1::Policy* policy) { policy->add_centres(), policy->add_centres(); }, "centres[1].centre: is there twice");
  ExpectRefused([](v1::Policy* policy) { policy->add_centres()->add_budgets(); }, "centres[0].budgets[0]");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_contracts()->add_clauses("No Clause"); }, "contracts.clauses[5]");
  ExpectRefused([](v1::Policy* policy) { policy->mutable_contracts()->add_clauses("audit-right"); },
                "contracts.clauses[5]: is there twice");
  ExpectRefused([](v1::Policy* policy) { policy->clear_contracts(); }, "contracts.budgets");
}

TEST(PolicyChecksTest, EveryMistakeIsToldUpToABound) {
  const absl::Status two = StatusWith([](v1::Policy* policy) {
    policy->clear_serial();
    policy->mutable_purposes(1)->clear_roles();
  });
  EXPECT_THAT(std::string(two.message()), HasSubstr("serial"));
  EXPECT_THAT(std::string(two.message()), HasSubstr("purposes[1].roles"));
  const absl::Status many = StatusWith([](v1::Policy* policy) {
    for (int i = 0; i < kCentreRulesMax; ++i) policy->add_centres()->set_centre("same");
  });
  size_t told = 0;
  for (size_t at = many.message().find("is there twice"); at != std::string::npos; at = many.message().find("is there twice", at + 1))
    ++told;
  EXPECT_EQ(told, kProblemsMax);
}

}  // namespace
}  // namespace otokura::policy
