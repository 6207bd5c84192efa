#include "tests/unit/recordings/test_site.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/file_key_provider.h"
#include "crypto/secret.h"
#include "server/audit/log_rows.h"
#include "server/recordings/errors.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

using storage::StorageCall;

constexpr char kSiteId[] = "11111111-2222-4333-8444-555555555555";

// One key store for all sites of the process: opening it costs a scrypt, however small.
class KeyStore : public ::testing::Environment {
 public:
  void SetUp() override {
    ASSERT_TRUE(crypto::LockSecretMemory().ok());
    folder_ = ::testing::TempDir() + "/keys-" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    auto passphrase = crypto::SecretBytes::CopyOf("a passphrase of a test");
    ASSERT_TRUE(passphrase.ok());
    ASSERT_TRUE(crypto::FileKeyProvider::Create(folder_ + "/root.key", *passphrase, {.n = 16, .r = 8, .p = 1}).ok());
    auto provider = crypto::FileKeyProvider::Open(folder_ + "/root.key", *passphrase);
    ASSERT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
    ASSERT_TRUE(keys::KeyHierarchy::Initialise(folder_, kSiteId, *provider_).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::string& folder() const { return folder_; }
  crypto::KeyEncryptionProvider* provider() { return provider_.get(); }

 private:
  std::string folder_;
  std::unique_ptr<crypto::FileKeyProvider> provider_;
};

KeyStore* const key_store = static_cast<KeyStore*>(::testing::AddGlobalTestEnvironment(new KeyStore));

storage::RecordingId IdFrom(const std::string& text) {
  auto id = storage::RecordingId::Parse(text);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.ok() ? *id : storage::RecordingId();
}

}  // namespace

v1::AudioFormat Pcmu() {
  v1::AudioFormat format;
  format.set_encoding(v1::AudioFormat::PCMU);
  format.set_sample_rate_hz(8000);
  format.set_channels(1);
  return format;
}

std::string Speech(size_t bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string speech(bytes + 8, '\0');
  for (size_t at = 0; at < bytes; at += 8) {
    const uint64_t word = random();
    std::memcpy(speech.data() + at, &word, 8);
  }
  speech.resize(bytes);
  return speech;
}

v1::Account RecorderAccount(const std::string& name) {
  v1::Account account;
  account.set_name(name);
  account.set_role(v1::RECORDER);
  account.add_centres("tokyo");
  account.add_centres("osaka");
  account.add_queues("pensions");
  account.add_queues("loans");
  v1::RecorderLimits& limits = *account.mutable_recorder();
  *limits.add_formats() = Pcmu();
  limits.add_retention_classes("standard");
  limits.set_open_calls_max(1000);
  limits.set_opens_per_minute_max(60000);
  limits.set_call_bytes_max(uint64_t{512} << 20);
  limits.set_day_bytes_max(uint64_t{64} << 30);
  return account;
}

v1::Account PersonAccount(v1::Role role, const std::string& name, std::vector<std::string> centres) {
  v1::Account account;
  account.set_name(name);
  account.set_role(role);
  account.set_person_id("person-" + name);
  for (const std::string& centre : centres) account.add_centres(centre);
  return account;
}

access::Caller CallerOf(v1::Account account) {
  auto enrolled = std::make_shared<access::Enrolled>();
  enrolled->account = std::move(account);
  access::Caller caller;
  caller.enrolled = std::move(enrolled);
  caller.certificate_sha256_hex = std::string(64, 'a');
  caller.certificate_serial = "01";
  caller.certificate_expiry = TestStart() + absl::Hours(24 * 365 * 5);
  caller.address = "ipv4:192.0.2.1:4000";
  return caller;
}

void Suspend(const access::Caller& caller) { caller.enrolled->standing->store(access::Standing::kSuspended); }

TestSite::TestSite(v1::LimitsConfig limits) : limits_(WithDefaults(std::move(limits))), engine_(storage::MemoryEngine::Create()) {
  Start();
  clock_.Advance(absl::Seconds(1));  // since then a lead to listen to has come together
}

TestSite::~TestSite() {
  NoFaults();
  Stop();
}

void TestSite::Start() {
  auto keys = keys::KeyHierarchy::Open(key_store->folder(), kSiteId, key_store->provider());
  ASSERT_TRUE(keys.ok()) << keys.status();
  keys_ = *std::move(keys);
  ASSERT_TRUE(keys_->EnsureEpochs({"standard"}, clock_.Now(), [](const keys::Epoch&) { return absl::OkStatus(); }).ok());
  auto pseudonyms = keys::PseudonymKeys::Open(key_store->folder(), key_store->provider());
  ASSERT_TRUE(pseudonyms.ok()) << pseudonyms.status();
  pseudonyms_ = *std::move(pseudonyms);
  ASSERT_EQ(pseudonyms_->Renew(clock_.Now(), [](std::string_view, bool) { return absl::OkStatus(); }), absl::OkStatus());
  auto log = audit::Log::Open(&engine_->records(), &keys_->site(), &clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  log_ = *std::move(log);
  executor_ = runtime::Executor::Create(2);
  committer_ = storage::Committer::Create(engine_.get(), log_.get());
  gate_ = std::make_unique<access::Gate>(committer_.get(), &clock_, &policy_);
  const Site site{engine_.get(), committer_.get(), keys_.get(),     pseudonyms_.get(), log_.get(),
                  gate_.get(),   nullptr,          executor_.get(), &clock_,           limits_};
  auto ingest = Ingest::Create(site);
  ASSERT_TRUE(ingest.ok()) << ingest.status();
  ingest_ = *std::move(ingest);
  retrieval_ = Retrieval::Create(site);
  catalogue_ = Catalogue::Create(site);
}

void TestSite::Stop() {
  ingest_.reset();
  retrieval_.reset();
  if (committer_ != nullptr) committer_->Drain();
  executor_.reset();
  catalogue_.reset();
  gate_.reset();
  committer_.reset();
  log_.reset();
  keys_.reset();
}

void TestSite::Restart() {
  Stop();
  Start();
}

void TestSite::Crash() {
  // From here on the dying process changes nothing on the disk any more.
  engine_->SetFault([](StorageCall call, const storage::AudioObjectId*) {
    return call == StorageCall::kRead || call == StorageCall::kReopen ? absl::OkStatus() : absl::UnavailableError("power is gone");
  });
  Stop();
  engine_->Crash();
  NoFaults();
  Start();
}

void TestSite::FailOnce(StorageCall call, int nth, absl::Status status, bool stores_anyway) {
  auto seen = std::make_shared<std::atomic<int>>(0);
  engine_->SetFault(
      [=](StorageCall now, const storage::AudioObjectId*) { return now == call && ++*seen == nth ? status : absl::OkStatus(); },
      stores_anyway);
}

std::vector<v1::RecordingRecord> TestSite::Records() {
  std::vector<v1::RecordingRecord> records;
  EXPECT_TRUE(engine_->records()
                  .Scan(storage::Table::kRecordings, {},
                        [&](std::string_view, std::string_view value) {
                          EXPECT_TRUE(records.emplace_back().ParseFromString(std::string(value)));
                          return true;
                        })
                  .ok());
  return records;
}

v1::RecordingRecord TestSite::Record(const std::string& id_text) {
  auto stored = ReadRecord(engine_->records(), IdFrom(id_text));
  EXPECT_TRUE(stored.ok()) << stored.status();
  return stored.ok() ? stored->record : v1::RecordingRecord();
}

void TestSite::Tamper(storage::Table table, std::string_view key, std::optional<std::string> value) {
  storage::Batch batch;
  batch.writes.push_back({table, std::string(key), std::move(value)});
  ASSERT_TRUE(engine_->records().Commit(batch).ok());
}

void TestSite::TamperRecord(const v1::RecordingRecord& record) {
  Tamper(storage::Table::kRecordings, record.id(), record.SerializeAsString());
}

std::string TestSite::Object(const std::string& id_text, uint32_t part) {
  const storage::AudioObjectId object{IdFrom(id_text), part};
  auto size = engine_->audio().Size(object);
  EXPECT_TRUE(size.ok()) << size.status();
  std::string bytes;
  EXPECT_TRUE(size.ok() && engine_->audio().Read(object, 0, *size, &bytes).ok());
  return bytes;
}

void TestSite::SetObject(const std::string& id_text, uint32_t part, const std::string& bytes) {
  const storage::AudioObjectId object{IdFrom(id_text), part};
  ASSERT_TRUE(engine_->audio().Delete(object).ok());
  ASSERT_TRUE(engine_->audio().Append(object, 0, bytes).ok());
  ASSERT_TRUE(engine_->audio().Sync({object})[0].ok());
}

std::vector<v1::AuditEntry> TestSite::Log() {
  committer_->Drain();
  std::vector<v1::AuditEntry> entries;
  EXPECT_TRUE(engine_->records()
                  .Scan(storage::Table::kLog, {},
                        [&](std::string_view, std::string_view leaf) {
                          EXPECT_TRUE(entries.emplace_back().ParseFromString(std::string(leaf)));
                          return true;
                        })
                  .ok());
  return entries;
}

std::vector<v1::AuditEntry> TestSite::LogOf(v1::AuditAction action) {
  std::vector<v1::AuditEntry> entries;
  for (v1::AuditEntry& entry : Log()) {
    if (entry.action() == action) entries.push_back(std::move(entry));
  }
  return entries;
}

int TestSite::Count(v1::AuditAction action, const std::string& rule) {
  int count = 0;
  for (const v1::AuditEntry& entry : LogOf(action)) count += rule.empty() || entry.rule() == rule ? 1 : 0;
  return count;
}

std::vector<std::string> TestSite::Fsck() {
  committer_->Drain();
  std::vector<std::string> findings;
  auto report = recordings::Fsck(*engine_, *keys_, {.deep = true},
                                 [&](const FsckFinding& finding) { findings.push_back(finding.where + ": " + finding.problem); });
  EXPECT_TRUE(report.ok()) << report.status();
  return findings;
}

v1::ErrorDetail DetailOf(const absl::Status& status) {
  v1::ErrorDetail detail;
  if (auto payload = status.GetPayload(kErrorDetailUrl); payload.has_value()) detail.ParseFromString(std::string(*payload));
  return detail;
}

}  // namespace otokura::recordings
