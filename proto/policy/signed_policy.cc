#include "proto/policy/signed_policy.h"

#include "absl/strings/str_cat.h"
#include "crypto/signed_note.h"
#include "proto/policy/signers.h"

namespace otokura::policy {
namespace {

constexpr std::string_view kSignaturesBegin = "\n\n\xE2\x80\x94 ";  // a blank line, then an em dash and a space

}  // namespace

bool IsSigned(std::string_view document) { return document.rfind(kSignaturesBegin) != std::string_view::npos; }

std::string_view TextOf(std::string_view document) {
  const size_t end = document.rfind(kSignaturesBegin);
  return end == std::string_view::npos ? document : document.substr(0, end + 1);
}

absl::StatusOr<SignedText> CheckSignatures(std::string_view note, const std::vector<std::string>& signers) {
  std::vector<crypto::NoteVerifier> verifiers;
  for (const std::string& signer : signers) {
    auto verifier = crypto::NoteVerifier::Parse(signer);
    if (!verifier.ok()) return verifier.status();
    verifiers.push_back(*std::move(verifier));
  }
  auto opened = crypto::OpenNote(note, verifiers);
  if (absl::IsDataLoss(opened.status())) return absl::InvalidArgumentError(opened.status().message());
  if (!opened.ok() && !absl::IsPermissionDenied(opened.status())) return opened.status();
  const size_t signatures = opened.ok() ? opened->signed_by.size() : 0;
  if (signatures >= kSignersMin) return SignedText{std::move(opened->text), std::move(opened->signed_by)};
  return absl::PermissionDeniedError(absl::StrCat("policy: ", signatures, " of the signers that the policy in force names signed it, and ",
                                                  kSignersMin, " must; `otokura admin policy show` names them"));
}

absl::StatusOr<std::shared_ptr<const Rules>> CompileNext(std::string_view text) {
  auto rules = Rules::Compile(text);
  if (rules.ok() && (*rules)->policy().signers().empty())
    return absl::InvalidArgumentError(
        absl::StrCat("policy: signers: name ", kSignersMin, " to ", kSignersMax, ", of whom two sign the next policy"));
  return rules;
}

}  // namespace otokura::policy
