// What the parts cost that every call, every retrieval and every entry goes through (Google Benchmark): `--benchmark_filter=…`,
// `--benchmark_format=json`.
#include <benchmark/benchmark.h>

#include <string>

#include "crypto/cobblestone.h"
#include "crypto/commitment.h"
#include "crypto/hkdf.h"
#include "crypto/merkle.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "server/audit/commitments.h"
#include "server/audit/index.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "tests/bench/measure.h"

namespace otokura::bench {
namespace {

crypto::SecretBytes Key() {
  Demand(crypto::LockSecretMemory());
  return Demand(crypto::SecretBytes::Random(32));
}

void SealChunk(benchmark::State& state) {
  const std::string chunk(crypto::kChunkBytes, 'a');
  const crypto::SecretBytes key = Key();
  std::string sealed;
  auto sealer = Demand(crypto::CobblestoneSealer::Create(key, "otokura/v1/audio"));
  for (auto _ : state) {
    sealed.clear();
    Demand(sealer.SealNext(chunk, &sealed));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * chunk.size()));
}
BENCHMARK(SealChunk);

void HkdfExpand(benchmark::State& state) {
  const crypto::SecretBytes key = Key();
  const std::string info(120, 'i');
  for (auto _ : state) benchmark::DoNotOptimize(crypto::HkdfExpand(key, info, 76));
}
BENCHMARK(HkdfExpand);

void HmacSha256(benchmark::State& state) {
  const crypto::SecretBytes key = Key();
  for (auto _ : state) benchmark::DoNotOptimize(crypto::HmacSha256(key, "tokyo"));
}
BENCHMARK(HmacSha256);

void Salts(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(crypto::RandomBytes(320));
}
BENCHMARK(Salts);

void LeafHash(benchmark::State& state) {
  const std::string leaf(512, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(crypto::MerkleLeafHash(leaf));
}
BENCHMARK(LeafHash);

audit::Particulars SomebodyListens() {
  audit::Particulars who;
  who.account = "operator-17";
  who.person = "person-17";
  who.company = "Maintenance Ltd";
  who.certificate = std::string(64, 'c');
  who.address = "ipv4:10.1.2.3:40000";
  who.reference = "CASE-2026-0042";
  return who;
}

void Commitments(benchmark::State& state) {
  const audit::Particulars who = SomebodyListens();
  for (auto _ : state) {
    v1::AuditEntry leaf;
    v1::AuditDetails details;
    audit::CommitTo(who, &leaf, &details);
    benchmark::DoNotOptimize(leaf);
  }
}
BENCHMARK(Commitments);

void SealDetails(benchmark::State& state) {
  const keys::SiteKeys keys = Demand(keys::SiteKeys::Create(Key()));
  v1::AuditEntry leaf;
  v1::AuditDetails details;
  audit::CommitTo(SomebodyListens(), &leaf, &details);
  const std::string commitments = audit::CommitmentsDigest(leaf), bytes = details.SerializeAsString();
  for (auto _ : state) benchmark::DoNotOptimize(keys.SealAuditDetails(commitments, bytes));
}
BENCHMARK(SealDetails);

void IndexPrefixes(benchmark::State& state) {
  const keys::SiteKeys keys = Demand(keys::SiteKeys::Create(Key()));
  v1::AuditEntry leaf;
  v1::AuditDetails details;
  leaf.set_action(v1::LISTEN);
  leaf.set_decision(v1::ALLOWED);
  leaf.set_purpose("inquiry");
  leaf.set_recording_id(std::string(16, 'r'));
  audit::CommitTo(SomebodyListens(), &leaf, &details);
  for (auto _ : state) benchmark::DoNotOptimize(audit::IndexPrefixes(leaf, details, keys));
}
BENCHMARK(IndexPrefixes);

}  // namespace
}  // namespace otokura::bench

BENCHMARK_MAIN();
