// Exports: the layout of tlog-tiles to the letter, resumed, extended, and refused where the log is not the one that was exported before.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/unit/client/served_log.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class LogExportTest : public ::testing::Test {
 protected:
  absl::StatusOr<LogExported> Export() { return ExportLog(log_, {.folder = folder(), .log_key = log_.key()}); }
  std::string folder() const { return folder_.path() + "/log"; }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      if (entry.is_regular_file()) files.push_back(entry.path().string().substr(folder().size() + 1));
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  storage::ScratchFolder folder_;
  ServedLog log_;
};

TEST_F(LogExportTest, EverySizeVerifies) {
  for (const uint64_t size : {0, 1, 2, 255, 256, 257, 511, 512, 700}) {
    fs::remove_all(folder());
    log_.leaves.clear();
    log_ = ServedLog();
    log_.Grow(size);
    const auto exported = Export();
    ASSERT_TRUE(exported.ok()) << exported.status();
    EXPECT_EQ(exported->tree_size, size);
    const Verified verified = VerifyFolder(folder(), log_.key());
    EXPECT_THAT(verified.findings, IsEmpty()) << size;
    EXPECT_EQ(verified.verdict.entries, size);
  }
}

TEST_F(LogExportTest, TheFilesAreThoseOfTheSpecification) {
  log_.Grow(257);
  ASSERT_TRUE(Export().ok());
  EXPECT_THAT(Files(),
              ElementsAre("checkpoint", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"));
  EXPECT_EQ(Contents(folder() + "/tile/0/000").size(), 8192u);
  EXPECT_EQ(Contents(folder() + "/tile/0/001.p/1"), crypto::MerkleLeafHash(log_.leaves[256]));
  const std::string& leaf = log_.leaves[256];
  const std::string length = {static_cast<char>(leaf.size() >> 8), static_cast<char>(leaf.size() & 0xff)};
  EXPECT_EQ(Contents(folder() + "/tile/entries/001.p/1"), length + leaf);
  EXPECT_EQ(Contents(folder() + "/checkpoint"), log_.Checkpoint(257));
}

// The worked example of tlog-tiles.
TEST_F(LogExportTest, TheTreeOf70000) {
  log_.Grow(70000);
  ASSERT_TRUE(Export().ok());
  const std::vector<std::string> files = Files();
  const auto count = [&](const std::string& prefix) {
    return std::count_if(files.begin(), files.end(), [&](const std::string& file) { return file.starts_with(prefix); });
  };
  EXPECT_EQ(count("tile/0/"), 274);
  EXPECT_EQ(count("tile/entries/"), 274);
  EXPECT_EQ(count("tile/1/"), 2);
  EXPECT_EQ(count("tile/2/"), 1);
  EXPECT_EQ(files.size(), 1u + 274 + 274 + 2 + 1);
  for (const char* file : {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"}) {
    EXPECT_TRUE(std::binary_search(files.begin(), files.end(), file)) << file;
  }
  EXPECT_THAT(VerifyFolder(folder(), log_.key()).findings, IsEmpty());
}

TEST_F(LogExportTest, ExtendsWhatIsThereAndFetchesOnlyTheRest) {
  std::vector<std::string> checkpoints;
  for (const uint64_t size : {0, 3, 3, 200, 255, 256, 300, 900, 1024, 1500}) {
    const uint64_t before = log_.leaves.size();
    log_.Grow(size);
    const auto exported = Export();
    ASSERT_TRUE(exported.ok()) << exported.status();
    EXPECT_EQ(log_.asked_from, before);
    EXPECT_EQ(exported->new_entries, size - before);
    EXPECT_EQ(Contents(folder() + "/checkpoint"), log_.Checkpoint(size));
    checkpoints.push_back(log_.Checkpoint(size));
    for (const std::string& since : checkpoints) EXPECT_THAT(VerifyFolder(folder(), log_.key(), since).findings, IsEmpty()) << size;
  }
  // Partial tiles of older checkpoints stay until the full one is there (tlog-tiles).
  EXPECT_FALSE(fs::exists(folder() + "/tile/0/000.p"));
  EXPECT_FALSE(fs::exists(folder() + "/tile/entries/003.p"));
}

TEST_F(LogExportTest, BrokenOffItGoesOnFromTheLastWholeBundle) {
  log_.Grow(100);
  ASSERT_TRUE(Export().ok());
  log_.Grow(5000);
  LogExport options{.folder = folder(), .log_key = log_.key()};
  options.progress = [](uint64_t done, uint64_t) { return done < 3000; };
  EXPECT_TRUE(absl::IsCancelled(ExportLog(log_, options).status()));
  EXPECT_EQ(Contents(folder() + "/checkpoint"), log_.Checkpoint(100)) << "the old checkpoint holds until the new one is proven";
  ASSERT_TRUE(Export().ok());
  EXPECT_EQ(log_.asked_from, 3072u);
  EXPECT_THAT(VerifyFolder(folder(), log_.key()).findings, IsEmpty());
}

TEST_F(LogExportTest, ATornBundleIsFetchedAgain) {
  log_.Grow(1000);
  ASSERT_TRUE(Export().ok());
  fs::remove(folder() + "/checkpoint");  // as if it never came to the end
  std::ofstream(folder() + "/tile/entries/002", std::ios::binary | std::ios::trunc)
      << Contents(folder() + "/tile/entries/002").substr(0, 100);
  ASSERT_TRUE(Export().ok());
  EXPECT_EQ(log_.asked_from, 512u);
  EXPECT_THAT(VerifyFolder(folder(), log_.key()).findings, IsEmpty());
}

TEST_F(LogExportTest, I7_ALogThatWasSetBackIsRefused) {
  log_.Grow(500);
  ASSERT_TRUE(Export().ok());
  const std::string kept = Contents(folder() + "/checkpoint");
  log_.leaves.resize(400);
  const auto exported = Export();
  EXPECT_TRUE(absl::IsDataLoss(exported.status())) << exported.status();
  EXPECT_THAT(std::string(exported.status().message()), HasSubstr("set back"));
  EXPECT_EQ(Contents(folder() + "/checkpoint"), kept);
  EXPECT_THAT(VerifyFolder(folder(), log_.key()).findings, IsEmpty());
}

TEST_F(LogExportTest, I7_ALogThatWasRewrittenIsRefused) {
  log_.Grow(500);
  ASSERT_TRUE(Export().ok());
  const std::string kept = Contents(folder() + "/checkpoint");
  v1::AuditEntry entry;
  entry.ParseFromString(log_.leaves[17]);
  entry.set_decision(v1::DENIED);
  log_.leaves[17] = entry.SerializeAsString();
  log_.Grow(600);
  EXPECT_TRUE(absl::IsDataLoss(Export().status()));
  EXPECT_EQ(Contents(folder() + "/checkpoint"), kept);
}

TEST_F(LogExportTest, I7_LeavesThatTheCheckpointIsNotOverAreRefused) {
  log_.Grow(300);
  log_.sends_instead = log_.leaves;
  log_.sends_instead[250] += "x";
  EXPECT_TRUE(absl::IsDataLoss(Export().status()));
  log_.sends_instead = log_.leaves;
  log_.sends_instead.pop_back();
  EXPECT_TRUE(absl::IsDataLoss(Export().status()));
  EXPECT_FALSE(fs::exists(folder() + "/checkpoint"));
}

TEST_F(LogExportTest, I7_AnotherKeysCheckpointIsRefused) {
  log_.Grow(10);
  ServedLog other('t');
  EXPECT_FALSE(ExportLog(log_, {.folder = folder(), .log_key = other.key()}).ok());
  EXPECT_FALSE(fs::exists(folder() + "/checkpoint"));
  ASSERT_TRUE(Export().ok());
  EXPECT_FALSE(ExportLog(other, {.folder = folder(), .log_key = other.key()}).ok()) << "the folder is another log's";
}

TEST_F(LogExportTest, I7_AFolderThatWasChangedIsNotBuiltUpon) {
  log_.Grow(300);
  ASSERT_TRUE(Export().ok());
  log_.Grow(400);
  for (const char* file : {"tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"}) {
    const std::string right = Contents(folder() + "/" + file);
    std::string wrong = right;
    wrong[10] ^= 1;
    std::ofstream(folder() + "/" + file, std::ios::binary | std::ios::trunc) << wrong;
    EXPECT_TRUE(absl::IsDataLoss(Export().status())) << file;
    std::ofstream(folder() + "/" + file, std::ios::binary | std::ios::trunc) << right;
  }
  EXPECT_TRUE(Export().ok());
}

}  // namespace
}  // namespace otokura::client
