#include "server/storage/local/open_files.h"

#include <iterator>
#include <vector>

namespace otokura::storage {
namespace {

// Unsynced files looked past when room is needed. There are rarely more at the old end; if there are, the cache grows by one until they are
// synced.
constexpr int kUnsyncedPassedMax = 64;

}  // namespace

std::shared_ptr<OpenFile> OpenFiles::Find(const AudioObjectId& object) {
  absl::MutexLock lock(&mutex_);
  auto found = entries_.find(object);
  if (found == entries_.end()) return nullptr;
  newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
  return found->second->second;
}

void OpenFiles::Insert(const AudioObjectId& object, std::shared_ptr<OpenFile> file) {
  std::shared_ptr<OpenFile> pushed_out;  // closes after the lock is free
  absl::MutexLock lock(&mutex_);
  if (auto found = entries_.find(object); found != entries_.end()) {
    pushed_out = std::exchange(found->second->second, std::move(file));
    return;
  }
  if (entries_.size() >= files_max_) pushed_out = TakeOldest();
  newest_first_.emplace_front(object, std::move(file));
  entries_[object] = newest_first_.begin();
}

void OpenFiles::Drop(const AudioObjectId& object) {
  std::shared_ptr<OpenFile> dropped;
  absl::MutexLock lock(&mutex_);
  auto found = entries_.find(object);
  if (found == entries_.end()) return;
  dropped = std::move(found->second->second);
  newest_first_.erase(found->second);
  entries_.erase(found);
}

void OpenFiles::Trim() {
  std::vector<std::shared_ptr<OpenFile>> closing;
  absl::MutexLock lock(&mutex_);
  while (entries_.size() > files_max_) {
    closing.push_back(TakeOldest());
    if (closing.back() == nullptr) return;
  }
}

std::shared_ptr<OpenFile> OpenFiles::TakeOldest() {
  int passed = 0;
  for (auto at = newest_first_.rbegin(); at != newest_first_.rend() && passed < kUnsyncedPassedMax; ++at, ++passed) {
    if (at->second->unsynced) continue;
    std::shared_ptr<OpenFile> oldest = std::move(at->second);
    entries_.erase(at->first);
    newest_first_.erase(std::next(at).base());
    return oldest;
  }
  return nullptr;
}

}  // namespace otokura::storage
