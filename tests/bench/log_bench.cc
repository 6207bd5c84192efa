// The audit log's speed, as lines of JSON, each with the log's size: appending and what it costs, what the log adds to a retrieval, the
// first page of a recording's entries, the bytes that all takes, verifying, proving. With its controls: the disk and the hash alone.
//
//   otokura-log-bench [--entries=100000]     grows a log through 10,000, 100,000 … entries; 1.4 GB a million, in $TMPDIR
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "client/log_exporter.h"
#include "client/log_verifier.h"
#include "crypto/sha256.h"
#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "server/audit/log_rows.h"
#include "server/audit/tile_rows.h"
#include "tests/bench/bench_log.h"
#include "tests/bench/measure.h"
#include "tests/bench/served_log.h"

namespace otokura::bench {
namespace {

constexpr uint64_t kSmallestLog = 10'000;
constexpr uint64_t kSizeFactor = 10;
constexpr uint64_t kEntriesDefault = 100'000;
constexpr uint64_t kEntriesMax = 100'000'000;
constexpr uint64_t kAppendedAtSize = 50'000;  // to see what an entry costs at that size
constexpr int kRetrievals = 5'000;
constexpr std::chrono::seconds kStoreSettles{3};  // its flushes and compactions after a flood of entries
constexpr int kPages = 1'000;
constexpr int kProofs = 10'000;
constexpr int kHashes = 1'000'000;
constexpr size_t kHashedBytes = 512;    // a leaf, about
constexpr size_t kSyncedBytes = 2'048;  // what one entry writes, about

void MeasureHash() {
  const std::string leaf(kHashedBytes, 'x');
  std::string digest(crypto::kSha256Bytes, '\0');
  const Stopwatch watch;
  for (int i = 0; i < kHashes; ++i) crypto::Sha256Of({leaf}, digest.data());
  Line("control: sha-256").Add("bytes", uint64_t{kHashedBytes}).Add("per_s", kHashes / watch.seconds());
}

void MeasureAppends(BenchLog& log, std::string_view measure, uint64_t entries) {
  const Stopwatch watch;
  log.Listen(entries);
  const double seconds = watch.seconds();
  const auto count = static_cast<double>(entries);
  Line(measure)
      .Add("log_entries", log.size())
      .Add("appended", entries)
      .Add("per_s", count / seconds)
      .Add("cpu_us_per_entry", watch.cpu_seconds() * 1e6 / count);
}

// One entry at a time and one sync of the same file system at a time, in turns; once the store has put away what was appended before.
void MeasureRetrieval(BenchLog& log) {
  sync();
  std::this_thread::sleep_for(kStoreSettles);
  SyncedFile file(log.folder() / "control");
  Latencies syncs, entries;
  for (int i = 0; i < kRetrievals; ++i) {
    const Stopwatch sync;
    file.Append(kSyncedBytes);
    syncs.Add(sync);
    const Stopwatch entry;
    log.ListenOnce();
    entries.Add(entry);
  }
  const double p99 = entries.Percentile(99);
  const double sync_p99 = syncs.Percentile(99);
  Line("added to a retrieval")
      .Add("log_entries", log.size())
      .Add("p50_us", entries.Percentile(50))
      .Add("p99_us", p99)
      .Add("fdatasync_p50_us", syncs.Percentile(50))
      .Add("fdatasync_p99_us", sync_p99)
      .Add("p99_in_median_fdatasyncs", p99 / syncs.Percentile(50))
      .Add("p99_in_p99_fdatasyncs", p99 / sync_p99);
}

void MeasurePages(BenchLog& log) {
  const keys::ReleasePermit permit = log.PermitToReadTheLog();
  Latencies pages;
  uint64_t listed = 0;
  for (int i = 0; i < kPages; ++i) {
    const storage::RecordingId recording = log.AnyRecording();
    const Stopwatch page;
    listed += log.FirstPage(permit, recording).entries.size();
    pages.Add(page);
  }
  Line("first page of a recording")
      .Add("log_entries", log.size())
      .Add("entries_a_page", static_cast<double>(listed) / kPages)
      .Add("p50_us", pages.Percentile(50))
      .Add("p99_us", pages.Percentile(99));
}

struct TableSize {
  uint64_t rows = 0;
  uint64_t bytes = 0;
};
TableSize SizeOf(const storage::RecordReader& records, storage::Table table) {
  TableSize size;
  Demand(records.Scan(table, {}, [&size](std::string_view key, std::string_view value) {
    ++size.rows;
    size.bytes += key.size() + value.size();
    return true;
  }));
  return size;
}

void MeasureBytes(BenchLog& log) {
  const auto entries = static_cast<double>(log.size());
  const TableSize leaves = SizeOf(log.records(), storage::Table::kLog);
  const TableSize details = SizeOf(log.records(), storage::Table::kLogDetails);
  const TableSize index = SizeOf(log.records(), storage::Table::kLogIndex);
  const TableSize tiles = SizeOf(log.records(), storage::Table::kTiles);
  Line("bytes an entry")
      .Add("log_entries", log.size())
      .Add("leaf", static_cast<double>(leaves.bytes) / entries)
      .Add("details", static_cast<double>(details.bytes) / entries)
      .Add("index", static_cast<double>(index.bytes) / entries)
      .Add("index_rows", static_cast<double>(index.rows) / entries)
      .Add("tiles", static_cast<double>(tiles.bytes) / entries)
      .Add("index_and_tiles_in_leaves", static_cast<double>(index.bytes + tiles.bytes) / static_cast<double>(leaves.bytes))
      .Add("records_on_disk", static_cast<double>(log.folder().Bytes("data/records")) / entries);
}

// An export, its verification, and proofs from the stored tiles.
void MeasureVerification(BenchLog& log) {
  Demand(log.publisher().Publish());
  const Folder folder;
  const crypto::NoteVerifier key = Demand(crypto::NoteVerifier::Parse(log.publisher().VerifierKey()));
  ServedLog served(&log.records(), &log.publisher());
  const Stopwatch exporting;
  const client::LogExported exported = Demand(client::ExportLog(served, {.folder = folder / "log", .log_key = key}));
  const auto entries = static_cast<double>(exported.tree_size);
  Line("export").Add("log_entries", exported.tree_size).Add("per_s", entries / exporting.seconds());
  const Stopwatch verifying;
  const client::LogVerdict verdict = Demand(client::VerifyLogFolder(folder / "log", {.log_key = key}));
  if (verdict.findings != 0) Demand(absl::DataLossError("the log does not verify"));
  Line("verify")
      .Add("log_entries", exported.tree_size)
      .Add("per_s", entries / verifying.seconds())
      .Add("per_cpu_s", entries / verifying.cpu_seconds());
  audit::StoredTiles tiles(&log.records());
  const Stopwatch proving;
  for (uint64_t proof = 0; proof < kProofs; ++proof) {
    crypto::TileHashReader hashes(&tiles, exported.tree_size);
    Demand(crypto::ProveInclusion(proof * 7919 % exported.tree_size, exported.tree_size, hashes).status());
  }
  Line("prove inclusion").Add("log_entries", exported.tree_size).Add("us", proving.seconds() * 1e6 / kProofs);
}

void MeasureAll(uint64_t entries) {
  Line("machine").Add("cores", uint64_t{std::thread::hardware_concurrency()});
  MeasureHash();
  BenchLog log;
  for (uint64_t size = kSmallestLog; size <= entries; size *= kSizeFactor) {
    if (size > log.size()) MeasureAppends(log, "grow", size - log.size());
    MeasureAppends(log, "append", kAppendedAtSize);
    MeasureRetrieval(log);
    MeasurePages(log);
    MeasureBytes(log);
  }
  MeasureVerification(log);
}

// 0 where the arguments are not understood.
uint64_t EntriesAsked(int argc, char** argv) {
  if (argc == 1) return kEntriesDefault;
  absl::string_view text(argv[1]);
  uint64_t entries = 0;
  const bool understood = argc == 2 && absl::ConsumePrefix(&text, "--entries=") && absl::SimpleAtoi(text, &entries);
  return understood && entries >= kSmallestLog && entries <= kEntriesMax ? entries : 0;
}

}  // namespace
}  // namespace otokura::bench

int main(int argc, char** argv) {
  const uint64_t entries = otokura::bench::EntriesAsked(argc, argv);
  if (entries == 0) {
    std::cerr << "usage: otokura-log-bench [--entries=10000 to 100000000]\n";
    return 2;
  }
  otokura::bench::MeasureAll(entries);
}
