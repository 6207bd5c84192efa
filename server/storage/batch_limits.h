// What every engine checks before it looks at a batch, and the committer before it folds one.
#ifndef OTOKURA_SERVER_STORAGE_BATCH_LIMITS_H_
#define OTOKURA_SERVER_STORAGE_BATCH_LIMITS_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "server/storage/storage.h"

namespace otokura::storage {

// INTERNAL, naming the limit and the table, where a key, a value or the whole passes its limit, or a key is empty.
absl::Status CheckBatch(const Batch& batch);
absl::Status CheckKey(Table table, std::string_view key);
// What counts against kBatchBytesMax: keys and values of the writes.
size_t BatchBytes(const Batch& batch);

// The one answer to a precondition that does not hold. Names the table and never the key, which can be personal.
absl::Status PreconditionBroken(Table table);

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_BATCH_LIMITS_H_
