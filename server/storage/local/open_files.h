// The audio files kept open: a bounded cache, the least recently used closed first.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_OPEN_FILES_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_OPEN_FILES_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/local/file_errors.h"
#include "server/storage/recording_id.h"

namespace otokura::storage {

struct OpenFile {
  Descriptor fd;
  bool writable = false;
  // Has bytes that no sync has covered. Such a file stays open, because a failed write-back is reported to descriptors that were open at
  // the time.
  std::atomic<bool> unsynced{false};
  std::atomic<bool> name_unsynced{false};
  uint64_t allocated = 0;  // bytes of space taken so far; the appender's
};

// Thread-safe. A file that is dropped or pushed out closes when its last user lets go.
class OpenFiles {
 public:
  explicit OpenFiles(size_t files_max) : files_max_(files_max) {}

  std::shared_ptr<OpenFile> Find(const AudioObjectId& object);  // null where it is not open
  void Insert(const AudioObjectId& object, std::shared_ptr<OpenFile> file);
  void Drop(const AudioObjectId& object);
  // After a sync: back to size, where files that could not be closed had made it grow.
  void Trim();

 private:
  using Entry = std::pair<AudioObjectId, std::shared_ptr<OpenFile>>;

  std::shared_ptr<OpenFile> TakeOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t files_max_;
  absl::Mutex mutex_;
  std::list<Entry> newest_first_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<AudioObjectId, std::list<Entry>::iterator> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_OPEN_FILES_H_
