#include "proto/policy/signers.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "crypto/note_signature.h"

namespace otokura::policy {

SignerProblem CheckSigners(const std::vector<std::string>& signers) {
  if (!signers.empty() && (signers.size() < kSignersMin || signers.size() > kSignersMax)) {
    return {-1, absl::InvalidArgumentError(absl::StrCat("are ", signers.size(), "; name ", kSignersMin, " to ", kSignersMax,
                                                        ", of whom two sign the next policy"))};
  }
  std::set<std::string> names, keys;
  for (size_t i = 0; i < signers.size(); ++i) {
    const auto parsed = crypto::ParseVerifierKey(signers[i], crypto::kNoteEd25519);
    absl::Status problem = parsed.status();
    if (parsed.ok() && !names.insert(parsed->name).second) problem = absl::InvalidArgumentError("has the name of another signer");
    if (parsed.ok() && !keys.insert(parsed->public_key).second)
      problem = absl::InvalidArgumentError("has the key of another signer; two signatures must be of two keys");
    if (!problem.ok()) return {static_cast<int>(i), problem};
  }
  return {};
}

std::string SignerName(const std::string& signer) { return signer.substr(0, signer.find('+')); }

}  // namespace otokura::policy
