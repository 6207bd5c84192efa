#include "server/storage/local/audio_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/audio_errors.h"
#include "server/storage/local/audio_path.h"

namespace otokura::storage {
namespace {

constexpr mode_t kLiveMode = 0600;
constexpr mode_t kSealedMode = 0400;
constexpr mode_t kFolderMode = 0700;
constexpr uint64_t kStatBlockBytes = 512;  // the unit of st_blocks, stat(2)
// One syncfs costs about what a few fdatasyncs do, and also waits for what others have written.
constexpr size_t kSingleSyncsMax = 4;

absl::StatusOr<struct stat> Stat(int fd, const AudioObjectId& object) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return FileError(errno, absl::StrCat("stat ", AudioPath(object)));
  return found;
}

bool IsSealed(const struct stat& found) { return (found.st_mode & S_IWUSR) == 0; }

int SyncData(int fd) {
  int result;
  do {
    result = fdatasync(fd);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

absl::Status AudioFiles::Append(const AudioObjectId& object, uint64_t offset, std::string_view bytes) {
  if (absl::Status status = CheckWritable(); !status.ok()) return status;
  if (HasDamage(object, Damage::kTailUnknown)) return TailUnknown(object);
  if (absl::Status status = options_.reserve->Admit(bytes.size(), /*may_use_reserve=*/false); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<OpenFile>> file = File(object, offset == 0 ? Access::kCreate : Access::kWrite);
  if (!file.ok()) return file.status();
  absl::StatusOr<struct stat> found = Stat((*file)->fd.get(), object);
  if (!found.ok()) return found.status();
  if (IsSealed(*found)) return ObjectIsSealed(object);
  const auto size = static_cast<uint64_t>(found->st_size);
  if (offset != size) return NotAtTheEnd(object, offset, size);
  // Not for the first piece: a call that never says anything takes no space.
  if (offset > 0) Preallocate(**file, offset, bytes.size());
  (*file)->unsynced = true;
  return WriteAll(object, **file, offset, bytes);
}

absl::Status AudioFiles::WriteAll(const AudioObjectId& object, OpenFile& file, uint64_t offset, std::string_view bytes) {
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t count = pwrite(file.fd.get(), bytes.data() + written, bytes.size() - written, static_cast<off_t>(offset + written));
    if (count > 0) {
      written += static_cast<size_t>(count);
      continue;
    }
    const int error = count == 0 ? EIO : errno;
    if (error == EINTR) continue;
    const absl::Status status = FileError(error, absl::StrCat("append to ", AudioPath(object)));
    // No space promises that nothing is stored, so what was written goes again.
    if (absl::IsResourceExhausted(status) && ftruncate(file.fd.get(), static_cast<off_t>(offset)) == 0) return status;
    SetDamage(object, Damage::kTailUnknown);
    return absl::UnavailableError(status.message());
  }
  return absl::OkStatus();
}

// KEEP_SIZE: the size says how much was appended, whatever is allocated. Failing is harmless, the write takes the space then.
void AudioFiles::Preallocate(OpenFile& file, uint64_t offset, uint64_t length) {
  const uint64_t step = options_.preallocate_bytes;
  if (step == 0 || !preallocates_ || offset + length <= file.allocated) return;
  const uint64_t from = std::max(file.allocated, offset);
  const uint64_t until = (offset + length + step - 1) / step * step;
  if (fallocate(file.fd.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(until - from)) == 0) {
    file.allocated = until;
  } else if (errno == EOPNOTSUPP || errno == ENOSYS) {
    preallocates_ = false;
  }
}

std::vector<absl::Status> AudioFiles::Sync(absl::Span<const AudioObjectId> objects) {
  std::vector<absl::Status> statuses(objects.size());
  std::vector<std::shared_ptr<OpenFile>> files(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) {
    if (HasDamage(objects[i], Damage::kSyncFailed)) {
      statuses[i] = SyncFailedBefore(objects[i]);
    } else if (absl::StatusOr<std::shared_ptr<OpenFile>> file = File(objects[i], Access::kRead); file.ok()) {
      files[i] = *std::move(file);
      // Before the sync: bytes appended meanwhile count as unsynced again.
      files[i]->unsynced = false;
    } else {
      statuses[i] = file.status();
    }
  }
  const size_t found = files.size() - static_cast<size_t>(std::count(files.begin(), files.end(), nullptr));
  const bool all_at_once = found > kSingleSyncsMax;
  const absl::Status shared = all_at_once ? SyncAll() : absl::OkStatus();
  for (size_t i = 0; i < objects.size(); ++i) {
    if (files[i] == nullptr) continue;
    statuses[i] = all_at_once ? shared : SyncOne(objects[i], *files[i]);
    if (statuses[i].ok()) {
      files[i]->name_unsynced = false;
    } else {
      SetDamage(objects[i], Damage::kSyncFailed);
    }
  }
  open_files_.Trim();
  return statuses;
}

// A failed sync's pages count as clean from then on, so whatever the error, it is the fate of these bytes that is unknown: UNAVAILABLE.
absl::Status AudioFiles::SyncOne(const AudioObjectId& object, OpenFile& file) {
  if (SyncData(file.fd.get()) != 0) return absl::UnavailableError(FileError(errno, absl::StrCat("sync ", AudioPath(object))).message());
  // Written by a process before this one, whose sync may have failed and left pages that read well and are on no disk: what is vouched for
  // after this is read from the disk.
  if (!file.writable) posix_fadvise(file.fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (!file.name_unsynced) return absl::OkStatus();
  const absl::Status status = SyncFolderAt(root_.get(), AudioDayFolder(object.recording));
  return status.ok() ? status : absl::UnavailableError(status.message());
}

absl::Status AudioFiles::SyncAll() {
  if (syncfs(root_.get()) == 0) return absl::OkStatus();
  return absl::UnavailableError(FileError(errno, "sync the audio file system").message());
}

absl::StatusOr<uint64_t> AudioFiles::Size(const AudioObjectId& object) const {
  struct stat found {};
  if (fstatat(root_.get(), AudioPath(object).c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) return static_cast<uint64_t>(found.st_size);
  if (errno == ENOENT) return NoSuchObject(object);
  return FileError(errno, absl::StrCat("stat ", AudioPath(object)));
}

absl::Status AudioFiles::Read(const AudioObjectId& object, uint64_t offset, uint64_t length, std::string* bytes) const {
  absl::StatusOr<std::shared_ptr<OpenFile>> file = File(object, Access::kRead);
  if (!file.ok()) return file.status();
  absl::StatusOr<struct stat> found = Stat((*file)->fd.get(), object);
  if (!found.ok()) return found.status();
  const auto size = static_cast<uint64_t>(found->st_size);
  if (offset > size || length > size - offset) return PastTheEnd(object, offset, length, size);
  bytes->resize(length);
  for (size_t done = 0; done < length;) {
    const ssize_t count = pread((*file)->fd.get(), bytes->data() + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, absl::StrCat("read ", AudioPath(object)));
    if (count == 0) return PastTheEnd(object, offset, length, offset + done);
    done += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

absl::Status AudioFiles::Truncate(const AudioObjectId& object, uint64_t size) {
  if (absl::Status status = CheckWritable(); !status.ok()) return status;
  open_files_.Drop(object);  // the next append sees what is allocated then
  absl::StatusOr<std::shared_ptr<OpenFile>> file = File(object, Access::kWrite);
  if (!file.ok()) return file.status();
  const int fd = (*file)->fd.get();
  absl::StatusOr<struct stat> found = Stat(fd, object);
  if (!found.ok()) return found.status();
  if (IsSealed(*found)) return ObjectIsSealed(object);
  if (size > static_cast<uint64_t>(found->st_size)) return CannotGrow(object, size, static_cast<uint64_t>(found->st_size));
  if (ftruncate(fd, static_cast<off_t>(size)) != 0 || fsync(fd) != 0) {
    SetDamage(object, Damage::kSyncFailed);
    return absl::UnavailableError(FileError(errno, absl::StrCat("truncate ", AudioPath(object))).message());
  }
  if (absl::Status status = SyncFolderAt(root_.get(), AudioDayFolder(object.recording)); !status.ok()) return status;
  open_files_.Drop(object);
  ClearDamage(object);
  return absl::OkStatus();
}

absl::Status AudioFiles::Seal(const AudioObjectId& object) {
  if (absl::Status status = CheckWritable(); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<OpenFile>> file = File(object, Access::kWrite);
  if (!file.ok()) return file.status();
  const int fd = (*file)->fd.get();
  absl::StatusOr<struct stat> found = Stat(fd, object);
  if (!found.ok()) return found.status();
  // Truncating to the present size gives back what was allocated beyond it.
  if (ftruncate(fd, found->st_size) != 0 || fchmod(fd, kSealedMode) != 0) return FileError(errno, absl::StrCat("seal ", AudioPath(object)));
  open_files_.Drop(object);
  return absl::OkStatus();
}

absl::Status AudioFiles::Delete(const AudioObjectId& object) {
  if (absl::Status status = CheckWritable(); !status.ok()) return status;
  open_files_.Drop(object);
  ClearDamage(object);
  if (unlinkat(root_.get(), AudioPath(object).c_str(), 0) != 0 && errno != ENOENT) {
    return FileError(errno, absl::StrCat("delete ", AudioPath(object)));
  }
  const absl::Status status = SyncFolderAt(root_.get(), AudioDayFolder(object.recording));
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status AudioFiles::CheckWritable() const {
  return options_.read_only ? absl::FailedPreconditionError("audio: the store is open for reading only") : absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<OpenFile>> AudioFiles::File(const AudioObjectId& object, Access access) const {
  std::shared_ptr<OpenFile> file = open_files_.Find(object);
  if (file != nullptr && (access == Access::kRead || file->writable)) return file;
  bool is_new = false;
  absl::StatusOr<Descriptor> fd = access == Access::kCreate
                                      ? Create(object, &is_new)
                                      : OpenFileAt(root_.get(), AudioPath(object), access == Access::kRead ? O_RDONLY : O_RDWR);
  if (absl::IsNotFound(fd.status())) return NoSuchObject(object);
  if (!fd.ok()) return fd.status();
  absl::StatusOr<struct stat> found = Stat(fd->get(), object);
  if (!found.ok()) return found.status();
  file = std::make_shared<OpenFile>();
  file->fd = *std::move(fd);
  file->writable = access != Access::kRead;
  file->name_unsynced = is_new;
  file->allocated = static_cast<uint64_t>(found->st_blocks) * kStatBlockBytes;
  open_files_.Insert(object, file);
  return file;
}

absl::StatusOr<Descriptor> AudioFiles::Create(const AudioObjectId& object, bool* is_new) const {
  const std::string path = AudioPath(object);
  absl::StatusOr<Descriptor> fd = OpenFileAt(root_.get(), path, O_RDWR | O_CREAT | O_EXCL, kLiveMode);
  if (absl::IsNotFound(fd.status())) {
    if (absl::Status status = MakeDayFolder(AudioDayFolder(object.recording)); !status.ok()) return status;
    fd = OpenFileAt(root_.get(), path, O_RDWR | O_CREAT | O_EXCL, kLiveMode);
  }
  *is_new = fd.ok();
  // Where it exists, its size decides whether this append may go on.
  return fd.ok() || faccessat(root_.get(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0 ? std::move(fd)
                                                                                         : OpenFileAt(root_.get(), path, O_RDWR);
}

absl::Status AudioFiles::MakeDayFolder(const std::string& day) const {
  std::string parent = ".";
  for (size_t end = day.find('/');; end = day.find('/', end + 1)) {
    const std::string folder = day.substr(0, end);
    if (mkdirat(root_.get(), folder.c_str(), kFolderMode) != 0) {
      if (errno != EEXIST) return FileError(errno, absl::StrCat("make folder ", folder));
    }
    // Also where it was there already: whoever made it may have died before this.
    if (absl::Status status = SyncFolderAt(root_.get(), parent); !status.ok()) return status;
    if (end == std::string::npos) return absl::OkStatus();
    parent = folder;
  }
}

bool AudioFiles::HasDamage(const AudioObjectId& object, Damage at_least) const {
  absl::MutexLock lock(&mutex_);
  auto found = damaged_.find(object);
  return found != damaged_.end() && found->second >= at_least;
}

void AudioFiles::SetDamage(const AudioObjectId& object, Damage damage) {
  absl::MutexLock lock(&mutex_);
  Damage& known = damaged_.try_emplace(object, damage).first->second;
  known = std::max(known, damage);
}

void AudioFiles::ClearDamage(const AudioObjectId& object) {
  absl::MutexLock lock(&mutex_);
  damaged_.erase(object);
}

}  // namespace otokura::storage
