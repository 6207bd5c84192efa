// Several commits made into one batch, each as if it had been written alone after the ones before it.
#ifndef OTOKURA_SERVER_STORAGE_RECORD_FOLD_H_
#define OTOKURA_SERVER_STORAGE_RECORD_FOLD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::storage {

// Not thread-safe: lives on the record lane.
class RecordFold {
 public:
  // Both borrowed; `sequencer` may be null.
  RecordFold(const RecordReader& store, LogSequencer* sequencer) : store_(store), sequencer_(sequencer) {}

  // False where the commit should begin the next fold because this one is large enough.
  bool HasRoomFor(const RecordCommit& commit) const;
  // Adds the commit, sequencing its entries. On an error the fold is as it was, unless `spoiled`.
  absl::Status Add(RecordCommit& commit, std::vector<uint64_t>* sequences);
  // After the last commit, before the batch is written.
  void Conclude();
  // The sequencer holds places for entries that are not in the batch: reload it and fold again.
  bool spoiled() const { return spoiled_; }
  const Batch& batch() const { return batch_; }

 private:
  absl::Status CheckPreconditions(const Batch& batch);
  absl::StatusOr<std::optional<std::string>> Current(Table table, const std::string& key, bool* from_store);
  void Merge(Batch one);

  const RecordReader& store_;
  LogSequencer* const sequencer_;
  Batch batch_;
  size_t bytes_ = 0;
  int commits_ = 0;
  bool spoiled_ = false;
  bool has_entries_ = false;
  absl::flat_hash_map<std::pair<Table, std::string>, size_t> newest_;  // a key's last write among the first `looked_up_` of `batch_`
  size_t looked_up_ = 0;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_RECORD_FOLD_H_
