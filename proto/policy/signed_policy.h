// A policy as it travels: a signed note (c2sp.org/signed-note) whose text is the policy's, exactly.
#ifndef OTOKURA_PROTO_POLICY_SIGNED_POLICY_H_
#define OTOKURA_PROTO_POLICY_SIGNED_POLICY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/policy/rules.h"

namespace otokura::policy {

// Whether anybody signed it: a signature line follows the text.
bool IsSigned(std::string_view document);
// The text that a document, signed or not, is about.
std::string_view TextOf(std::string_view document);

struct SignedText {
  std::string text;
  std::vector<std::string> signed_by;  // names of the signers whose signatures hold
};
// Of these signers, verifier keys, two must have signed. INVALID_ARGUMENT where it is no signed note or a signature does not fit the text,
// PERMISSION_DENIED where fewer signed.
absl::StatusOr<SignedText> CheckSignatures(std::string_view note, const std::vector<std::string>& signers);

// A text that may become the next policy: compiled, and with signers for the one after it. INVALID_ARGUMENT.
absl::StatusOr<std::shared_ptr<const Rules>> CompileNext(std::string_view text);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_SIGNED_POLICY_H_
