#include "server/audit/postings.h"

#include <algorithm>
#include <utility>

#include "server/audit/index.h"

namespace otokura::audit {
namespace {

constexpr size_t kAheadRowsMin = 4;
constexpr size_t kAheadRowsMax = 256;  // some 10 µs of reading, and 2 KiB a list

}  // namespace

PostingList::PostingList(const storage::RecordReader* records, std::string prefix, uint64_t first)
    : records_(records), prefix_(std::move(prefix)), first_(first), rows_wanted_(kAheadRowsMin) {}

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
    rows_wanted_ = used_ * 2 >= ahead_.size() ? std::min(rows_wanted_ * 2, kAheadRowsMax) : std::max(rows_wanted_ / 2, kAheadRowsMin);
  }
  ahead_.clear();
  next_ = used_ = 0;
  const storage::ScanRange range{.first = IndexKey(prefix_, first_), .last = IndexKey(prefix_, end), .newest_first = true};
  absl::Status status = records_->Scan(storage::Table::kLogIndex, range, [this](std::string_view key, std::string_view) {
    ahead_.push_back(IndexedSequence(key).value_or(0));
    return ahead_.size() < rows_wanted_;
  });
  rows_read_ += ahead_.size() + 1;  // one, too, for asking
  ended_ = ahead_.size() < rows_wanted_;
  return status;
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
