// A log as the gateway runs it, on the local engine, with the entries that people's listening makes.
#ifndef OTOKURA_TESTS_BENCH_BENCH_LOG_H_
#define OTOKURA_TESTS_BENCH_BENCH_LOG_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "crypto/signed_note.h"
#include "proto/policy/shipped.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/audit/publisher.h"
#include "server/audit/queries.h"
#include "server/keys/site_keys.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"
#include "tests/bench/measure.h"

namespace otokura::bench {

// An *entry* here is the real one: a Listen that the gate decides, with account, person, company, certificate, address and reference
// committed to in the leaf and sealed beside it, its index rows, access number, tile hash and share of the head. A tenth of a site's
// recordings are asked for at all, each some four times; two hundred people ask, under a case reference of their own each time.
class BenchLog {
 public:
  BenchLog();
  ~BenchLog();

  // Through the gate, as many at a time as keep the committer busy; returns when all is durable. The publisher works beside it, as always.
  void Listen(uint64_t entries);
  // One, alone: returns when its permit is given.
  void ListenOnce();
  keys::ReleasePermit PermitToReadTheLog();
  // The first page of a recording's entries.
  audit::Page FirstPage(const keys::ReleasePermit& permit, const storage::RecordingId& recording) const;
  storage::RecordingId AnyRecording();

  storage::RecordStore& records() { return engine_->records(); }
  audit::Publisher& publisher() { return *publisher_; }
  const Folder& folder() const { return folder_; }
  uint64_t size() const { return log_->head().tree_size; }

 private:
  access::Ask AskToListen();

  Folder folder_;
  std::mt19937_64 random_{1};
  std::vector<access::Caller> callers_;
  runtime::EventLog events_;
  std::unique_ptr<runtime::Clock> clock_;
  keys::SiteKeys keys_;
  crypto::NoteSigner signer_;
  std::unique_ptr<storage::Engine> engine_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<audit::Publisher> publisher_;
  const access::PolicyInForce policy_{policy::ShippedRules()};
  std::unique_ptr<access::Gate> gate_;
  std::unique_ptr<audit::Queries> queries_;
  uint64_t asked_ = 0;
};

}  // namespace otokura::bench

#endif  // OTOKURA_TESTS_BENCH_BENCH_LOG_H_
