// The audit log (DESIGN §7): entries get their place, their commitments and their leaf hash in the order in which they are committed.
#ifndef OTOKURA_SERVER_AUDIT_LOG_H_
#define OTOKURA_SERVER_AUDIT_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "crypto/merkle.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

inline constexpr size_t kLeafBytesMax = 65535;          // tlog-tiles entry bundle
inline constexpr size_t kCommittedValueBytesMax = 256;  // longer values are cut at a character before they are committed to

// What identifies a person or was typed by one: committed to in the leaf, sealed beside it. Empty values are left out.
struct Particulars {
  std::string account;
  std::string person;
  std::string company;
  std::string certificate;  // lower-case hex SHA-256
  std::string address;
  std::string reference;
  std::string reason;
  std::string target;
};

// An entry before it has its place. The log fills version, sequence, times, access number and commitments; everything else of `leaf` is the
// caller's.
struct Draft : storage::LogDraft {
  v1::AuditEntry leaf;
  Particulars particulars;
};

struct Head {
  uint64_t tree_size = 0;
  std::string root;  // 32 bytes
};

// Thread-safe but for the LogSequencer half, which is the record lane's.
class Log : public storage::LogSequencer {
 public:
  ~Log() override;
  // All borrowed, must outlive the log. DATA_LOSS where the head does not fit the entries next to it.
  static absl::StatusOr<std::unique_ptr<Log>> Open(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock);

  absl::Status Sequence(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts, storage::Batch* batch,
                        std::vector<uint64_t>* sequences) override;
  void Committed() override;
  absl::Status Reload() override;

  Head head() const;  // of what is durable

  static constexpr size_t kListedMax = 1000;  // a page: details are opened one by one, each a few microseconds
  struct Query {
    std::optional<storage::RecordingId> recording = std::nullopt;
    int64_t from_unix_us = 0;
    int64_t to_unix_us = 0;  // exclusive; 0: none
    uint64_t before = 0;     // sequences below this; 0: from the newest
    size_t limit = 100;      // 1..kListedMax
  };
  struct Listed {
    uint64_t sequence = 0;
    std::string leaf;
    std::optional<v1::AuditDetails> details;
  };
  // `next_before` is 0 when that was all.
  struct Page {
    std::vector<Listed> entries;
    uint64_t next_before = 0;
  };
  // Newest first. PERMISSION_DENIED where the permit is not for audit details; DATA_LOSS where a leaf is missing or damaged, or kept
  // details do not open its commitments.
  absl::StatusOr<Page> List(const keys::ReleasePermit& permit, const Query& query) const;
  // NOT_FOUND, or DATA_LOSS where it does not parse or says another sequence.
  absl::StatusOr<v1::AuditEntry> Read(uint64_t sequence) const;

 private:
  struct Pending;  // the head and access counts of what is sequenced but not yet committed
  Log(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock);
  absl::StatusOr<v1::AccessCount> CountOf(const std::string& recording_id);
  // A jump of the wall clock gets an entry of its own before the next one.
  absl::Status NoteClockStep(storage::Batch* batch);
  absl::Status Place(const Draft& draft, storage::Batch* batch, uint64_t* sequence);
  // Gives the entry its access number and its row in the index.
  absl::Status Number(v1::AuditEntry* leaf, storage::Batch* batch);
  void PutHead(storage::Batch* batch) const;
  absl::StatusOr<std::string> ReadLeaf(uint64_t sequence) const;
  // The first sequence below `end` whose time is not below `time_unix_us`; `end` where there is none.
  absl::StatusOr<uint64_t> FirstAt(int64_t time_unix_us, uint64_t end) const;
  // Sequences below `end`, newest first, at most `limit` of them.
  absl::StatusOr<std::vector<uint64_t>> Candidates(const Query& query, uint64_t end, size_t limit) const;
  absl::StatusOr<Listed> WithDetails(const keys::ReleasePermit& permit, uint64_t sequence, std::string leaf,
                                     const v1::AuditEntry& entry) const;

  storage::RecordStore* const records_;
  const keys::SiteKeys* const keys_;
  runtime::Clock* const clock_;
  std::unique_ptr<Pending> pending_;
  mutable absl::Mutex mutex_;
  Head durable_ ABSL_GUARDED_BY(mutex_);
};

// Re-derives the tree and every per-recording count from the stored leaves alone; names the first bad entry to `problem` and goes on where
// it can. For fsck and tests.
absl::Status VerifyStored(const storage::RecordReader& records,
                          absl::FunctionRef<void(uint64_t sequence, std::string_view problem)> problem);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_LOG_H_
