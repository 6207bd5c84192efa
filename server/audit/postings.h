// Posting lists: the entries under one prefix of the index, and those that lie under several (an AND), newest first.
#ifndef OTOKURA_SERVER_AUDIT_POSTINGS_H_
#define OTOKURA_SERVER_AUDIT_POSTINGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Reads ahead by a few entries, more while they are used one after another and fewer where most are jumped over.
class PostingList {
 public:
  // `records` must outlive this. Entries below `first` are not looked for.
  PostingList(const storage::RecordReader* records, std::string prefix, uint64_t first);

  // The newest entry below `end`. A later call must not ask for a larger `end`. DATA_LOSS where a row is damaged.
  absl::StatusOr<std::optional<uint64_t>> NewestBelow(uint64_t end);
  uint64_t rows_read() const { return rows_read_; }

 private:
  absl::Status ReadBelow(uint64_t end);

  const storage::RecordReader* const records_;
  const std::string prefix_;
  const uint64_t first_;
  std::vector<uint64_t> ahead_;  // newest first
  size_t next_ = 0;              // in ahead_
  size_t used_ = 0;              // of ahead_
  size_t wanted_;
  bool ended_ = false;  // nothing is stored below ahead_
  uint64_t rows_read_ = 0;
};

// The entries that lie in all of the lists: by leaps from one to the next (zig-zag), so the rarest list sets the pace.
class Intersection {
 public:
  // Without lists every entry from `first` on lies in it.
  Intersection(std::vector<PostingList> lists, uint64_t first) : lists_(std::move(lists)), first_(first) {}

  struct Found {
    std::optional<uint64_t> entry;
    bool gave_up = false;  // `rows_max` was reached: nothing from `below` on, and below it nobody has looked
    uint64_t below = 0;
  };
  // The newest entry below `end`, unless the lists' rows read so far come to `rows_max` first.
  absl::StatusOr<Found> NewestBelow(uint64_t end, uint64_t rows_max);

 private:
  uint64_t rows_read() const;

  std::vector<PostingList> lists_;
  const uint64_t first_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_POSTINGS_H_
