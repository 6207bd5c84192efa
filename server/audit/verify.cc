// VerifyStored: the log checked from its leaves up. Head and counts are compared with what the leaves say, never trusted.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "server/audit/log.h"
#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

using Problem = absl::FunctionRef<void(uint64_t sequence, std::string_view problem)>;
using storage::Table;

struct Count {
  uint64_t count = 0;
  uint64_t last_sequence = 0;
};

// A perfect subtree named by the stored head, and what the leaves under it hash to.
struct Subtree {
  uint64_t first = 0;
  uint64_t leaves = 0;
  std::string stored_root;
};

class Verification {
 public:
  Verification(const storage::RecordReader& records, Problem problem) : records_(records), problem_(problem) {}
  absl::Status Run();

 private:
  absl::Status TakeHead();
  void TakeLeaf(std::string_view key, std::string_view leaf);
  void CheckEntry(const v1::AuditEntry& entry);
  void CheckAccess(const v1::AuditEntry& entry);
  void Grow(uint64_t sequence, std::string_view leaf);
  void CheckEnd();
  absl::Status CheckCounts();
  absl::Status CheckDetailsEnd();
  void Report(uint64_t sequence, std::string_view problem) { problem_(sequence, problem); }

  const storage::RecordReader& records_;
  Problem problem_;
  v1::LogHead head_;
  std::vector<Subtree> subtrees_;  // of the stored head, in order
  size_t subtree_ = 0;             // the one being hashed
  crypto::MerkleFrontier grown_;   // over the leaves of the present subtree
  bool holed_ = false;             // an entry of the present subtree is missing: its hash says nothing more
  uint64_t next_ = 0;
  int64_t last_time_unix_us_ = 0;
  absl::flat_hash_map<std::string, Count> counts_;  // some 80 bytes a recording; a check of ten million needs a gigabyte
};

absl::Status Verification::TakeHead() {
  absl::StatusOr<v1::LogHead> head = ReadHead(records_);
  if (!head.ok() && !absl::IsDataLoss(head.status())) return head.status();
  if (!head.ok()) {
    Report(0, "the log's head is damaged");
    return absl::OkStatus();
  }
  head_ = *std::move(head);
  uint64_t first = 0;
  int roots = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const uint64_t leaves = uint64_t{1} << bit;
    if ((head_.tree_size() & leaves) == 0) continue;
    if (roots < head_.frontier_size()) subtrees_.push_back({first, leaves, head_.frontier(roots)});
    first += leaves;
    ++roots;
  }
  if (roots != head_.frontier_size()) Report(head_.tree_size(), "the head's frontier does not fit its size");
  return absl::OkStatus();
}

void Verification::TakeLeaf(std::string_view key, std::string_view leaf) {
  const std::optional<uint64_t> sequence = ParseSequenceKey(key);
  if (!sequence.has_value()) {
    Report(next_, "a key of the log table is no sequence number");
    return;
  }
  if (*sequence > next_) {
    Report(next_, *sequence == next_ + 1 ? std::string("missing") : absl::StrCat("missing, and all up to ", *sequence - 1));
    while (subtree_ < subtrees_.size() && subtrees_[subtree_].first + subtrees_[subtree_].leaves <= *sequence) ++subtree_;
    holed_ = subtree_ < subtrees_.size() && subtrees_[subtree_].first != *sequence;
    grown_ = {};
  }
  next_ = *sequence + 1;
  if (*sequence >= head_.tree_size()) Report(*sequence, "stored past the log's head");
  if (leaf.size() > kLeafBytesMax) Report(*sequence, "larger than a leaf may be");
  Grow(*sequence, leaf);
  absl::StatusOr<v1::AuditEntry> entry = ParseLeaf(*sequence, leaf);
  if (!entry.ok()) {
    Report(*sequence, std::string_view(entry.status().message().data(), entry.status().message().size()));
    return;
  }
  CheckEntry(*entry);
}

