// `otokura admin policy load|show|diff`; `rehearse`, and `signer` and `sign`, which need no gateway, are beside it.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command/exit_code.h"
#include "client/command/policy_rehearsal.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/policy.h"
#include "proto/policy/rules.h"
#include "proto/policy/signed_policy.h"
#include "proto/policy/signers.h"
#include "proto/policy/statements.h"

namespace otokura::client {
namespace {

std::string Summary(const Policy& policy) {
  return absl::StrCat(
      "serial ", policy.serial, ", SHA-256 ", Hex(policy.sha256), ", ",
      policy.signed_by.empty() ? "as otokurad init made it" : absl::StrCat("signed by ", absl::StrJoin(policy.signed_by, ", ")));
}

int Load(const std::string& path, const Session& session) {
  const auto note = ReadFile(path, policy::kPolicyBytesMax);
  if (!note.ok()) return Fail(note.status());
  if (!policy::IsSigned(*note))
    return Fail(absl::InvalidArgumentError("nobody signed it; have two signers run `otokura admin policy sign`"));
  const auto loaded = LoadPolicy(session.connection, *note);
  if (!loaded.ok()) return Fail(loaded.status());
  if (session.json) {
    PrintJson({{"serial", loaded->serial}, {"sha256", Hex(loaded->sha256)}, {"signed_by", loaded->signed_by}});
  } else {
    std::printf("in force: %s\n", Summary(*loaded).c_str());
  }
  return kExitDone;
}

nlohmann::json ToJson(const Policy& shown) {
  nlohmann::json line = {{"serial", shown.serial},
                         {"sha256", Hex(shown.sha256)},
                         {"signed_by", shown.signed_by},
                         {"text", shown.text},
                         {"document", shown.document}};
  if (const auto rules = policy::Rules::Compile(shown.text); rules.ok()) line["signers"] = (*rules)->signers();
  return line;
}

// The text on standard output, exactly, so that it can be changed and signed; what is to be known about it beside that.
int Show(const Session& session) {
  const auto shown = ShowPolicy(session.connection);
  if (!shown.ok()) return Fail(shown.status());
  if (session.json) {
    PrintJson(ToJson(*shown));
    return kExitDone;
  }
  std::fputs(shown->text.c_str(), stdout);
  std::fprintf(stderr, "%s\n", Summary(*shown).c_str());
  return kExitDone;
}

int Diff(const std::string& path, const Session& session) {
  const auto document = ReadFile(path, policy::kPolicyBytesMax);
  if (!document.ok()) return Fail(document.status());
  const auto after = policy::Rules::Compile(policy::TextOf(*document));
  if (!after.ok()) return Fail(after.status());
  const auto shown = ShowPolicy(session.connection);
  if (!shown.ok()) return Fail(shown.status());
  const auto before = policy::Rules::Compile(shown->text);
  if (!before.ok()) return Fail(absl::FailedPreconditionError(absl::StrCat("the one in force: ", before.status().message())));
  for (const std::string& line : policy::Difference((*before)->policy(), (*after)->policy())) {
    if (session.json) {
      PrintJson({{"change", line.substr(0, 1)}, {"statement", line.substr(2)}});
    } else {
      std::printf("%s\n", line.c_str());
    }
  }
  return kExitDone;
}

void AddWithFile(CLI::App* policy, Session* session, const char* name, const char* about, const char* example,
                 int (*run)(const std::string&, const Session&)) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = policy->add_subcommand(name, about);
  command->add_option("file", *path, "the policy, protobuf text (otokura/v1/policy.proto), with its signatures")->required();
  command->footer(Footer(example));
  command->callback([path, session, run] { session->run = [path, session, run] { return run(*path, *session); }; });
}

}  // namespace

void AddAdminPolicy(CLI::App* admin, Session* session) {
  CLI::App* policy = admin->add_subcommand("policy", "Who may do what: a document that takes effect with the signatures of two");
  policy->require_subcommand(1);
  AddPolicySigning(policy, session);
  AddWithFile(policy, session, "load", "Bring a policy that two signers signed into force, at once",
              "otokura admin policy load policy.textproto", Load);
  CLI::App* show = policy->add_subcommand("show", "The policy in force: its text, and beside it serial, digest and who signed it");
  show->footer(Footer("otokura admin policy show >policy.textproto"));
  show->callback([session] { session->run = [session] { return Show(*session); }; });
  AddWithFile(policy, session, "diff", "What a policy, signed or not, changes against the one in force",
              "otokura admin policy diff policy.textproto", Diff);
  AddPolicyRehearsal(policy, session);
}

}  // namespace otokura::client
