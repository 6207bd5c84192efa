// The audit log's speed: entries appended durably, integrated and published, verified, proven.
//
//   otokura-log-bench [--benchmark_format=json]     uses $TMPDIR, which should be on the disk in question
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/log_exporter.h"
#include "client/log_verifier.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "server/audit/log_rows.h"
#include "server/audit/publisher.h"
#include "server/audit/tile_rows.h"
#include "server/storage/local/local_engine.h"

namespace otokura {
namespace {

void Demand(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}
template <typename T>
T Demand(absl::StatusOr<T> result) {
  Demand(result.status());
  return *std::move(result);
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "otokura-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::exit(1);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

crypto::SecretBytes Key() { return Demand(crypto::SecretBytes::Random(32)); }

// A log of LISTEN entries on the local engine, as the gateway runs it.
class BenchLog {
 public:
  BenchLog() {
    std::filesystem::create_directory(folder_ / "data");
    storage::LocalEngineOptions options;
    options.data_dir = folder_ / "data";
    options.create = true;
    engine_ = Demand(storage::OpenLocalEngine(options));
    log_ = Demand(audit::Log::Open(&engine_->records(), &keys_, clock_.get()));
    committer_ = storage::Committer::Create(engine_.get(), log_.get());
    Demand(audit::WriteFirstCheckpoint(signer_, folder_ / "log-checkpoint"));
    audit::Publisher::Parts parts;
    parts.records = &engine_->records();
    parts.committer = committer_.get();
    parts.log = log_.get();
    parts.signer = &signer_;
    parts.copy_path = folder_ / "log-checkpoint";
    parts.events = &events_;
    publisher_ = std::make_unique<audit::Publisher>(std::move(parts));
  }

  // As many callers as fill the committer's batches; returns when all is durable.
  void Append(uint64_t entries) {
    for (uint64_t i = 0; i < entries; ++i) {
      auto draft = std::make_unique<audit::Draft>();
      draft->leaf.set_action(v1::LISTEN);
      draft->leaf.set_decision(v1::ALLOWED);
      draft->leaf.set_rule("allowed");
      draft->leaf.set_role("operator");
      draft->leaf.set_purpose("inquiry");
      draft->leaf.set_centre("tokyo");
      draft->leaf.set_recording_id(crypto::RandomBytes(16));
      draft->particulars.account = "hanako";
      draft->particulars.reference = "CASE-1001";
      storage::RecordCommit commit;
      commit.entries.push_back(std::move(draft));
      committer_->Commit(std::move(commit));
      if (i % 4096 == 4095) committer_->Drain();
    }
    committer_->Drain();
  }

  storage::RecordStore& records() { return engine_->records(); }
  audit::Publisher& publisher() { return *publisher_; }
  uint64_t size() const { return log_->head().tree_size; }

 private:
  Folder folder_;
  runtime::EventLog events_{STDERR_FILENO};
  std::unique_ptr<runtime::Clock> clock_ = runtime::MakeSystemClock();
  keys::SiteKeys keys_ = Demand(keys::SiteKeys::Create(Key()));
  crypto::NoteSigner signer_ = Demand(crypto::NoteSigner::Create("bench.example/log", Key()));
  std::unique_ptr<storage::Engine> engine_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<audit::Publisher> publisher_;
};

// Hands the stored leaves to the client's side of an export.
class ServedLog : public client::AuditLog {
 public:
  explicit ServedLog(BenchLog* log) : log_(log) {}
  absl::StatusOr<client::AuditPage> List(const client::AuditQuery&, uint32_t, const std::string&) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<client::AuditEntry> Show(uint64_t) override { return absl::UnimplementedError(""); }
  absl::StatusOr<client::AuditCountPage> Count(const client::AuditQuery&, const std::vector<client::AuditField>&, client::AuditPeriod,
                                               const std::string&) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::unique_ptr<client::AuditStream>> Follow(const client::AuditQuery&, std::optional<uint64_t>) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::string> Prove(uint64_t) override { return absl::UnimplementedError(""); }
  absl::StatusOr<client::LogHead> Head() override {
    return client::LogHead{Demand(log_->publisher().newest()).note, log_->publisher().VerifierKey()};
  }
  absl::Status Export(uint64_t first, const client::LogSink& sink) override {
    Demand(sink.begin(Demand(log_->publisher().newest()).note));
    return log_->records().Scan(storage::Table::kLog, {audit::SequenceKey(first), "", false},
                                [&](std::string_view, std::string_view leaf) { return sink.leaf(first++, leaf).ok(); });
  }

 private:
  BenchLog* const log_;
};

void BM_AppendDurably(benchmark::State& state) {
  BenchLog log;
  const auto entries = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) log.Append(entries);
  state.SetItemsProcessed(static_cast<int64_t>(log.size()));
  state.counters["log_entries"] = static_cast<double>(log.size());
}
BENCHMARK(BM_AppendDurably)->Arg(100000)->Iterations(3)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_IntegrateAndPublish(benchmark::State& state) {
  BenchLog log;
  const auto entries = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    log.Append(entries);
    state.ResumeTiming();
    Demand(log.publisher().Publish());
  }
  state.SetItemsProcessed(static_cast<int64_t>(log.size()));
  state.counters["log_entries"] = static_cast<double>(log.size());
}
BENCHMARK(BM_IntegrateAndPublish)->Arg(100000)->Iterations(3)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_VerifyFolder(benchmark::State& state) {
  BenchLog log;
  log.Append(static_cast<uint64_t>(state.range(0)));
  Demand(log.publisher().Publish());
  Folder folder;
  const crypto::NoteVerifier key = Demand(crypto::NoteVerifier::Parse(log.publisher().VerifierKey()));
  ServedLog served(&log);
  Demand(client::ExportLog(served, {.folder = folder / "log", .log_key = key}).status());
  for (auto _ : state) {
    const client::LogVerdict verdict = Demand(client::VerifyLogFolder(folder / "log", {.log_key = key}));
    if (verdict.findings != 0) std::exit(1);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(log.size()));
  state.counters["log_entries"] = static_cast<double>(log.size());
}
BENCHMARK(BM_VerifyFolder)->Arg(300000)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_ProveInclusion(benchmark::State& state) {
  BenchLog log;
  log.Append(static_cast<uint64_t>(state.range(0)));
  Demand(log.publisher().Publish());
  audit::StoredTiles tiles(&log.records());
  uint64_t index = 0;
  for (auto _ : state) {
    crypto::TileHashReader hashes(&tiles, log.size());
    benchmark::DoNotOptimize(Demand(crypto::ProveInclusion(index, log.size(), hashes)));
    index = (index + 7919) % log.size();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
  state.counters["log_entries"] = static_cast<double>(log.size());
}
BENCHMARK(BM_ProveInclusion)->Arg(300000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace otokura

int main(int argc, char** argv) {
  otokura::Demand(otokura::crypto::LockSecretMemory());
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
