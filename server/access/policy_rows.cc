#include "server/access/policy_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "otokura/v1/stored.pb.h"
#include "proto/policy/shipped.h"
#include "proto/policy/signed_policy.h"
#include "server/audit/policy_history.h"

namespace otokura::access {
namespace {

constexpr uint32_t kRecordVersion = 1;

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("policy: the stored one ", std::string(what),
                   ", so nothing of a recording is released; restore the store from a backup, or run otokurad fsck"));
}

std::string RowOf(std::string document, const std::vector<std::string>& signers) {
  v1::PolicyRecord record;
  record.set_version(kRecordVersion);
  record.set_document(std::move(document));
  for (const std::string& signer : signers) record.add_signers(signer);
  return record.SerializeAsString();
}

absl::StatusOr<v1::PolicyRecord> ParseRow(const std::string& row) {
  v1::PolicyRecord record;
  if (!record.ParseFromString(row) || record.version() == 0) return Damaged("cannot be read");
  if (record.version() == kRecordVersion) return record;
  return absl::FailedPreconditionError(absl::StrCat("policy: the stored one has version ", record.version(), ", this gateway reads ",
                                                    kRecordVersion, "; use a newer gateway"));
}

// The text alone where nobody could sign: nothing but the log vouches for it then.
absl::StatusOr<policy::SignedText> Verified(const v1::PolicyRecord& record) {
  if (record.signers().empty()) return policy::SignedText{record.document(), {}};
  return policy::CheckSignatures(record.document(), {record.signers().begin(), record.signers().end()});
}

absl::StatusOr<StoredPolicy> ReadRow(std::string row) {
  const auto record = ParseRow(row);
  if (!record.ok()) return record.status();
  auto verified = Verified(*record);
  if (!verified.ok()) return Damaged("does not bear the signatures it had");
  auto rules = policy::Rules::Compile(verified->text);
  if (!rules.ok()) return Damaged("is not one that this gateway takes");
  return StoredPolicy{std::move(row), record->document(), *std::move(rules), std::move(verified->signed_by)};
}

}  // namespace

absl::StatusOr<StoredPolicy> ReadPolicy(const storage::RecordReader& records, const keys::SiteKeys& keys, const audit::Log& log) {
  auto row = records.Get(storage::Table::kMeta, kPolicyKey);
  if (!row.ok()) return row.status();
  const auto logged = audit::NewestPolicyDigest(records, keys, log);
  if (!logged.ok()) return Damaged("cannot be compared with the log");
  if (!row->has_value()) {
    if (logged->has_value()) return Damaged("is missing");
    return StoredPolicy{std::nullopt, std::string(policy::ShippedText()), policy::ShippedRules(), {}};
  }
  auto stored = ReadRow(**std::move(row));
  if (stored.ok() && stored->rules->sha256() != logged->value_or("")) return Damaged("is not the one that the log names");
  return stored;
}

absl::StatusOr<std::unique_ptr<audit::Draft>> PutFirstPolicy(const std::string& note, const std::vector<std::string>& signers,
                                                             storage::Batch* batch) {
  std::string text = policy::FirstText(signers);
  if (!note.empty()) {
    auto verified = policy::CheckSignatures(note, signers);
    if (!verified.ok()) return verified.status();
    if (auto rules = policy::CompileNext(verified->text); !rules.ok()) return rules.status();
    text = std::move(verified->text);
  }
  auto entry = std::make_unique<audit::Draft>();
  entry->leaf.set_action(v1::POLICY_LOAD);
  entry->leaf.set_decision(v1::NOTED);
  entry->leaf.set_rule("init");
  entry->leaf.set_policy_sha256(crypto::Sha256(text));
  batch->Put(storage::Table::kMeta, kPolicyKey, note.empty() ? RowOf(std::move(text), {}) : RowOf(note, signers));
  return entry;
}

void ReplacePolicy(const StoredPolicy& before, std::string document, storage::Batch* batch) {
  batch->preconditions.push_back({storage::Table::kMeta, std::string(kPolicyKey), before.row});
  batch->Put(storage::Table::kMeta, kPolicyKey, RowOf(std::move(document), before.rules->signers()));
}

}  // namespace otokura::access
