// The storage contract (DESIGN §9). Two halves, because the two kinds of data cost differently: records (everything small, atomic batches)
// and audio objects (everything large, append-only). Nothing above this header may assume one process, a local disk or a local lock.
//
// Errors of all calls: RESOURCE_EXHAUSTED no space, nothing of the call is stored; UNAVAILABLE the medium failed and the *fate of the call
// is unknown* (never to be read as "not stored", never retried blindly); DATA_LOSS what is stored cannot be read back; INTERNAL a broken
// contract.
#ifndef OTOKURA_SERVER_STORAGE_STORAGE_H_
#define OTOKURA_SERVER_STORAGE_STORAGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/storage/recording_id.h"

namespace otokura::storage {

// Kinds of records. Numbers and names are stored: never renumber.
enum class Table : uint8_t {
  kMeta = 0,           // "header" → StoreHeader, "clock" …
  kRecordings = 1,     // recording id → RecordingRecord
  kMetadata = 2,       // recording id → sealed PersonalMetadata
  kManifests = 3,      // recording id → sealed Manifest
  kByCentre = 4,       // centre ‖ 0x00 ‖ recording id → ""
  kByQueue = 5,        // centre ‖ 0x00 ‖ queue ‖ 0x00 ‖ recording id → ""
  kTags = 6,           // PersonalField(1) ‖ tag(16) ‖ recording id → ""
  kCalls = 7,          // call tag(16) → recording id: the newest recording of that call and leg
  kAccounts = 8,       // keyed hash of the name(16) → sealed AccountRecord
  kLog = 9,            // sequence (8, big-endian) → leaf bytes; "head" is in kMeta
  kLogDetails = 10,    // sequence → sealed AuditDetails
  kAccessCounts = 12,  // recording id → AccessCount
  kTiles = 13,         // level (1) ‖ index (8, big-endian) → hashes of that tile of the log (server/audit/FORMAT.md)
  kLogIndex = 20,      // field (1) ‖ tag ‖ sequence (8, big-endian) → run of entries (server/audit/FORMAT.md)
  kLedger = 21,        // subject ‖ window ‖ slot → LedgerSlot (server/access/egress/FORMAT.md)
  kLedgerTerms = 22,   // measure ‖ term → LedgerTerm (likewise)
};
inline constexpr int kTables = 23;        // one more than the highest number; some below it are not in use
std::string_view TableName(Table table);  // empty: no such table

inline constexpr size_t kKeyBytesMax = 512;
inline constexpr size_t kValueBytesMax = size_t{4} << 20;  // the largest record is a manifest with every gap and part
inline constexpr size_t kBatchBytesMax = size_t{64} << 20;

struct Write {
  Table table;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes
};

// The batch commits only if the record is as expected at that moment.
struct Precondition {
  Table table;
  std::string key;
  std::optional<std::string> expected;  // nullopt: must be absent
};

struct Batch {
  std::vector<Write> writes;  // later ones win
  std::vector<Precondition> preconditions;
  // Entries of the log, suspensions, purges and the finishing of live calls may use the reserve when nothing else fits (DESIGN §4).
  bool may_use_reserve = false;

  void Put(Table table, std::string_view key, std::string value) { writes.push_back({table, std::string(key), std::move(value)}); }
  void Delete(Table table, std::string_view key) { writes.push_back({table, std::string(key), std::nullopt}); }
};

struct ScanRange {
  std::string first{};        // inclusive
  std::string last{};         // exclusive; empty: to the end of the table
  bool newest_first = false;  // walk from the end
};

// Point and range reads. Safe from any thread.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  virtual absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const = 0;
  // Calls `row` in key order (or its reverse) until it returns false. The views are valid during the call only.
  virtual absl::Status Scan(Table table, const ScanRange& range,
                            absl::FunctionRef<bool(std::string_view key, std::string_view value)> row) const = 0;
};

class RecordStore : public RecordReader {
 public:
  // All of it or nothing, durable on return. ABORTED where a precondition does not hold (the message names its table, not its key).
  virtual absl::Status Commit(const Batch& batch) = 0;
  // What was committed before the call, whatever is committed after.
  virtual std::unique_ptr<RecordReader> Snapshot() const = 0;
  // After UNAVAILABLE: brings the store back to what is durable. No reads or commits may run meanwhile.
  virtual absl::Status Reopen() = 0;
};

struct FreeSpace {
  uint64_t available_bytes = 0;  // to this process
  uint64_t total_bytes = 0;
};

// Audio objects. One appender an object at a time; reads from any thread.
class AudioStore {
 public:
  virtual ~AudioStore() = default;
  // Writes at the end: `offset` must be the object's size (0 creates it), FAILED_PRECONDITION otherwise. Not durable before Sync.
  virtual absl::Status Append(const AudioObjectId& object, uint64_t offset, std::string_view bytes) = 0;
  // Makes all appended bytes of these objects durable, names and sizes included; one status an object, in order. After an error the
  // object's bytes past its last good Sync are of unknown fate.
  virtual std::vector<absl::Status> Sync(absl::Span<const AudioObjectId> objects) = 0;
  virtual absl::StatusOr<uint64_t> Size(const AudioObjectId& object) const = 0;  // NOT_FOUND
  // Replaces `*bytes` with exactly `length` bytes; OUT_OF_RANGE past the end.
  virtual absl::Status Read(const AudioObjectId& object, uint64_t offset, uint64_t length, std::string* bytes) const = 0;
  // Cuts bytes that nobody vouched for off the end, durably. `size` at most the present size.
  virtual absl::Status Truncate(const AudioObjectId& object, uint64_t size) = 0;
  // No more appends: gives back preallocated space and resources. Durable bytes stay as they are.
  virtual absl::Status Seal(const AudioObjectId& object) = 0;
  virtual absl::Status Delete(const AudioObjectId& object) = 0;  // OK where absent
  // Every object, in id order; files that are no objects are named to `foreign` (for fsck).
  virtual absl::Status List(absl::FunctionRef<bool(const AudioObjectId& object, uint64_t size)> object,
                            absl::FunctionRef<void(std::string_view name)> foreign) const = 0;
  virtual absl::StatusOr<FreeSpace> Free() const = 0;
};

// An engine owns both halves.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual RecordStore& records() = 0;
  virtual AudioStore& audio() = 0;
};

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_STORAGE_H_
