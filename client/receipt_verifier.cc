// VerifyReceipt: why a receipt that leaves an entry out, adds one or changes one does not hold.
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/receipt.h"
#include "crypto/merkle.h"

namespace otokura::client {
namespace {

absl::Status NotSo(size_t number, const ReceiptEntry& entry, std::string_view why) {
  return absl::DataLossError(
      absl::StrCat("receipt: access ", number, " (entry ", entry.index, ") ", absl::string_view(why.data(), why.size())));
}

// `before` is the access before this one; null for the first.
absl::Status CheckPlace(const AuditEntry& access, const AuditEntry* before, size_t number, const ReceiptEntry& entry) {
  if (access.access_number < number) {
    return NotSo(number, entry, absl::StrCat("says that it is access ", access.access_number, ": one is there twice, or out of its order"));
  }
  if (access.access_number > number) {
    return NotSo(number, entry, absl::StrCat("says that it is access ", access.access_number, ": those before it are missing"));
  }
  if (access.previous_sequence != (before == nullptr ? 0 : before->sequence)) {
    return NotSo(number, entry, absl::StrCat("names entry ", access.previous_sequence, " as the one before it, which is another"));
  }
  if (before != nullptr && (access.sequence <= before->sequence || access.time < before->time)) {
    return NotSo(number, entry, "lies before the access that it follows");
  }
  return absl::OkStatus();
}

absl::StatusOr<AuditEntry> CheckEntry(const Receipt& receipt, size_t number, const crypto::Checkpoint& checkpoint,
                                      const AuditEntry* before) {
  const ReceiptEntry& entry = receipt.entries[number - 1];
  if (!crypto::VerifyInclusion(entry.index, checkpoint.tree_size, crypto::MerkleLeafHash(entry.leaf), entry.hashes, checkpoint.root).ok()) {
    return NotSo(number, entry, "is not the one in the log: it, its number, its proof or the checkpoint was changed");
  }
  absl::StatusOr<AuditEntry> access = ParseAuditEntry(entry.leaf);
  if (!access.ok()) return access.status();
  if (access->sequence != entry.index) return NotSo(number, entry, absl::StrCat("says that it is entry ", access->sequence));
  if (access->recording_id != receipt.recording_id) return NotSo(number, entry, "is about another recording");
  if (absl::Status placed = CheckPlace(*access, before, number, entry); !placed.ok()) return placed;
  return access;
}

}  // namespace

absl::StatusOr<VerifiedReceipt> VerifyReceipt(const Receipt& receipt, const crypto::LogKeys& log_keys) {
  absl::StatusOr<crypto::Checkpoint> checkpoint = log_keys.Open(receipt.checkpoint);
  if (!checkpoint.ok()) return checkpoint.status();
  VerifiedReceipt verified{.checkpoint = *std::move(checkpoint)};
  for (size_t number = 1; number <= receipt.entries.size(); ++number) {
    absl::StatusOr<AuditEntry> access =
        CheckEntry(receipt, number, verified.checkpoint, verified.accesses.empty() ? nullptr : &verified.accesses.back());
    if (!access.ok()) return access.status();
    verified.accesses.push_back(*std::move(access));
  }
  if (verified.accesses.empty() || verified.accesses.back().action != "RECEIPT" || verified.accesses.back().decision != "ALLOWED") {
    return absl::DataLossError("receipt: its last entry is not that of a receipt, so later ones may have been left out");
  }
  return verified;
}

}  // namespace otokura::client
