// What a case may say (case.proto), before anything is looked up.
#ifndef OTOKURA_SERVER_ACCESS_CASE_CHECKS_H_
#define OTOKURA_SERVER_ACCESS_CASE_CHECKS_H_

#include "absl/status/status.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/case.pb.h"
#include "proto/policy/rules.h"

namespace otokura::access {

inline constexpr int kCasePurposesMax = 16;
inline constexpr int kCaseRecordingsMax = 50;  // what one matter is about; who needs more opens another
inline constexpr int kCaseTermsMax = 8;        // the numbers of one household
inline constexpr uint32_t kCaseDaysMax = 365;  // and no longer than pseudonyms can be compared (server/keys/pseudonym_keys.h)
inline constexpr uint32_t kCaseDaysDefault = 30;
inline constexpr size_t kCaseReasonBytesMax = 256;

// INVALID_ARGUMENT naming the field. Opened by somebody of that role: a field that it does not see it cannot name a caller by.
absl::Status CheckCase(const v1::OpenCaseRequest& request, const policy::Rules& rules, v1::Role role);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CASE_CHECKS_H_
