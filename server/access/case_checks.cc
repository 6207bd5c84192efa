#include "server/access/case_checks.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/access/account_checks.h"
#include "server/access/gate.h"

namespace otokura::access {
namespace {

absl::Status TooMany(const char* field, int most) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": more than ", most, "; open another case for the rest"));
}

absl::Status CheckCasePurposes(const v1::OpenCaseRequest& request, const policy::Rules& rules) {
  if (request.purposes().empty()) return absl::InvalidArgumentError("purposes: at least one, of those of the policy");
  if (request.purposes_size() > kCasePurposesMax) return TooMany("purposes", kCasePurposesMax);
  std::set<std::string> seen;
  for (const std::string& purpose : request.purposes()) {
    if (!rules.IsPurpose(purpose))
      return absl::InvalidArgumentError("purposes: not one of the policy; `otokura admin policy show` has them");
    if (!seen.insert(purpose).second) return absl::InvalidArgumentError("purposes: one is there twice");
    if (!rules.FitsPurpose(purpose, request.name())) {
      return absl::InvalidArgumentError(absl::StrCat("name: not of the form that purpose ", purpose,
                                                     " demands of a reference; write it like ", std::string(rules.ReferenceForm(purpose))));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCase(const v1::OpenCaseRequest& request, const policy::Rules& rules, v1::Role role) {
  if (absl::Status name = CheckText("name", request.name(), kReferenceBytesMax); !name.ok()) return name;
  if (absl::Status reason = CheckText("reason", request.reason(), kCaseReasonBytesMax); !reason.ok()) return reason;
  if (absl::Status purposes = CheckCasePurposes(request, rules); !purposes.ok()) return purposes;
  if (request.recording_ids().empty() && request.terms().empty())
    return absl::InvalidArgumentError("recording_ids, terms: at least one recording, or one number that its caller is known by");
  if (request.recording_ids_size() > kCaseRecordingsMax) return TooMany("recording_ids", kCaseRecordingsMax);
  if (request.terms_size() > kCaseTermsMax) return TooMany("terms", kCaseTermsMax);
  for (const v1::PersonalTerm& term : request.terms()) {
    if (!rules.Sees(role, term.field()))
      return absl::InvalidArgumentError("terms.field: not one that your role sees; name the caller by another");
  }
  if (request.days() > kCaseDaysMax) return absl::InvalidArgumentError(absl::StrCat("days: 1 to ", kCaseDaysMax));
  return absl::OkStatus();
}

}  // namespace otokura::access
