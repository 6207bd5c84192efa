// How cases lie in the store (FORMAT.md): sealed under a keyed hash of their name.
#ifndef OTOKURA_SERVER_ACCESS_CASE_ROWS_H_
#define OTOKURA_SERVER_ACCESS_CASE_ROWS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

struct StoredCase {
  v1::CaseRecord record;
  std::string row;
};

// The row must still be `expected`; nothing: it must not be there.
absl::Status PutCase(const v1::CaseRecord& record, std::optional<std::string> expected, const keys::SiteKeys& keys, storage::Batch* batch);
// Nothing where no such case is stored. DATA_LOSS where the row does not open or is another's, FAILED_PRECONDITION where it is from a newer
// version.
absl::StatusOr<std::optional<StoredCase>> ReadCase(const storage::RecordReader& records, std::string_view name, const keys::SiteKeys& keys);
// Every one, in no order that means anything.
absl::Status ReadCases(const storage::RecordReader& records, const keys::SiteKeys& keys,
                       absl::FunctionRef<void(v1::CaseRecord record)> found);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CASE_ROWS_H_
