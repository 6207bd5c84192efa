#include "server/storage/batch_limits.h"

#include "absl/strings/str_cat.h"

namespace otokura::storage {
namespace {

absl::string_view NameOf(Table table) {
  const std::string_view name = TableName(table);
  return absl::string_view(name.data(), name.size());
}

}  // namespace

std::string_view TableName(Table table) {
  switch (table) {
    case Table::kMeta:
      return "meta";
    case Table::kRecordings:
      return "recordings";
    case Table::kMetadata:
      return "metadata";
    case Table::kManifests:
      return "manifests";
    case Table::kByCentre:
      return "by_centre";
    case Table::kByQueue:
      return "by_queue";
    case Table::kTags:
      return "tags";
    case Table::kCalls:
      return "calls";
    case Table::kAccounts:
      return "accounts";
    case Table::kLog:
      return "log";
    case Table::kLogDetails:
      return "log_details";
    case Table::kAccessCounts:
      return "access_counts";
    case Table::kTiles:
      return "log_tiles";
    case Table::kLogIndex:
      return "log_index";
    case Table::kLedger:
      return "ledger";
    case Table::kLedgerTerms:
      return "ledger_terms";
  }
  return "";
}

absl::Status CheckKey(Table table, std::string_view key) {
  if (TableName(table).empty()) return absl::InternalError("batch: no such table");
  if (key.empty()) return absl::InternalError(absl::StrCat("batch: an empty key for table ", NameOf(table)));
  if (key.size() > kKeyBytesMax) {
    return absl::InternalError(
        absl::StrCat("batch: a key of ", key.size(), " bytes for table ", NameOf(table), "; at most ", kKeyBytesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckBatch(const Batch& batch) {
  for (const Precondition& precondition : batch.preconditions) {
    if (absl::Status status = CheckKey(precondition.table, precondition.key); !status.ok()) return status;
  }
  for (const Write& write : batch.writes) {
    if (absl::Status status = CheckKey(write.table, write.key); !status.ok()) return status;
    if (write.value && write.value->size() > kValueBytesMax) {
      return absl::InternalError(
          absl::StrCat("batch: a value of ", write.value->size(), " bytes for table ", NameOf(write.table), "; at most ", kValueBytesMax));
    }
  }
  if (const size_t bytes = BatchBytes(batch); bytes > kBatchBytesMax) {
    return absl::InternalError(absl::StrCat("batch: ", bytes, " bytes; at most ", kBatchBytesMax));
  }
  return absl::OkStatus();
}

size_t BatchBytes(const Batch& batch) {
  size_t bytes = 0;
  for (const Write& write : batch.writes) bytes += write.key.size() + (write.value ? write.value->size() : 0);
  return bytes;
}

absl::Status PreconditionBroken(Table table) {
  return absl::AbortedError(absl::StrCat("a record of table ", NameOf(table), " is not as expected: read it again and retry"));
}

}  // namespace otokura::storage
