// From what identifies a person to what may stand in a leaf (DESIGN §7): salted commitments there, the values and salts beside it.
#ifndef OTOKURA_SERVER_AUDIT_COMMITMENTS_H_
#define OTOKURA_SERVER_AUDIT_COMMITMENTS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "otokura/v1/audit.pb.h"
#include "server/audit/log.h"

namespace otokura::audit {

// The value as it is committed to: at most kCommittedValueBytesMax, cut at a character; bytes that are no UTF-8 become '?', because the
// details would not parse with them.
std::string Committable(std::string_view value);

// Sets every commitment of `*leaf` and every value of `*details`, each under a fresh random salt. What is empty is left out of both.
void CommitTo(const Particulars& particulars, v1::AuditEntry* leaf, v1::AuditDetails* details);

// Of all commitments of the leaf, 32 bytes: what its details are sealed to. No other leaf has them, for each has a salt of its own; and
// they are there before the entry has its place.
std::string CommitmentsDigest(const v1::AuditEntry& leaf);

// DATA_LOSS naming the field whose value does not open its commitment. A value that is absent was pruned, and is no error.
absl::Status CheckDetails(const v1::AuditEntry& leaf, const v1::AuditDetails& details);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_COMMITMENTS_H_
