// Reading the log: pages of it, counts over it, and what is new in it. The index only finds entries; what they say comes from the leaves
// and the details that open their commitments.
#ifndef OTOKURA_SERVER_AUDIT_QUERIES_H_
#define OTOKURA_SERVER_AUDIT_QUERIES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/audit.pb.h"
#include "server/audit/index.h"
#include "server/audit/log.h"
#include "server/audit/postings.h"
#include "server/keys/release_permit.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Which entries: those that meet every condition and lie in the time and below `before`.
struct Query {
  std::vector<Condition> conditions{};
  int64_t from_unix_us = 0;
  int64_t to_unix_us = 0;  // exclusive; 0: none
  uint64_t before = 0;     // sequences below this; 0: from the newest
  uint64_t tree_size = 0;  // the log as it was at this size; 0: as it is
};

struct Listed {
  uint64_t sequence = 0;
  std::string leaf;
  std::optional<v1::AuditDetails> details;  // absent where pruned
};

// Entries newest first. `next_before` is 0 when that was all; otherwise there may be more below it, also after an empty page.
struct Page {
  std::vector<Listed> entries;
  uint64_t next_before = 0;
};

// Thread-safe. Errors of all calls: PERMISSION_DENIED where the permit is not for audit details; DATA_LOSS where a leaf is missing or
// damaged, kept details do not open its commitments, or the index says what the entry does not; FAILED_PRECONDITION while a rebuilding of
// the index is not finished.
class Queries {
 public:
  // All borrowed, must outlive this.
  Queries(const storage::RecordReader* records, const keys::SiteKeys* keys, const Log* log) : records_(records), keys_(keys), log_(log) {}

  static constexpr size_t kListedMax = 1000;          // a page: details are opened one by one, each a few microseconds
  static constexpr uint64_t kIndexRowsMax = 200'000;  // read for one page, some 100 ms: where few entries meet all conditions

  // 1..kListedMax entries.
  absl::StatusOr<Page> List(const keys::ReleasePermit& permit, const Query& query, size_t limit) const;
  // NOT_FOUND.
  absl::StatusOr<Listed> Show(const keys::ReleasePermit& permit, uint64_t sequence) const;

  // What was appended since: oldest first, of the `scanned_max` entries from `from` on those that meet the conditions.
  struct Appended {
    std::vector<Listed> entries;
    uint64_t next = 0;  // go on from here
  };
  absl::StatusOr<Appended> Since(const keys::ReleasePermit& permit, const std::vector<Condition>& conditions, uint64_t from,
                                 size_t scanned_max) const;

 private:
  friend class Counting;
  struct Entry {
    Listed listed;
    v1::AuditEntry leaf;  // parsed
  };
  // Where a query looks: sequences in [first, end) that lie in all posting lists.
  struct Course {
    uint64_t first = 0;
    uint64_t end = 0;
    Intersection entries;
  };

  absl::Status CheckReady(const keys::ReleasePermit& permit) const;
  absl::StatusOr<Course> Plan(const Query& query) const;
  absl::StatusOr<Entry> Read(uint64_t sequence) const;  // without details
  absl::Status OpenDetails(const keys::ReleasePermit& permit, Entry* entry) const;
  // The entry that the index names, with its details where they are wanted. Nothing where its details were pruned since the index was read.
  absl::StatusOr<std::optional<Entry>> Confirm(const keys::ReleasePermit& permit, uint64_t sequence,
                                               const std::vector<Condition>& conditions, bool with_details) const;
  // The first sequence below `end` whose time is not below `time_unix_us`; `end` where there is none.
  absl::StatusOr<uint64_t> FirstAt(int64_t time_unix_us, uint64_t end) const;
  // The entries about one recording, and no others asked for, show by their access numbers whether the index left one out.
  absl::Status CheckWhole(const Query& query, uint64_t end, const std::vector<Entry>& entries, bool to_the_oldest) const;

  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
  const Log* const log_;
};

// One request's count, in steps short enough to share a thread. Not thread-safe.
class Counting {
 public:
  enum class Per : uint8_t { kAll, kHour, kDay };  // UTC
  struct Group {
    int64_t start_unix_us = 0;        // of the hour or day
    std::vector<std::string> values;  // one a field counted by, as IndexValue gives it
    auto operator<=>(const Group&) const = default;
  };
  struct Sum {
    uint64_t entries = 0;
    uint64_t times = 0;  // an entry counts once, the summary of a flood as often as the refusals that it sums up
    uint64_t delivered_bytes = 0;
  };

  static constexpr uint64_t kStepEntriesMax = 1'000;     // opened and counted: some 10 ms
  static constexpr uint64_t kStepIndexRowsMax = 20'000;  // read to find them: as long again
  static constexpr int kStepsMax = 100;                  // a request: 100,000 entries, one to two seconds
  static constexpr size_t kGroupsMax = 2'000;            // a request: some 600 KB at the longest values, where a client takes 1 MiB
  static constexpr size_t kFieldsMax = 3;

  Counting(const Queries* queries, Query query, std::vector<IndexField> by, Per per)
      : queries_(queries), query_(std::move(query)), by_(std::move(by)), per_(per) {}

  // Counts on; true when this request's part is done. Errors as those of Queries.
  absl::StatusOr<bool> Step(const keys::ReleasePermit& permit);

  const std::map<Group, Sum>& groups() const { return groups_; }
  uint64_t next_before() const { return query_.before; }  // once done: 0 when that was all

 private:
  Group GroupOf(const v1::AuditEntry& leaf, const std::optional<v1::AuditDetails>& details) const;
  // False where this group would be one too many.
  bool Add(const v1::AuditEntry& leaf, const std::optional<v1::AuditDetails>& details);

  const Queries* const queries_;
  Query query_;
  const std::vector<IndexField> by_;
  const Per per_;
  std::map<Group, Sum> groups_;
  int steps_ = 0;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_QUERIES_H_
