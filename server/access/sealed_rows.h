// Rows of table `meta` that are sealed as accounts are (FORMAT.md): what they are about is in nobody's clear.
#ifndef OTOKURA_SERVER_ACCESS_SEALED_ROWS_H_
#define OTOKURA_SERVER_ACCESS_SEALED_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

// Where a row lies, and what it is sealed to: 16 bytes, so that no row opens in another's place. No account name contains a slash, so none
// shares this with an account.
struct SealedRowName {
  std::string row_key;
  std::string sealing_key;
};
// prefix ‖ hex of a keyed hash of the name: for names that tell who somebody is. `prefix` ends in a slash.
SealedRowName HashedRow(std::string_view prefix, std::string_view name, const keys::SiteKeys& keys);
// prefix ‖ hex of the id, in the order of ids: for ids that tell nothing.
SealedRowName RowOfId(std::string_view prefix, std::string_view id, const keys::SiteKeys& keys);

// What a row holds, and its exact stored bytes, which are the precondition of every change to it.
struct OpenedRow {
  std::string record;
  std::string row;
};

// The row must still be `expected`; nothing: it must not be there.
absl::Status PutSealed(const SealedRowName& name, std::string_view record, std::optional<std::string> expected, const keys::SiteKeys& keys,
                       storage::Batch* batch);
// Nothing where there is no such row. DATA_LOSS where it does not open.
absl::StatusOr<std::optional<OpenedRow>> ReadSealed(const storage::RecordReader& records, const SealedRowName& name,
                                                    const keys::SiteKeys& keys);
// Every row whose key begins with the prefix.
storage::ScanRange RowsOf(std::string_view prefix);

// DATA_LOSS; `what` names the rows.
absl::Status InAnothersPlace(std::string_view what);

// Of a message that has a field `version`. DATA_LOSS, or FAILED_PRECONDITION for one from a newer gateway; `what` names the rows.
template <typename Record>
absl::StatusOr<Record> ParseVersioned(const std::string& bytes, uint32_t newest_version, std::string_view what) {
  const std::string rows(what);
  Record record;
  if (!record.ParseFromString(bytes) || record.version() == 0) {
    return absl::DataLossError(absl::StrCat(rows, ": a row does not parse; run otokurad fsck"));
  }
  if (record.version() <= newest_version) return record;
  return absl::FailedPreconditionError(
      absl::StrCat(rows, ": a row has version ", record.version(), ", this gateway reads up to ", newest_version, "; use a newer gateway"));
}

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_SEALED_ROWS_H_