void Verification::CheckEntry(const v1::AuditEntry& entry) {
  if (entry.time_unix_us() < last_time_unix_us_) Report(entry.sequence(), "its time is before that of the entry before it");
  last_time_unix_us_ = std::max(last_time_unix_us_, entry.time_unix_us());
  if (!entry.recording_id().empty()) {
    CheckAccess(entry);
  } else if (entry.access_number() != 0) {
    Report(entry.sequence(), "has an access number but no recording");
  }
}

void Verification::CheckAccess(const v1::AuditEntry& entry) {
  Count& count = counts_[entry.recording_id()];
  if (entry.access_number() != count.count + 1) {
    Report(entry.sequence(),
           absl::StrCat("says it is access ", entry.access_number(), " of its recording, but ", count.count, " came before"));
  } else if (entry.previous_sequence() != count.last_sequence) {
    Report(entry.sequence(), absl::StrCat("names entry ", entry.previous_sequence(), " as the one before about its recording, which is ",
                                          count.last_sequence));
  }
  // Go on from what the entry says, so that one omission is reported once.
  count = {std::max(entry.access_number(), count.count + 1), entry.sequence()};
}

// Hashes leaf by leaf within each subtree of the head, so that a changed entry is found at least to its subtree.
void Verification::Grow(uint64_t sequence, std::string_view leaf) {
  if (subtree_ >= subtrees_.size()) return;
  const Subtree& subtree = subtrees_[subtree_];
  if (!holed_) grown_.Append(crypto::MerkleLeafHash(leaf));
  if (sequence + 1 < subtree.first + subtree.leaves) return;
  if (!holed_ && grown_.Root() != subtree.stored_root) {
    Report(subtree.first, subtree.leaves == 1
                              ? std::string("not the leaf that the log's head was made over")
                              : absl::StrCat("some leaf from here up to ", sequence, " is not one that the log's head was made over"));
  }
  ++subtree_;
  grown_ = {};
  holed_ = false;
}

void Verification::CheckEnd() {
  if (next_ < head_.tree_size()) Report(next_, absl::StrCat("missing, and all up to the log's head at ", head_.tree_size()));
  if (next_ == head_.tree_size() && last_time_unix_us_ != head_.last_time_unix_us()) {
    Report(next_ == 0 ? 0 : next_ - 1, "its time is not the one in the log's head");
  }
}

absl::Status Verification::CheckCounts() {
  size_t found = 0;
  absl::Status status = records_.Scan(Table::kAccessCounts, {}, [&](std::string_view key, std::string_view value) {
    v1::AccessCount stored;
    const auto derived = counts_.find(std::string(key));
    if (derived == counts_.end()) {
      Report(next_, "an access count of a recording that no entry is about");
      return true;
    }
    ++found;
    const Count& count = derived->second;
    if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size())) || stored.count() != count.count ||
        stored.last_sequence() != count.last_sequence) {
      Report(count.last_sequence, "the access count of its recording is not what the entries say");
    }
    return true;
  });
  if (status.ok() && found < counts_.size())
    Report(next_, absl::StrCat(counts_.size() - found, " recordings have entries but no access count"));
  return status;
}

absl::Status Verification::CheckDetailsEnd() {
  return records_.Scan(Table::kLogDetails, {SequenceKey(head_.tree_size()), "", false}, [&](std::string_view key, std::string_view) {
    Report(ParseSequenceKey(key).value_or(next_), "details of an entry past the log's head");
    return true;
  });
}

absl::Status Verification::Run() {
  if (absl::Status status = TakeHead(); !status.ok()) return status;
  absl::Status status = records_.Scan(Table::kLog, {}, [this](std::string_view key, std::string_view leaf) {
    TakeLeaf(key, leaf);
    return true;
  });
  if (!status.ok()) return status;
  CheckEnd();
  if (status = CheckCounts(); !status.ok()) return status;
  return CheckDetailsEnd();
}

}  // namespace

absl::Status VerifyStored(const storage::RecordReader& records,
                          absl::FunctionRef<void(uint64_t sequence, std::string_view problem)> problem) {
  return Verification(records, problem).Run();
}

}  // namespace otokura::audit
