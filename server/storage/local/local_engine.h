// The default engine: RocksDB for records (a column family a table, one write-ahead log) and one file a part for audio under
// audio/YYYY/MM/DD/.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_LOCAL_ENGINE_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_LOCAL_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/storage/storage.h"

namespace otokura::storage {

struct LocalEngineOptions {
  std::string data_dir;                         // absolute, exists, mode 0700 or stricter is set by the engine
  bool create = false;                          // make an empty store; ALREADY_EXISTS where there is one
  bool read_only = false;                       // fsck beside nothing else; never with `create`
  uint64_t preallocate_bytes = 256 * 1024;      // step in which a live part's space is taken, 32 s of G.711
  uint64_t reserve_bytes = uint64_t{64} << 20;  // a quarter of it stays for flushing the rest; 0: none
  int open_files_max = 20000;                   // audio files kept open at once; beyond, the least recently used is closed
};

// FAILED_PRECONDITION where another process holds the folder, or it is not a store of this version.
absl::StatusOr<std::unique_ptr<Engine>> OpenLocalEngine(const LocalEngineOptions& options);

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_LOCAL_ENGINE_H_
