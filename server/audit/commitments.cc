#include "server/audit/commitments.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "crypto/commitment.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "crypto/unicode.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

// One committed field. `name` is hashed: it is part of the format.
struct Field {
  const char* name;
  std::string Particulars::*value;
  const std::string& (v1::AuditEntry::*commitment)() const;
  std::string* (v1::AuditEntry::*mutable_commitment)();
  bool (v1::AuditDetails::*has_detail)() const;
  const v1::CommittedValue& (v1::AuditDetails::*detail)() const;
  v1::CommittedValue* (v1::AuditDetails::*mutable_detail)();
};

#define OTOKURA_FIELD(name)                                                                                      \
  {                                                                                                              \
#name, &Particulars::name, &v1::AuditEntry::name##_commitment, &v1::AuditEntry::mutable_##name##_commitment, \
        &v1::AuditDetails::has_##name, &v1::AuditDetails::name, &v1::AuditDetails::mutable_##name                \
  }
const Field kFields[] = {
    OTOKURA_FIELD(account),   OTOKURA_FIELD(person), OTOKURA_FIELD(company), OTOKURA_FIELD(certificate), OTOKURA_FIELD(address),
    OTOKURA_FIELD(reference), OTOKURA_FIELD(reason), OTOKURA_FIELD(target),  OTOKURA_FIELD(contract),    OTOKURA_FIELD(approver),
};
#undef OTOKURA_FIELD

bool IsAscii(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string Committable(std::string_view value) {
  std::string committable(value);
  if (!IsAscii(value) && !crypto::DecodeUtf8(value).has_value()) {
    std::replace_if(
        committable.begin(), committable.end(), [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; }, '?');
  }
  if (committable.size() <= kCommittedValueBytesMax) return committable;
  size_t end = kCommittedValueBytesMax;
  while (IsContinuation(committable[end])) --end;
  committable.resize(end);
  return committable;
}

void CommitTo(const Particulars& particulars, v1::AuditEntry* leaf, v1::AuditDetails* details) {
  details->set_version(kDetailsVersion);
  // Drawn at once: asking the generator for each costs as much as all the rest of an entry's cryptography.
  const auto values = std::count_if(std::begin(kFields), std::end(kFields),
                                    [&particulars](const Field& field) { return !(particulars.*field.value).empty(); });
  const std::string salts = crypto::RandomBytes(static_cast<size_t>(values) * crypto::kCommitmentSaltBytes);
  size_t salt = 0;
  for (const Field& field : kFields) {
    (leaf->*field.mutable_commitment)()->clear();
    const std::string value = Committable(particulars.*field.value);
    if (value.empty()) continue;
    v1::CommittedValue* const detail = (details->*field.mutable_detail)();
    detail->set_salt(salts.data() + salt, crypto::kCommitmentSaltBytes);
    salt += crypto::kCommitmentSaltBytes;
    detail->set_value(value);
    *(leaf->*field.mutable_commitment)() = crypto::Commit(field.name, detail->salt(), value);
  }
}

std::string CommitmentsDigest(const v1::AuditEntry& leaf) {
  std::string commitments;
  for (const Field& field : kFields) {
    const std::string& commitment = (leaf.*field.commitment)();
    if (!commitment.empty()) commitments.append(field.name).append(1, '\0').append(commitment);
  }
  return crypto::Sha256(commitments);
}

absl::Status CheckDetails(const v1::AuditEntry& leaf, const v1::AuditDetails& details) {
  for (const Field& field : kFields) {
    if (!(details.*field.has_detail)()) continue;
    const v1::CommittedValue& detail = (details.*field.detail)();
    if (detail.salt().size() == crypto::kCommitmentSaltBytes &&
        crypto::Commit(field.name, detail.salt(), detail.value()) == (leaf.*field.commitment)()) {
      continue;
    }
    return absl::DataLossError(absl::StrCat("log entry ", leaf.sequence(), ": the ", field.name,
                                            " kept beside the leaf is not the one it commits to; run otokurad fsck"));
  }
  return absl::OkStatus();
}

}  // namespace otokura::audit
