// Rows of the index: runs of entries that say the same (FORMAT.md).
#ifndef OTOKURA_SERVER_AUDIT_INDEX_ROWS_H_
#define OTOKURA_SERVER_AUDIT_INDEX_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Entries in a row: to read one takes about as long as to find it.
inline constexpr size_t kRunEntriesMax = 256;

// The key of the row under `prefix` whose first entry is this.
std::string IndexKey(std::string_view prefix, uint64_t first);
// The prefix of a key; empty where it cannot be one.
std::string_view IndexedPrefix(std::string_view key);
// The entries that a row names, oldest first. Nothing where it is damaged.
std::optional<std::vector<uint64_t>> IndexedEntries(std::string_view key, std::string_view value);

// Gathers rows that are to be written together.
class IndexRows {
 public:
  // Under each prefix in rising order.
  void Add(const std::string& prefix, uint64_t sequence);
  void PutInto(storage::Batch* batch) const;
  size_t rows() const { return growing_.size() + full_.size(); }
  void Clear();

 private:
  struct Run {
    uint64_t first = 0;
    uint64_t last = 0;
    size_t entries = 0;
    std::string further;  // the row's value
  };
  absl::flat_hash_map<std::string, Run> growing_;  // by prefix
  std::vector<std::pair<std::string, Run>> full_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_INDEX_ROWS_H_
