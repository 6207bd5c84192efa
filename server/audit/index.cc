#include "server/audit/index.h"

#include <algorithm>

#include "server/keys/contexts.h"
#include "server/storage/recording_id.h"

namespace otokura::audit {
namespace {

constexpr int kNumberBytes = 4;

enum class Kind : uint8_t { kBytes, kNumber, kText };  // text is indexed by its tag, the others as they are: the leaf has them in clear

// One indexed field: a line here is all that another one takes.
struct Field {
  IndexField field;
  Kind kind;
  bool sealed;
  std::string (*value)(const v1::AuditEntry& leaf, const v1::AuditDetails& details);
};

std::string Number(int number) { return number == 0 ? "" : keys::BigEndian(static_cast<uint64_t>(number), kNumberBytes); }

using Leaf = v1::AuditEntry;
using Details = v1::AuditDetails;
constexpr Field kFields[] = {
    {IndexField::kRecording, Kind::kBytes, false, [](const Leaf& leaf, const Details&) { return leaf.recording_id(); }},
    {IndexField::kAction, Kind::kNumber, false, [](const Leaf& leaf, const Details&) { return Number(leaf.action()); }},
    {IndexField::kDecision, Kind::kNumber, false, [](const Leaf& leaf, const Details&) { return Number(leaf.decision()); }},
    {IndexField::kPurpose, Kind::kText, false, [](const Leaf& leaf, const Details&) { return leaf.purpose(); }},
    {IndexField::kAccount, Kind::kText, true, [](const Leaf&, const Details& details) { return details.account().value(); }},
    {IndexField::kCompany, Kind::kText, true, [](const Leaf&, const Details& details) { return details.company().value(); }},
    {IndexField::kReference, Kind::kText, true, [](const Leaf&, const Details& details) { return details.reference().value(); }},
    {IndexField::kContract, Kind::kText, true, [](const Leaf&, const Details& details) { return details.contract().value(); }},
};

const Field& FieldOf(IndexField field) {
  return *std::find_if(std::begin(kFields), std::end(kFields), [field](const Field& known) { return known.field == field; });
}

int NumberIn(std::string_view value) {
  int number = 0;
  for (const char byte : value) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

Condition ActionIs(v1::AuditAction action) { return {IndexField::kAction, Number(action)}; }
Condition DecisionIs(v1::AuditDecision decision) { return {IndexField::kDecision, Number(decision)}; }

std::string IndexValue(IndexField field, const v1::AuditEntry& leaf, const v1::AuditDetails& details) {
  return FieldOf(field).value(leaf, details);
}

bool IsSealed(IndexField field) { return FieldOf(field).sealed; }

std::string IndexValueText(IndexField field, std::string_view value) {
  if (value.empty()) return "";
  switch (field) {
    case IndexField::kRecording: {
      const auto recording = storage::RecordingId::FromBytes(value);
      return recording.ok() ? recording->Text() : "";
    }
    case IndexField::kAction:
      return v1::AuditAction_Name(NumberIn(value));
    case IndexField::kDecision:
      return v1::AuditDecision_Name(NumberIn(value));
    default:
      return std::string(value);
  }
}

std::string IndexPrefix(const Condition& condition, const keys::SiteKeys& keys) {
  const auto number = static_cast<uint8_t>(condition.field);
  const bool tagged = FieldOf(condition.field).kind == Kind::kText;
  return std::string(1, static_cast<char>(number)).append(tagged ? keys.AuditIndexTag(number, condition.value) : condition.value);
}

std::vector<std::string> IndexPrefixes(const v1::AuditEntry& leaf, const v1::AuditDetails& details, const keys::SiteKeys& keys) {
  std::vector<std::string> prefixes;
  for (const Field& field : kFields) {
    const Condition said{field.field, field.value(leaf, details)};
    if (!said.value.empty()) prefixes.push_back(IndexPrefix(said, keys));
  }
  return prefixes;
}

}  // namespace otokura::audit
