// A whole gateway without its gRPC edge: real committer, log, gate and keys over an engine that tests can break, with a clock that tests
// set.
#ifndef OTOKURA_TESTS_UNIT_RECORDINGS_TEST_SITE_H_
#define OTOKURA_TESTS_UNIT_RECORDINGS_TEST_SITE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "otokura/v1/access.pb.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/errors.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/access/caller.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/keys/key_hierarchy.h"
#include "server/keys/pseudonym_keys.h"
#include "server/recordings/catalogue.h"
#include "server/recordings/fsck.h"
#include "server/recordings/ingest.h"
#include "server/recordings/retrieval.h"
#include "server/recordings/site.h"
#include "server/runtime/executor.h"
#include "server/runtime/fake_clock.h"
#include "server/storage/committer.h"
#include "server/storage/memory_engine.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::recordings {

// Long enough for the slowest sanitizer, short enough that a hang is an error soon.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

inline absl::Time TestStart() { return absl::FromCivil(absl::CivilSecond(2026, 4, 10, 9, 0, 0), absl::UTCTimeZone()); }

v1::AudioFormat Pcmu();
// Bytes that tell where they come from: no two runs of 16 are alike.
std::string Speech(size_t bytes, uint64_t seed = 1);

v1::Account RecorderAccount(const std::string& name = "recorder-1");
v1::Account PersonAccount(v1::Role role, const std::string& name, std::vector<std::string> centres = {"tokyo"});
access::Caller CallerOf(v1::Account account);
void Suspend(const access::Caller& caller);

class TestSite {
 public:
  explicit TestSite(v1::LimitsConfig limits = {});
  ~TestSite();

  // The process dies: whatever waits for the disk fails, what was not synced is lost, and another gateway starts over the same store.
  void Crash();
  // The gateway stops in order and another one starts.
  void Restart();

  storage::MemoryEngine& engine() { return *engine_; }
  runtime::FakeClock& clock() { return clock_; }
  keys::KeyHierarchy& keys() { return *keys_; }
  storage::Committer& committer() { return *committer_; }
  access::Gate& gate() { return *gate_; }
  Ingest& ingest() { return *ingest_; }
  Retrieval& retrieval() { return *retrieval_; }
  Catalogue& catalogue() { return *catalogue_; }

  // The n-th (from 1) call of this kind from now on fails once.
  void FailOnce(storage::StorageCall call, int nth, absl::Status status, bool stores_anyway = false);
  void NoFaults() { engine_->SetFault(nullptr); }

  std::vector<v1::RecordingRecord> Records();
  v1::RecordingRecord Record(const std::string& id_text);
  // Writes a record (or any row) behind the gateway's back.
  void Tamper(storage::Table table, std::string_view key, std::optional<std::string> value);
  void TamperRecord(const v1::RecordingRecord& record);
  std::string Object(const std::string& id_text, uint32_t part);
  // Replaces the object's bytes behind the gateway's back.
  void SetObject(const std::string& id_text, uint32_t part, const std::string& bytes);

  // Everything in the log, after all that was submitted is in it.
  std::vector<v1::AuditEntry> Log();
  std::vector<v1::AuditEntry> LogOf(v1::AuditAction action);
  int Count(v1::AuditAction action, const std::string& rule = "");

  // What a deep check finds, one line each.
  std::vector<std::string> Fsck();

 private:
  void Start();
  void Stop();

  const v1::LimitsConfig limits_;
  std::string key_store_;
  runtime::FakeClock clock_{TestStart()};
  std::unique_ptr<storage::MemoryEngine> engine_;
  std::unique_ptr<keys::KeyHierarchy> keys_;
  std::unique_ptr<keys::PseudonymKeys> pseudonyms_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<runtime::Executor> executor_;
  std::unique_ptr<storage::Committer> committer_;
  access::PolicyInForce policy_{*policy::Rules::Compile(policy::TextForTest(1))};
  std::unique_ptr<access::Gate> gate_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<Retrieval> retrieval_;
  std::unique_ptr<Catalogue> catalogue_;
};

// The detail that a client could act on; default where there is none.
v1::ErrorDetail DetailOf(const absl::Status& status);

}  // namespace otokura::recordings

#endif  // OTOKURA_TESTS_UNIT_RECORDINGS_TEST_SITE_H_
