#include "server/storage/local/local_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/local/audio_files.h"
#include "server/storage/local/file_errors.h"
#include "server/storage/local/rocks_records.h"
#include "server/storage/local/space_reserve.h"

namespace otokura::storage {
namespace {

constexpr char kLockFile[] = "lock";
constexpr char kVersionFile[] = "store";
constexpr char kAudioFolder[] = "audio";
constexpr char kRecordsFolder[] = "records";
// What this layout of folders and files is called. A later layout says another number, and is refused here.
constexpr std::string_view kVersionText = "otokura local store 1\n";
constexpr size_t kVersionTextBytesMax = 256;  // of any version; more is not ours
// Descriptors left for RocksDB, connections and the rest of the process.
constexpr rlim_t kOtherDescriptors = 4096;
constexpr size_t kOpenFilesMin = 64;

class LocalEngine : public Engine {
 public:
  LocalEngine(Descriptor folder, Descriptor lock, std::unique_ptr<SpaceReserve> reserve, std::unique_ptr<RocksRecords> records,
              std::unique_ptr<AudioFiles> audio)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        reserve_(std::move(reserve)),
        records_(std::move(records)),
        audio_(std::move(audio)) {}

  RecordStore& records() override { return *records_; }
  AudioStore& audio() override { return *audio_; }

