// Somebody with the whole disk changes the index of the log while the gateway is down. The log verifies as before, since nothing of it was
// touched; fsck names what the index says wrongly, and makes it anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <map>

#include "client/log_verifier.h"
#include "otokura/audit_log.h"
#include "server/storage/local/local_engine.h"
#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

using storage::Table;
using ::testing::HasSubstr;
using Rows = std::map<std::string, std::string>;

class ChangedIndex : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Set(), absl::OkStatus());
    for (const char* call : {"one", "two"}) {
      ASSERT_TRUE(
          integration::RecordCall(site_.site().ConnectAs("recorder"), integration::OpenRequest(call), integration::Speech(2000)).ok());
    }
    Stop();
  }
  void Stop() {
    site_.site().Signal(SIGTERM);
    ASSERT_EQ(site_.site().WaitForProcess(), 0);
  }
  void Change(const std::function<void(Rows&)>& change) {
    storage::LocalEngineOptions options;
    options.data_dir = site_.site().config().data_dir();
    const auto engine = storage::OpenLocalEngine(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    storage::RecordStore& records = (*engine)->records();
    Rows rows;
    ASSERT_EQ(records.Scan(Table::kLogIndex, {},
                           [&rows](std::string_view key, std::string_view value) { return rows.emplace(key, value).second; }),
              absl::OkStatus());
    storage::Batch batch;
    for (const auto& [key, value] : rows) batch.Delete(Table::kLogIndex, key);
    change(rows);
    for (const auto& [key, value] : rows) batch.Put(Table::kLogIndex, key, value);
    ASSERT_EQ(records.Commit(batch), absl::OkStatus());
  }
  void ExpectTheLogVerifies() {
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    auto log = client::AuditLog::Create(site_.ConnectionAs("auditor"));
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE(WaitFor([&] { return (*log)->Head().ok(); }));
    const auto key = crypto::NoteVerifier::Parse((*log)->Head()->verifier_key);
    ASSERT_TRUE(key.ok()) << key.status();
    const auto verdict = client::VerifyLiveLog(**log, {.log_key = *key});
    ASSERT_TRUE(verdict.ok()) << verdict.status();
    EXPECT_EQ(verdict->findings, 0u);
    EXPECT_GT(verdict->entries, 0u);
    Stop();
  }
  // fsck says so, and then mends it.
  void ExpectNamedAndMended(const char* said) {
    ExpectTheLogVerifies();
    EXPECT_NE(site_.site().Otokurad("fsck"), 0);
    EXPECT_THAT(site_.site().said(), HasSubstr(said));
    EXPECT_THAT(site_.site().said(), HasSubstr("--rebuild-index"));
    EXPECT_EQ(site_.site().Otokurad("fsck", {"--rebuild-index"}), 0) << site_.site().said();
    EXPECT_EQ(site_.site().Otokurad("fsck"), 0) << site_.site().said();
  }

  LibrarySite site_;
};

TEST_F(ChangedIndex, I7_ADroppedRowIsNamedAndMended) {
  Change([](Rows& rows) { rows.erase(rows.begin()); });
  ExpectNamedAndMended("the index does not name it");
}

TEST_F(ChangedIndex, I7_ARowOfWhatNobodySaidIsNamedAndMended) {
  Change([](Rows& rows) {
    std::string key = rows.rbegin()->first;
    key[1] = static_cast<char>(key[1] ^ 1);
    rows.emplace(key, "");
  });
  ExpectNamedAndMended("the index has a row that no entry asks for");
}

TEST_F(ChangedIndex, I7_ADamagedRowIsNamedAndMended) {
  Change([](Rows& rows) { rows.begin()->second = std::string(1, '\x80'); });
  ExpectNamedAndMended("damaged");
}

}  // namespace
}  // namespace otokura::fault
