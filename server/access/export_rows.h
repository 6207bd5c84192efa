// How exports lie in the store (FORMAT.md).
#ifndef OTOKURA_SERVER_ACCESS_EXPORT_ROWS_H_
#define OTOKURA_SERVER_ACCESS_EXPORT_ROWS_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/export.h"
#include "server/access/id_rows.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

struct ExportRow {
  using Record = v1::ExportRecord;
  static constexpr uint32_t kVersion = 1;
  static constexpr std::string_view kPrefix = "export/";
  static constexpr char kRows[] = "exports";
  static const std::string& IdOf(const Record& record) { return record.kept().id(); }
};
using StoredExport = IdRows<ExportRow>::Stored;

// Of one store; by id, and beside each what was taken under it.
class ExportRows : public IdRows<ExportRow> {
 public:
  // Borrowed.
  ExportRows(const storage::RecordReader* records, const keys::SiteKeys* keys) : IdRows(records, keys), records_(records), keys_(keys) {}

  // Whatever is there for this recording is replaced.
  absl::Status PutTaken(const ExportId& id, const v1::ExportedObject& object, storage::Batch* batch) const;
  // In the order of recording ids. Errors as IdRows'.
  absl::Status ForEachTaken(const ExportId& id, absl::FunctionRef<void(v1::ExportedObject object)> each) const;
  // Removes the export's row, as long as it still is this, and what was taken under it.
  absl::Status DropAll(const StoredExport& stored, storage::Batch* batch) const;

 private:
  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EXPORT_ROWS_H_
