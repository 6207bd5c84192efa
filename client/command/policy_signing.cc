// `otokura admin policy signer` and `sign`: what the signers of a policy do, far from any gateway.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command/exit_code.h"
#include "client/command/passphrase.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/posix_file.h"
#include "crypto/ed25519_pem.h"
#include "crypto/secret.h"
#include "crypto/signed_note.h"
#include "proto/policy/rules.h"
#include "proto/policy/signed_policy.h"
#include "proto/policy/signers.h"

namespace otokura::client {
namespace {

struct SigningOptions {
  std::string file, output, key, name, passphrase_file;
};

absl::StatusOr<crypto::NoteSigner> OpenSigner(const SigningOptions& options) {
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return locked;
  if (absl::Status forbidden = crypto::ForbidCoreDumps(); !forbidden.ok()) return forbidden;
  auto pem = ReadFile(options.key, crypto::kEd25519PemBytesMax);
  if (!pem.ok()) return pem.status();
  auto seed =
      crypto::ReadEd25519Pem(*pem, [&options] { return GetPassphrase(options.passphrase_file, "passphrase of the signing key: "); });
  crypto::Wipe(pem->data(), pem->size());
  if (!seed.ok()) return seed.status();
  return crypto::NoteSigner::Create(options.name, *std::move(seed));
}

int PrintSigner(const SigningOptions& options, const Session& session) {
  const auto signer = OpenSigner(options);
  if (!signer.ok()) return Fail(signer.status());
  if (session.json) {
    PrintJson({{"verifier_key", signer->VerifierKey()}});
  } else {
    std::printf("%s\n", signer->VerifierKey().c_str());
  }
  return kExitDone;
}

bool SignedItAlready(const std::string& document, const std::string& verifier_key) {
  const auto verifier = crypto::NoteVerifier::Parse(verifier_key);
  return verifier.ok() && crypto::OpenNote(document, {*verifier}).ok();
}

// What is no mistake, and yet may not be meant.
void Warn(const policy::Rules& rules, const std::string& document, const std::string& verifier_key) {
  const std::vector<std::string> next = rules.signers();
  if (std::find(next.begin(), next.end(), verifier_key) == next.end())
    std::fputs("warning: this key is not among the signers that this policy names for the one after it\n", stderr);
  if (!policy::IsSigned(document)) std::fputs("one signature; another signer must sign it too\n", stderr);
}

// With the signature of this key, added to those that are there.
absl::StatusOr<std::string> Signed(const std::string& document, const crypto::NoteSigner& signer) {
  const auto rules = policy::CompileNext(policy::TextOf(document));
  if (!rules.ok()) return rules.status();
  const std::string verifier_key = signer.VerifierKey();
  if (!policy::IsSigned(document)) {
    Warn(**rules, document, verifier_key);
    return signer.Sign(document);
  }
  if (SignedItAlready(document, verifier_key))
    return absl::AlreadyExistsError("this key has signed it already; another signer must sign it too");
  Warn(**rules, document, verifier_key);
  return signer.AddSignature(document);
}

int Sign(const SigningOptions& options, const Session& session) {
  const auto document = ReadFile(options.file, policy::kPolicyBytesMax);
  if (!document.ok()) return Fail(document.status());
  const auto signer = OpenSigner(options);
  if (!signer.ok()) return Fail(signer.status());
  const auto note = Signed(*document, *signer);
  if (!note.ok()) return Fail(note.status());
  if (note->size() > policy::kPolicyBytesMax)
    return Fail(absl::InvalidArgumentError(absl::StrCat("with this signature it has more than ", policy::kPolicyBytesMax, " bytes")));
  const std::string& output = options.output.empty() ? options.file : options.output;
  if (absl::Status written = ReplaceFile(output, *note); !written.ok()) return Fail(written);
  if (session.json) PrintJson({{"file", output}, {"signed_by", signer->name()}});
  return kExitDone;
}

CLI::App* AddCommand(CLI::App* policy, Session* session, const char* name, const char* about,
                     const std::shared_ptr<SigningOptions>& options, int (*run)(const SigningOptions&, const Session&)) {
  CLI::App* command = policy->add_subcommand(name, about);
  command->add_option("--key", options->key, "PEM file: an Ed25519 private key, as `openssl genpkey -algorithm ed25519` makes it")
      ->required();
  command->add_option("--name", options->name, "of the signer, in signatures: without spaces and '+'")->required();
  command->add_option("--passphrase-file", options->passphrase_file, "of an encrypted key (default: it is typed)");
  command->callback([options, session, run] { session->run = [options, session, run] { return run(*options, *session); }; });
  return command;
}

}  // namespace

void AddPolicySigning(CLI::App* policy, Session* session) {
  auto options = std::make_shared<SigningOptions>();
  AddCommand(policy, session, "signer", "Print the public key of a signer, for the configuration or a policy", options, PrintSigner)
      ->footer(Footer("otokura admin policy signer --key alice.pem --name alice"));
  CLI::App* sign = AddCommand(policy, session, "sign",
                              "Add a signature to a policy, without a gateway; one that no gateway takes is refused", options, Sign);
  sign->add_option("file", options->file, "the policy, with the signatures that it has")->required();
  sign->add_option("-o,--output", options->output, "where to write it (default: in place)");
  sign->footer(Footer("otokura admin policy sign policy.textproto --key alice.pem --name alice"));
}

}  // namespace otokura::client