 private:
  // Each needs those above it; the lock goes when all else is closed.
  const Descriptor folder_;
  const Descriptor lock_;
  const std::unique_ptr<SpaceReserve> reserve_;
  const std::unique_ptr<RocksRecords> records_;
  const std::unique_ptr<AudioFiles> audio_;
};

absl::Status NotAStore(const LocalEngineOptions& options, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("data_dir ", options.data_dir, ": ", absl::string_view(why.data(), why.size())));
}

absl::StatusOr<Descriptor> OpenDataFolder(const LocalEngineOptions& options) {
  if (options.data_dir.empty() || options.data_dir[0] != '/') return absl::InvalidArgumentError("data_dir: give an absolute path");
  if (options.create && options.read_only) return absl::InternalError("local engine: cannot create what is only to be read");
  absl::StatusOr<Descriptor> folder = OpenFileAt(AT_FDCWD, options.data_dir, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return NotAStore(options, "not a folder that can be opened");
  struct stat found {};
  if (fstat(folder->get(), &found) != 0) return FileError(errno, "stat data_dir");
  if (!options.read_only && fchmod(folder->get(), found.st_mode & 0700) != 0) return FileError(errno, "set the mode of data_dir");
  return folder;
}

absl::StatusOr<Descriptor> LockFolder(int folder, const LocalEngineOptions& options) {
  absl::StatusOr<Descriptor> lock = OpenFileAt(folder, kLockFile, options.create ? O_RDWR | O_CREAT : O_RDONLY);
  if (absl::IsNotFound(lock.status())) return NotAStore(options, "not a store; create one with otokurad init");
  if (!lock.ok()) return lock.status();
  if (flock(lock->get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return NotAStore(options, "another process is using it; stop that first");
  return FileError(errno, "lock data_dir");
}

// The text of the version file, empty where there is none.
absl::StatusOr<std::string> ReadVersion(int folder) {
  absl::StatusOr<Descriptor> file = OpenFileAt(folder, kVersionFile, O_RDONLY);
  if (absl::IsNotFound(file.status())) return std::string();
  if (!file.ok()) return file.status();
  std::string text(kVersionTextBytesMax, '\0');
  const ssize_t count = pread(file->get(), text.data(), text.size(), 0);
  if (count < 0) return FileError(errno, "read the store's version");
  text.resize(static_cast<size_t>(count));
  return text;
}

absl::Status CheckVersion(int folder, const LocalEngineOptions& options) {
  absl::StatusOr<std::string> version = ReadVersion(folder);
  if (!version.ok()) return version.status();
  if (options.create)
    return version->empty() ? absl::OkStatus()
                            : absl::AlreadyExistsError(absl::StrCat("data_dir ", options.data_dir, ": has a store already"));
  if (version->empty()) return NotAStore(options, "not a store; create one with otokurad init");
  if (*version != kVersionText) return NotAStore(options, "a store of another version; use the otokurad that made it, or a newer one");
  return absl::OkStatus();
}

// Last of all that is made: a store without it was never finished and may be created again.
absl::Status WriteVersion(int folder) {
  absl::StatusOr<Descriptor> file = OpenFileAt(folder, kVersionFile, O_RDWR | O_CREAT);
  if (!file.ok()) return file.status();
  if (pwrite(file->get(), kVersionText.data(), kVersionText.size(), 0) != static_cast<ssize_t>(kVersionText.size()) ||
      fsync(file->get()) != 0) {
    return FileError(errno, "write the store's version");
  }
  return SyncFolderAt(folder, ".");
}

absl::Status MakeFolder(int folder, const char* name) {
  if (mkdirat(folder, name, 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return FileError(errno, absl::StrCat("make folder ", name));
}

// Thousands of live calls have a file each, and the soft limit on descriptors is often 1024.
size_t OpenFilesMax(int wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kOpenFilesMin;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const rlim_t spare = limit.rlim_cur > 2 * kOtherDescriptors ? limit.rlim_cur - kOtherDescriptors : limit.rlim_cur / 2;
  return std::clamp<size_t>(wanted < 0 ? 0 : static_cast<size_t>(wanted), kOpenFilesMin, std::max<size_t>(spare, kOpenFilesMin));
}

absl::StatusOr<std::unique_ptr<AudioFiles>> OpenAudio(int folder, const LocalEngineOptions& options, SpaceReserve* reserve) {
  absl::StatusOr<Descriptor> root = OpenFileAt(folder, kAudioFolder, O_RDONLY | O_DIRECTORY);
  if (!root.ok()) return root.status();
  return std::make_unique<AudioFiles>(*std::move(root), AudioFilesOptions{.read_only = options.read_only,
                                                                          .preallocate_bytes = options.preallocate_bytes,
                                                                          .open_files_max = OpenFilesMax(options.open_files_max),
                                                                          .reserve = reserve});
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> OpenLocalEngine(const LocalEngineOptions& options) {
  absl::StatusOr<Descriptor> folder = OpenDataFolder(options);
  if (!folder.ok()) return folder.status();
  absl::StatusOr<Descriptor> lock = LockFolder(folder->get(), options);
  if (!lock.ok()) return lock.status();
  if (absl::Status status = CheckVersion(folder->get(), options); !status.ok()) return status;
  if (options.create) {
    for (const char* name : {kAudioFolder, kRecordsFolder}) {
      if (absl::Status status = MakeFolder(folder->get(), name); !status.ok()) return status;
    }
  }
  absl::StatusOr<std::unique_ptr<SpaceReserve>> reserve = SpaceReserve::Open(folder->get(), options.read_only ? 0 : options.reserve_bytes);
  if (!reserve.ok()) return reserve.status();
  absl::StatusOr<std::unique_ptr<RocksRecords>> records = RocksRecords::Open({.folder = absl::StrCat(options.data_dir, "/", kRecordsFolder),
                                                                              .create = options.create,
                                                                              .read_only = options.read_only,
                                                                              .reserve = reserve->get()});
  if (!records.ok()) return records.status();
  absl::StatusOr<std::unique_ptr<AudioFiles>> audio = OpenAudio(folder->get(), options, reserve->get());
  if (!audio.ok()) return audio.status();
  if (options.create) {
    if (absl::Status status = WriteVersion(folder->get()); !status.ok()) return status;
  }
  return std::make_unique<LocalEngine>(*std::move(folder), *std::move(lock), *std::move(reserve), *std::move(records), *std::move(audio));
}

}  // namespace otokura::storage
