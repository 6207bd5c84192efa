// The query index of the log (FORMAT.md): which entries say what, newest first. It finds entries and proves nothing: what an entry says
// comes from its leaf and the details beside it, and the index can be dropped and made anew from them.
#ifndef OTOKURA_SERVER_AUDIT_INDEX_H_
#define OTOKURA_SERVER_AUDIT_INDEX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "otokura/v1/audit.pb.h"
#include "server/keys/site_keys.h"

namespace otokura::audit {

// What entries are found and counted by. Numbers are stored: never renumber.
enum class IndexField : uint8_t {
  kRecording = 1,
  kAction = 2,
  kDecision = 3,
  kPurpose = 4,
  kAccount = 5,
  kCompany = 6,
  kReference = 7,
  kContract = 8,
};

inline constexpr std::string_view kIndexIncompleteKey = "log-index-incomplete";  // in Table::kMeta while the index is being rebuilt

// An entry says `value` in `field`. Values are bytes as IndexValue gives them.
struct Condition {
  IndexField field;
  std::string value;
};

Condition ActionIs(v1::AuditAction action);
Condition DecisionIs(v1::AuditDecision decision);

// What the entry says in that field, empty where it says nothing: 16 id bytes, an enum's number (4 bytes, big-endian), or text.
std::string IndexValue(IndexField field, const v1::AuditEntry& leaf, const v1::AuditDetails& details);
// Whether the value comes from the sealed details and not from the leaf.
bool IsSealed(IndexField field);
// The value as people read it.
std::string IndexValueText(IndexField field, std::string_view value);

// What rows of Table::kLogIndex (index_rows.h) begin with: those of the entries that meet the condition, and of one entry all.
std::string IndexPrefix(const Condition& condition, const keys::SiteKeys& keys);
std::vector<std::string> IndexPrefixes(const v1::AuditEntry& leaf, const v1::AuditDetails& details, const keys::SiteKeys& keys);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_INDEX_H_
