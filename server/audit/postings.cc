#include "server/audit/postings.h"

#include <algorithm>
#include <utility>

#include "server/audit/index_rows.h"

namespace otokura::audit {
namespace {

constexpr size_t kAheadMin = 4;
constexpr size_t kAheadMax = 256;  // entries that lie in a row each take some 100 µs of reading, and 2 KiB a list

}  // namespace

PostingList::PostingList(const storage::RecordReader* records, std::string prefix, uint64_t first)
    : records_(records), prefix_(std::move(prefix)), first_(first), wanted_(kAheadMin) {}

absl::StatusOr<std::optional<uint64_t>> PostingList::NewestBelow(uint64_t end) {
  for (;;) {
    const auto found = std::partition_point(ahead_.begin() + static_cast<ptrdiff_t>(next_), ahead_.end(),
                                            [end](uint64_t sequence) { return sequence >= end; });
    next_ = static_cast<size_t>(found - ahead_.begin());
    if (found != ahead_.end()) {
      ++used_;
      return *found;
    }
    if (ended_) return std::nullopt;
    if (absl::Status status = ReadBelow(end); !status.ok()) return status;
  }
}

absl::Status PostingList::ReadBelow(uint64_t end) {
  if (!ahead_.empty()) {
    wanted_ = used_ * 2 >= ahead_.size() ? std::min(wanted_ * 2, kAheadMax) : std::max(wanted_ / 2, kAheadMin);
  }
  ahead_.clear();
  next_ = used_ = 0;
  ended_ = true;
  bool damaged = false;
  // A run may begin below the first entry that is looked for, and end above the last.
  const storage::ScanRange range{.first = IndexKey(prefix_, 0), .last = IndexKey(prefix_, end), .newest_first = true};
  const absl::Status scanned = records_->Scan(storage::Table::kLogIndex, range, [&](std::string_view key, std::string_view value) {
    ++rows_read_;
    const std::optional<std::vector<uint64_t>> run = IndexedEntries(key, value);
    damaged = !run.has_value();
    if (damaged) return false;
    for (auto entry = run->rbegin(); entry != run->rend() && *entry >= first_; ++entry) {
      if (*entry < (ahead_.empty() ? end : ahead_.back())) ahead_.push_back(*entry);
    }
    ended_ = ahead_.size() < wanted_;
    return ended_ && run->front() >= first_;
  });
  ++rows_read_;  // for asking
  return damaged ? absl::DataLossError("log index: a row is damaged; run otokurad fsck --rebuild-index") : scanned;
}

absl::StatusOr<Intersection::Found> Intersection::NewestBelow(uint64_t end, uint64_t rows_max) {
  size_t agreed = 0;  // lists in a row that have end - 1
  for (size_t list = 0; agreed < lists_.size(); list = (list + 1) % lists_.size()) {
    if (rows_read() >= rows_max) return Found{.entry = std::nullopt, .gave_up = true, .below = end};
    absl::StatusOr<std::optional<uint64_t>> newest = lists_[list].NewestBelow(end);
    if (!newest.ok()) return newest.status();
    if (!newest->has_value()) return Found{};
    agreed = **newest + 1 == end ? agreed + 1 : 1;
    end = **newest + 1;
  }
  return end > first_ ? Found{.entry = end - 1} : Found{};
}

uint64_t Intersection::rows_read() const {
  uint64_t rows = 0;
  for (const PostingList& list : lists_) rows += list.rows_read();
  return rows;
}

}  // namespace otokura::audit
