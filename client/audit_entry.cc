#include "client/audit_entry.h"

#include <chrono>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "crypto/commitment.h"

namespace otokura::client {
namespace {

struct CommittedField {
  const char* name;  // as it is hashed
  const std::string& (v1::AuditEntry::*commitment)() const;
  bool (v1::AuditDetails::*has_value)() const;
  const v1::CommittedValue& (v1::AuditDetails::*value)() const;
  std::string AuditEntry::*opened;
};

#define OTOKURA_FIELD(name) \
  { #name, &v1::AuditEntry::name##_commitment, &v1::AuditDetails::has_##name, &v1::AuditDetails::name, &AuditEntry::name }
const CommittedField kCommittedFields[] = {
    OTOKURA_FIELD(account),   OTOKURA_FIELD(person), OTOKURA_FIELD(company), OTOKURA_FIELD(certificate), OTOKURA_FIELD(address),
    OTOKURA_FIELD(reference), OTOKURA_FIELD(reason), OTOKURA_FIELD(target),  OTOKURA_FIELD(contract),    OTOKURA_FIELD(approver),
};
#undef OTOKURA_FIELD

absl::Status Open(const v1::AuditEntry& leaf, const v1::AuditDetails& details, AuditEntry* entry) {
  for (const CommittedField& field : kCommittedFields) {
    const std::string& commitment = (leaf.*field.commitment)();
    if (!(details.*field.has_value)()) {
      if (!commitment.empty()) entry->closed.emplace_back(field.name);
      continue;
    }
    const v1::CommittedValue& value = (details.*field.value)();
    if (value.salt().size() != crypto::kCommitmentSaltBytes || crypto::Commit(field.name, value.salt(), value.value()) != commitment) {
      return absl::DataLossError(absl::StrCat("audit entry ", leaf.sequence(), ": the ", field.name,
                                              " shown is not the one it commits to; have the log verified"));
    }
    entry->*field.opened = value.value();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AuditEntry> ReadAuditEntry(std::string_view leaf_bytes, const v1::AuditDetails& details) {
  v1::AuditEntry leaf;
  if (!leaf.ParseFromArray(leaf_bytes.data(), static_cast<int>(leaf_bytes.size())))
    return absl::DataLossError("an entry of the audit log cannot be read; have the log verified");
  if (leaf.version() != 1)
    return absl::FailedPreconditionError(
        absl::StrCat("audit entry ", leaf.sequence(), " has version ", leaf.version(), "; this program reads version 1"));
  AuditEntry entry;
  entry.leaf = std::string(leaf_bytes);
  entry.sequence = leaf.sequence();
  entry.time = Time(std::chrono::microseconds(leaf.time_unix_us()));
  entry.action = v1::AuditAction_Name(leaf.action());
  entry.decision = v1::AuditDecision_Name(leaf.decision());
  entry.rule = leaf.rule();
  entry.role = leaf.role();
  entry.recording_id = RecordingIdText(leaf.recording_id());
  entry.access_number = leaf.access_number();
  entry.previous_sequence = leaf.previous_sequence();
  entry.purpose = leaf.purpose();
  entry.offset = leaf.offset();
  entry.length = leaf.length();
  entry.delivered_bytes = leaf.delivered_bytes();
  entry.rows = leaf.rows();
  entry.outcome = leaf.outcome();
  entry.closes = leaf.action() == v1::DELIVERED;
  entry.of_sequence = leaf.of_sequence();
  entry.centre = leaf.centre();
  entry.audio_bytes = leaf.audio_bytes();
  entry.subject = leaf.subject();
  entry.policy_sha256 = absl::BytesToHexString(leaf.policy_sha256());
  entry.grant_id = RecordingIdText(leaf.grant_id());
  entry.incident_id = absl::BytesToHexString(leaf.incident_id());
  if (absl::Status opened = Open(leaf, details, &entry); !opened.ok()) return opened;
  return entry;
}

absl::StatusOr<AuditEntry> ParseAuditEntry(std::string_view leaf) { return ReadAuditEntry(leaf, v1::AuditDetails()); }

}  // namespace otokura::client
