// Audio objects as files, one a part (DESIGN §9). A sealed part's file is read-only (mode 0400), a live one's 0600.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_AUDIO_FILES_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_AUDIO_FILES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/storage/local/file_errors.h"
#include "server/storage/local/open_files.h"
#include "server/storage/local/space_reserve.h"
#include "server/storage/storage.h"

namespace otokura::storage {

struct AudioFilesOptions {
  bool read_only = false;
  uint64_t preallocate_bytes = 0;
  size_t open_files_max = 64;
  SpaceReserve* reserve = nullptr;  // borrowed, outlives the store
};

class AudioFiles : public AudioStore {
 public:
  // `root`: the audio folder.
  AudioFiles(Descriptor root, const AudioFilesOptions& options)
      : root_(std::move(root)), options_(options), open_files_(options.open_files_max) {}

  absl::Status Append(const AudioObjectId& object, uint64_t offset, std::string_view bytes) override;
  std::vector<absl::Status> Sync(absl::Span<const AudioObjectId> objects) override;
  absl::StatusOr<uint64_t> Size(const AudioObjectId& object) const override;
  absl::Status Read(const AudioObjectId& object, uint64_t offset, uint64_t length, std::string* bytes) const override;
  absl::Status Truncate(const AudioObjectId& object, uint64_t size) override;
  absl::Status Seal(const AudioObjectId& object) override;
  absl::Status Delete(const AudioObjectId& object) override;
  absl::Status List(absl::FunctionRef<bool(const AudioObjectId&, uint64_t)> object,
                    absl::FunctionRef<void(std::string_view)> foreign) const override;
  absl::StatusOr<FreeSpace> Free() const override { return options_.reserve->Free(); }

 private:
  // What an error left of an object; until Truncate.
  enum class Damage { kTailUnknown, kSyncFailed };
  enum class Access { kRead, kWrite, kCreate };

  absl::StatusOr<std::shared_ptr<OpenFile>> File(const AudioObjectId& object, Access access) const;
  absl::StatusOr<Descriptor> Create(const AudioObjectId& object, bool* is_new) const;
  absl::Status MakeDayFolder(const std::string& day) const;
  absl::Status CheckWritable() const;
  void Preallocate(OpenFile& file, uint64_t offset, uint64_t length);
  absl::Status WriteAll(const AudioObjectId& object, OpenFile& file, uint64_t offset, std::string_view bytes);
  absl::Status SyncOne(const AudioObjectId& object, OpenFile& file);
  absl::Status SyncAll();
  bool HasDamage(const AudioObjectId& object, Damage at_least) const;
  void SetDamage(const AudioObjectId& object, Damage damage);
  void ClearDamage(const AudioObjectId& object);

  // Open from the start: a write-back error anywhere on the disk is reported to it once by syncfs.
  const Descriptor root_;
  const AudioFilesOptions options_;
  mutable OpenFiles open_files_;
  std::atomic<bool> preallocates_{true};  // until the file system says that it cannot
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<AudioObjectId, Damage> damaged_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_AUDIO_FILES_H_
