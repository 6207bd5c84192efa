// How the egress ledger lies in the store (FORMAT.md).
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_ROWS_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_ROWS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/access/egress/ledger_book.h"
#include "server/storage/storage.h"

namespace otokura::access {

inline constexpr size_t kSubjectIdBytes = 16;
inline constexpr std::string_view kLedgerIncompleteKey = "ledger-incomplete";  // in Table::kMeta: it is being made anew

// DATA_LOSS where it was being made anew and that was broken off: what is missing would be allowed again.
absl::Status CheckLedgerIsComplete(const storage::RecordReader& records);

// DATA_LOSS where a row does not parse, FAILED_PRECONDITION where it is from a newer version.
absl::StatusOr<Usage> ReadUsage(const storage::RecordReader& records, const std::string& subject);
absl::StatusOr<Seen> ReadSeen(const storage::RecordReader& records, const TermKey& term);

// When each of `subjects` last met the term, in their order; nothing for one that never did.
using LastMet = std::vector<std::optional<absl::Time>>;
absl::StatusOr<LastMet> ReadLastMet(const storage::RecordReader& records, const TermKey& term, absl::Span<const std::string_view> subjects);

// The rows of what was touched, as the book has them now; empty ones are deleted.
void PutTouched(const LedgerBook& book, const Touched& touched, storage::Batch* batch);

// A row's value as far as it counts at `now`; empty where nothing of it does. A damaged one stays as it is.
std::string CountedOf(storage::Table table, std::string_view key, std::string_view value, absl::Time now);

// Every row that the book would have: table, key, value.
using LedgerRow = absl::FunctionRef<void(storage::Table table, const std::string& key, const std::string& value)>;
void ForEachRow(const LedgerBook& book, LedgerRow row);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_ROWS_H_
