// Sealed rows of one message a UUIDv7, in the order in which the ids were made (FORMAT.md): grants and exports.
#ifndef OTOKURA_SERVER_ACCESS_ID_ROWS_H_
#define OTOKURA_SERVER_ACCESS_ID_ROWS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/access/sealed_rows.h"
#include "server/keys/site_keys.h"
#include "server/storage/recording_id.h"
#include "server/storage/storage.h"

namespace otokura::access {

// Of one store. `Kind` says what is kept: Record, a message that has a version; kVersion, the newest known; kPrefix, which ends in a slash;
// kRows, what errors call them; and IdOf(record), the text form of its id.
template <typename Kind>
class IdRows {
 public:
  using Record = typename Kind::Record;
  using Id = storage::RecordingId;
  // A record and its exact stored bytes, which are the precondition of every change to it.
  struct Stored {
    Record record;
    std::string row;
  };

  // Borrowed.
  IdRows(const storage::RecordReader* records, const keys::SiteKeys* keys) : records_(records), keys_(keys) {}

  // Nothing where there is none. DATA_LOSS where the row does not open or is another's, FAILED_PRECONDITION where it is from a newer
  // version. So do all that read.
  absl::StatusOr<std::optional<Stored>> Read(const Id& id) const {
    const std::string row_key = KeyOf(id);
    absl::StatusOr<std::optional<std::string>> row = records_->Get(storage::Table::kMeta, row_key);
    if (!row.ok()) return row.status();
    if (!row->has_value()) return std::optional<Stored>();
    absl::StatusOr<Stored> stored = Open(row_key, **row);
    if (!stored.ok()) return stored.status();
    return std::optional<Stored>(*std::move(stored));
  }
  // The row must still be `expected`; nothing: it must not be there.
  absl::Status Put(Record record, std::optional<std::string> expected, storage::Batch* batch) const {
    const auto id = Id::Parse(Kind::IdOf(record));
    if (!id.ok()) return id.status();
    record.set_version(Kind::kVersion);
    return PutSealed(RowOfId(Kind::kPrefix, id->bytes(), *keys_), record.SerializeAsString(), std::move(expected), *keys_, batch);
  }
  // Removes that row, as long as it still is this.
  void Drop(const Stored& stored, storage::Batch* batch) const {
    const auto id = Id::Parse(Kind::IdOf(stored.record));
    if (!id.ok()) return;
    batch->preconditions.push_back({storage::Table::kMeta, KeyOf(*id), stored.row});
    batch->Delete(storage::Table::kMeta, KeyOf(*id));
  }

  // In the order of ids, or the newest first and then only those before `before`, until `each` returns false.
  absl::Status ForEach(absl::FunctionRef<bool(Stored stored)> each) const { return Scan(RowsOf(Kind::kPrefix), each); }
  absl::Status ForEachNewestFirst(std::optional<Id> before, absl::FunctionRef<bool(Stored stored)> each) const {
    storage::ScanRange range = RowsOf(Kind::kPrefix);
    range.newest_first = true;
    if (before.has_value()) range.last = KeyOf(*before);
    return Scan(range, each);
  }

 private:
  std::string KeyOf(const Id& id) const { return RowOfId(Kind::kPrefix, id.bytes(), *keys_).row_key; }

  absl::StatusOr<Stored> Open(std::string_view row_key, std::string_view row) const {
    const std::string id = absl::HexStringToBytes(std::string(row_key.substr(Kind::kPrefix.size())));
    absl::StatusOr<std::string> opened = keys_->OpenAccount(RowOfId(Kind::kPrefix, id, *keys_).sealing_key, row);
    if (!opened.ok()) return opened.status();
    absl::StatusOr<Record> record = ParseVersioned<Record>(*opened, Kind::kVersion, Kind::kRows);
    if (!record.ok()) return record.status();
    const auto named = Id::Parse(Kind::IdOf(*record));
    if (!named.ok() || named->bytes() != std::string_view(id)) return InAnothersPlace(Kind::kRows);
    return Stored{*std::move(record), std::string(row)};
  }

  absl::Status Scan(const storage::ScanRange& range, absl::FunctionRef<bool(Stored stored)> each) const {
    absl::Status problem;
    absl::Status scanned = records_->Scan(storage::Table::kMeta, range, [&](std::string_view row_key, std::string_view row) {
      absl::StatusOr<Stored> stored = Open(row_key, row);
      problem = stored.status();
      return problem.ok() && each(*std::move(stored));
    });
    return scanned.ok() ? problem : scanned;
  }

  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ID_ROWS_H_
