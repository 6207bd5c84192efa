// The entries of the log for one sink, in their order and at least once: a durable cursor says how far it has come.
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_ENTRY_FEED_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_ENTRY_FEED_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "otokura/v1/audit.pb.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// One thread at a time.
class EntryFeed {
 public:
  // `name` is the anchor's: the cursor is kept under it. The others are borrowed.
  EntryFeed(std::string name, const storage::RecordReader* records, storage::Committer* committer)
      : name_(std::move(name)), records_(records), committer_(committer) {}

  // Takes over what it is given, durably or as far as its protocol lets it know. After an error the same entries come again.
  using Take = absl::FunctionRef<absl::Status(const std::vector<v1::AuditEntry>& entries)>;
  // Gives `take` the entries before `end` that it has not taken, some at a time.
  absl::Status Run(uint64_t end, const std::atomic<bool>& cancelled, Take take);
  // The last so many that were taken come again.
  void StepBack(uint64_t entries) {
    if (cursor_.has_value()) *cursor_ -= std::min(*cursor_, entries);
  }

 private:
  absl::Status LoadCursor();
  absl::Status StoreCursor(uint64_t next);
  absl::Status Step(uint64_t end, Take take);

  const std::string name_;
  const storage::RecordReader* const records_;
  storage::Committer* const committer_;
  std::optional<uint64_t> cursor_;  // all before it were taken
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_ENTRY_FEED_H_
