// A receipt: everything that was logged about one recording, with proofs, as a file that anybody can check (RECEIPT.md).
#ifndef OTOKURA_CLIENT_RECEIPT_H_
#define OTOKURA_CLIENT_RECEIPT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/log_keys.h"
#include "otokura/audit_log.h"

namespace otokura::client {

inline constexpr size_t kReceiptAccessesMax = 100'000;                 // as the gateway bounds it
inline constexpr size_t kReceiptBytesMax = size_t{256} * 1024 * 1024;  // twice what so many ordinary entries take

struct ReceiptEntry {
  uint64_t index = 0;  // of the leaf in the tree
  std::string leaf{};
  std::vector<std::string> hashes{};  // RFC 6962 inclusion proof, the leaf's sibling first
};

struct Receipt {
  std::string recording_id{};           // text form
  std::vector<ReceiptEntry> entries{};  // oldest first
  std::string checkpoint{};             // a signed note, as it stands
};

std::string FormatReceipt(const Receipt& receipt);
// INVALID_ARGUMENT naming the line that is malformed. Checks form and limits alone: VerifyReceipt is next.
absl::StatusOr<Receipt> ParseReceipt(std::string_view text);

struct VerifiedReceipt {
  std::vector<AuditEntry> accesses{};  // oldest first; the last is the receipt's own entry
  crypto::Checkpoint checkpoint{};
};

// OK where a key of the log signed the checkpoint, every entry is in its tree, all are about the one recording, numbered from 1 without a
// hole, each naming the one before, and the last is a RECEIPT: so these are all there were up to that one. Else the first reason why not:
// DATA_LOSS, or OpenCheckpoint's error.
absl::StatusOr<VerifiedReceipt> VerifyReceipt(const Receipt& receipt, const crypto::LogKeys& log_keys);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_RECEIPT_H_
