// How the log lies in the tables of the store (FORMAT.md): keys, and the rows that are small messages.
#ifndef OTOKURA_SERVER_AUDIT_LOG_ROWS_H_
#define OTOKURA_SERVER_AUDIT_LOG_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/storage/storage.h"

namespace otokura::audit {

inline constexpr std::string_view kHeadKey = "log-head";                 // in Table::kMeta
inline constexpr std::string_view kPrunedEndKey = "log-details-pruned";  // in Table::kMeta → sequence
inline constexpr uint32_t kEntryVersion = 1;
inline constexpr uint32_t kDetailsVersion = 1;
inline constexpr uint32_t kHeadVersion = 1;

std::string SequenceKey(uint64_t sequence);  // kLog, kLogDetails; the end of keys of kLogIndex
std::optional<uint64_t> ParseSequenceKey(std::string_view key);

// DATA_LOSS where the leaf does not parse or says another sequence, FAILED_PRECONDITION where its version is newer than this reader.
absl::StatusOr<v1::AuditEntry> ParseLeaf(uint64_t sequence, std::string_view leaf);

// The stored head, or one of an empty log where there is none. DATA_LOSS, FAILED_PRECONDITION as above.
absl::StatusOr<v1::LogHead> ReadHead(const storage::RecordReader& records);
// The entries below this had their details pruned; 0 where none had.
absl::StatusOr<uint64_t> ReadPrunedEnd(const storage::RecordReader& records);
// What the store counts about this recording; zero where nothing was logged about it.
absl::StatusOr<v1::AccessCount> ReadAccessCount(const storage::RecordReader& records, std::string_view recording_id);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_LOG_ROWS_H_
