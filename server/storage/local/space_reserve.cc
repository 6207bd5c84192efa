#include "server/storage/local/space_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "server/storage/local/file_errors.h"

namespace otokura::storage {
namespace {

constexpr char kReserveFile[] = "reserve";
// What ordinary writes leave: a flush of RocksDB's memory tables and the next piece of its write-ahead log need no permission from us.
constexpr uint64_t kHeadroomBytes = uint64_t{16} << 20;
// What the users of the reserve leave of it, one part in so many: what they write is flushed to tables in the background, which needs the
// space once more before it gives back the log's. Of the default reserve that is two memory tables. A flush that fails all the same is
// honest but hard: UNAVAILABLE.
constexpr uint64_t kLeftOfReserve = 4;
// Free space, in reserves, at which the reserve is taken back: well clear of the point where it was given up, so it does not come and go.
constexpr uint64_t kTakeBackFactor = 4;

absl::Status DiskIsFull(const FreeSpace& free) {
  return absl::ResourceExhaustedError(
      absl::StrCat("storage: ", free.available_bytes, " bytes free on the data disk, too little to write: free disk space"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SpaceReserve>> SpaceReserve::Open(int folder, uint64_t bytes) {
  auto reserve = std::unique_ptr<SpaceReserve>(new SpaceReserve(folder, bytes));
  absl::MutexLock lock(&reserve->mutex_);
  if (bytes == 0) return reserve;
  absl::Status status = reserve->TakeBack();
  if (!status.ok() && !absl::IsResourceExhausted(status)) return status;
  return reserve;
}

absl::Status SpaceReserve::Admit(uint64_t bytes, bool may_use_reserve) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<FreeSpace> free = Free();
  if (!free.ok()) return free.status();
  if (out_ && bytes_ > 0 && free->available_bytes >= kTakeBackFactor * bytes_ && TakeBack().ok()) {
    if (free = Free(); !free.ok()) return free.status();
  }
  const bool roomy = free->available_bytes >= bytes + kHeadroomBytes;
  if (roomy && (!out_ || bytes_ == 0)) return absl::OkStatus();
  if (!may_use_reserve) return DiskIsFull(*free);
  if (!out_) {
    if (absl::Status status = GiveUp(); !status.ok()) return status;
    if (free = Free(); !free.ok()) return free.status();
  }
  return free->available_bytes >= bytes + bytes_ / kLeftOfReserve ? absl::OkStatus() : DiskIsFull(*free);
}

absl::StatusOr<FreeSpace> SpaceReserve::Free() const {
  struct statvfs found {};
  if (fstatvfs(folder_, &found) != 0) return FileError(errno, "read the free space of the data folder");
  return FreeSpace{.available_bytes = uint64_t{found.f_bavail} * found.f_frsize, .total_bytes = uint64_t{found.f_blocks} * found.f_frsize};
}

absl::Status SpaceReserve::TakeBack() {
  absl::StatusOr<Descriptor> file = OpenFileAt(folder_, kReserveFile, O_RDWR | O_CREAT);
  if (!file.ok()) return file.status();
  int error;
  do {
    error = posix_fallocate(file->get(), 0, static_cast<off_t>(bytes_));
  } while (error == EINTR);
  // A larger file of earlier settings is cut to size.
  if (error == 0 && ftruncate(file->get(), static_cast<off_t>(bytes_)) != 0) error = errno;
  if (error != 0) {
    unlinkat(folder_, kReserveFile, 0);
    return FileError(error, "allocate the reserve");
  }
  out_ = false;
  return absl::OkStatus();
}

absl::Status SpaceReserve::GiveUp() {
  if (unlinkat(folder_, kReserveFile, 0) != 0 && errno != ENOENT) return FileError(errno, "give up the reserve");
  out_ = true;
  return absl::OkStatus();
}

}  // namespace otokura::storage
