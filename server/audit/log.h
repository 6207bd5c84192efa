// The audit log (DESIGN §7): entries get their place, their commitments and their leaf hash in the order in which they are committed.
#ifndef OTOKURA_SERVER_AUDIT_LOG_H_
#define OTOKURA_SERVER_AUDIT_LOG_H_

#include <cstdint>
#include <memory>
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
  std::string contract;
  std::string approver;
};

// An entry before it has its place. The log fills version, sequence, times, access number and commitments; everything else of `leaf` is the
// caller's.
struct Draft : storage::LogDraft {
  v1::AuditEntry leaf;
  Particulars particulars;

  // What the log makes of it before it has its place (Log::Prepare).
  absl::StatusOr<std::string> sealed_details;
  std::vector<std::string> index_prefixes;  // of its rows in the index
};

struct Head {
  uint64_t tree_size = 0;
  std::string root;  // 32 bytes
};

// What somebody counts of the entries, kept in rows that commit with them. Called on the record lane's thread only.
class Tally {
 public:
  virtual ~Tally() = default;
  // Counts the drafts of one commit, all of which have their places. An error refuses the commit, and nothing of it is counted.
  virtual absl::Status Add(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts) = 0;
  // The rows that changed since the last Committed or Forget.
  virtual void PutInto(storage::Batch* batch) const = 0;
  virtual void Committed() = 0;
  // What was counted since the last Committed was not stored.
  virtual void Forget() = 0;
};

// Thread-safe but for the LogSequencer half, which is the record lane's.
class Log : public storage::LogSequencer {
 public:
  ~Log() override;
  // All borrowed, must outlive the log. DATA_LOSS where the head does not fit the entries next to it.
  static absl::StatusOr<std::unique_ptr<Log>> Open(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock);

  // Borrowed; before the first commit.
  void Keep(Tally* tally) { tally_ = tally; }

  void Prepare(storage::LogDraft& draft) const override;
  absl::Status Sequence(absl::Span<const std::unique_ptr<storage::LogDraft>> drafts, storage::Batch* batch,
                        std::vector<uint64_t>* sequences) override;
  void Conclude(storage::Batch* batch) const override;
  void Committed() override;
  absl::Status Reload() override;

  Head head() const;  // of what is durable

  // NOT_FOUND, or DATA_LOSS where it does not parse or says another sequence.
  absl::StatusOr<v1::AuditEntry> Read(uint64_t sequence) const;

 private:
  struct Pending;  // the head and access counts of what is sequenced but not yet committed
  struct Placed;   // what a commit adds to them
  Log(storage::RecordStore* records, const keys::SiteKeys* keys, runtime::Clock* clock);
  absl::StatusOr<v1::AccessCount> CountOf(const Placed& placed, const std::string& recording_id) const;
  // A jump of the wall clock gets an entry of its own before the next one.
  absl::Status NoteClockStep(Placed* placed, storage::Batch* batch) const;
  absl::Status Place(Draft& draft, Placed* placed, storage::Batch* batch) const;
  // Gives the entry its access number.
  absl::Status Number(v1::AuditEntry* leaf, Placed* placed) const;

  storage::RecordStore* const records_;
  const keys::SiteKeys* const keys_;
  runtime::Clock* const clock_;
  Tally* tally_ = nullptr;
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
