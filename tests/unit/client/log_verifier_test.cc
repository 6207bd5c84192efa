// Mutations: an exported log is changed at every kind of place by somebody who may write all of it but has not the key; verify finds every
// one. And what only entries can tell, in logs whose signer is itself at fault.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "client/log_folder.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/tile_builder.h"
#include "tests/unit/client/served_log.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::client {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr uint64_t kEntries = 700;  // two full bundles and a partial one, with older partials beside it

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void Write(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

MATCHER_P(EntryFinding, sequence, "") {
  return arg.sequence == static_cast<uint64_t>(sequence) && arg.where == "entry " + std::to_string(sequence);
}

class MutationTest : public ::testing::Test {
 protected:
  MutationTest() {
    for (const uint64_t size : {uint64_t{600}, kEntries}) {
      log_.Grow(size);
      EXPECT_TRUE(ExportLog(log_, {.folder = folder(), .log_key = log_.key()}).ok());
    }
    EXPECT_THAT(VerifyFolder(folder(), log_.key()).findings, IsEmpty());
    EXPECT_TRUE(fs::exists(folder() + "/tile/0/002.p/88")) << "an older partial tile, to be checked as well";
  }
  std::string folder() const { return folder_.path() + "/log"; }
  std::string File(const std::string& name) const { return folder() + "/" + name; }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  Verified Verify(const std::string& since = "") const { return VerifyFolder(folder(), log_.key(), since); }
  // The entries of the folder written anew, with every tile over them right: what only a signature can find.
  void Rewrite(const std::vector<std::string>& leaves) {
    const std::string checkpoint = Contents(File("checkpoint"));
    fs::remove_all(folder());
    const LogFolder writer(folder());
    crypto::TileBuilder tree;
    std::string bundle;
    for (const std::string& leaf : leaves) {
      ASSERT_TRUE(crypto::AppendEntry(leaf, &bundle).ok());
      tree.Append(crypto::MerkleLeafHash(leaf), [&](const crypto::TileCoordinates& tile, std::string_view hashes) {
        ASSERT_TRUE(writer.WriteTile(tile, hashes).ok());
        if (tile.level != 0) return;
        ASSERT_TRUE(writer.WriteTile({crypto::kEntriesLevel, tile.index, tile.width}, bundle).ok());
        bundle.clear();
      });
    }
    tree.ForEachPartial([&](const crypto::TileCoordinates& tile, std::string_view hashes) {
      ASSERT_TRUE(writer.WriteTile(tile, hashes).ok());
      if (tile.level != 0) return;
      ASSERT_TRUE(writer.WriteTile({crypto::kEntriesLevel, tile.index, tile.width}, bundle).ok());
    });
    Write(File("checkpoint"), checkpoint);
  }
  void ExpectFound(const char* what) const { EXPECT_THAT(Verify().findings, Not(IsEmpty())) << what; }

  storage::ScratchFolder folder_;
  ServedLog log_;
};

TEST_F(MutationTest, I7_EveryFileChangedCutGrownOrGoneIsFound) {
  const uint32_t seed = 20260401;
  std::mt19937 random(seed);
  for (const std::string& file : Files()) {
    const std::string right = Contents(file);
    for (int round = 0; round < 12; ++round) {
      std::string wrong = right;
      const size_t at = random() % wrong.size();
      switch (round % 6) {
        case 0:
        case 1:
          wrong[at] ^= static_cast<char>(1 << random() % 8);
          break;
        case 2:
          wrong.resize(at);
          break;
        case 3:
          wrong.append(1 + random() % 40, static_cast<char>(random()));
          break;
        case 4:
          wrong.erase(at, 1);
          break;
        default:
          wrong.insert(at, 1, static_cast<char>(random()));
          break;
      }
      if (wrong == right) continue;
      Write(file, wrong);
      EXPECT_THAT(Verify().findings, Not(IsEmpty())) << "seed " << seed << ", " << file << ", round " << round << ", at " << at;
    }
    Write(file, right);
    if (file == File("checkpoint")) continue;  // without it there is no export to verify: an error of its own
    fs::remove(file);
    // Of an older checkpoint: a log may drop it once it has grown.
    const bool may_be_gone = file.ends_with(".p/88");
    EXPECT_EQ(Verify().findings.empty(), may_be_gone) << file << " gone";
    Write(file, right);
  }
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(MutationTest, I7_AnyTwoFilesSwappedAreFound) {
  const std::vector<std::string> files = Files();
  for (size_t a = 0; a < files.size(); ++a) {
    for (size_t b = a + 1; b < files.size(); ++b) {
      const std::string first = Contents(files[a]), second = Contents(files[b]);
      if (first == second) continue;
      Write(files[a], second);
      Write(files[b], first);
      EXPECT_THAT(Verify().findings, Not(IsEmpty())) << files[a] << " and " << files[b];
      Write(files[a], first);
      Write(files[b], second);
    }
  }
}

TEST_F(MutationTest, I7_FilesThatDoNotBelongAreFound) {
  for (const char* name : {"tile/0/003", "tile/0/003.p/1", "tile/0/002", "tile/0/002.p/255", "tile/2/000.p/1", "tile/entries/003",
                           "tile/entries/002", "tile/entries/x001/000", "tile/x", "tile/0/000.p/9", "tile/0/2", "tile/0/000.tmp"}) {
    Write(File(name), std::string(32, 'h'));
    ExpectFound(name);
    fs::remove(File(name));
    std::error_code not_empty;
    fs::remove(fs::path(File(name)).parent_path(), not_empty);
  }
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(MutationTest, I7_AChangedEntryIsNamed) {
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{255}, uint64_t{256}, uint64_t{699}}) {
    std::vector<std::string> leaves = log_.leaves;
    v1::AuditEntry entry;
    entry.ParseFromString(leaves[sequence]);
    entry.set_decision(v1::DENIED);
    leaves[sequence] = entry.SerializeAsString();
    // Its bundle alone is changed: the tile tells which.
    const uint64_t bundle = sequence / 256;
    std::string bytes;
    const uint64_t end = std::min(kEntries, (bundle + 1) * 256);
    for (uint64_t i = bundle * 256; i < end; ++i) ASSERT_TRUE(crypto::AppendEntry(leaves[i], &bytes).ok());
    const std::string name = crypto::TilePath({crypto::kEntriesLevel, bundle, crypto::TileWidth(kEntries, crypto::kEntriesLevel, bundle)});
    const std::string right = Contents(File(name));
    Write(File(name), bytes);
    EXPECT_EQ(Verify().verdict.first_bad_entry, sequence);
    Write(File(name), right);
  }
}

TEST_F(MutationTest, I7_WithEveryTileMadeToFitTheSignatureStillTells) {
  std::vector<std::string> changed = log_.leaves;
  v1::AuditEntry entry;
  entry.ParseFromString(changed[300]);
  entry.set_role("supervisor");
  changed[300] = entry.SerializeAsString();
  std::vector<std::string> swapped = log_.leaves;
  std::swap(swapped[10], swapped[11]);
  std::vector<std::string> dropped = log_.leaves;
  dropped.erase(dropped.begin() + 400);
  std::vector<std::string> repeated = log_.leaves;
  repeated.insert(repeated.begin() + 400, repeated[400]);
  std::vector<std::string> appended = log_.leaves;
  appended.push_back(log_.leaves.back());
  std::vector<std::string> cut = log_.leaves;
  cut.pop_back();
  int number = 0;
  for (const auto* leaves : {&changed, &swapped, &dropped, &repeated, &appended, &cut}) {
    Rewrite(*leaves);
    EXPECT_THAT(Verify().findings, Not(IsEmpty())) << "mutation " << number;
    ++number;
  }
  Rewrite(log_.leaves);
  EXPECT_THAT(Verify().findings, IsEmpty());
}

TEST_F(MutationTest, I7_ACheckpointOfAnotherSizeRootOriginOrKeyIsFound) {
  const std::string right = Contents(File("checkpoint"));
  EXPECT_NE(right.find("\n700\n"), std::string::npos);
  Write(File("checkpoint"), std::string(right).replace(right.find("\n700\n"), 5, "\n600\n"));
  ExpectFound("size");
  Write(File("checkpoint"), ServedLog('t').Checkpoint(0));
  ExpectFound("key");
  Write(File("checkpoint"), log_.Checkpoint(600));
  ExpectFound("an older one, with tiles of the newer");
  Write(File("checkpoint"), right);
}

TEST_F(MutationTest, I7_TruncationToAnOlderValidStateIsFoundByALaterCheckpoint) {
  const std::string later = Contents(File("checkpoint"));
  ServedLog older;
  older.Grow(650);
  fs::remove_all(folder());
  ASSERT_TRUE(ExportLog(older, {.folder = folder(), .log_key = older.key()}).ok());
  EXPECT_THAT(Verify().findings, IsEmpty()) << "by itself it is whole";
  const Verified verified = Verify(later);
  EXPECT_THAT(verified.findings, Contains(Field(&LogFinding::problem, HasSubstr("are gone"))));
  EXPECT_EQ(verified.verdict.first_bad_entry, 650u);
}

TEST_F(MutationTest, I7_AHistoryRewrittenByTheSignerItselfIsFoundByAnOlderCheckpoint) {
  const std::string older = log_.Checkpoint(500);
  ServedLog rewritten;
  rewritten.Grow(100);
  v1::AuditEntry entry = rewritten.Next();
  entry.set_action(v1::SHOW);
  rewritten.Add(entry);
  rewritten.Grow(800);
  fs::remove_all(folder());
  ASSERT_TRUE(ExportLog(rewritten, {.folder = folder(), .log_key = rewritten.key()}).ok());
  EXPECT_THAT(Verify().findings, IsEmpty());
  EXPECT_THAT(Verify(older).findings, Contains(Field(&LogFinding::where, "older checkpoint")));
}

// ---- what entries themselves must keep, whoever signed them

class EntriesTest : public ::testing::Test {
 protected:
  // Entry 20 is made wrong, the rest follows rightly.
  std::vector<LogFinding> FindingsWith(const std::function<void(v1::AuditEntry&)>& change) {
    ServedLog log;
    log.Grow(20);
    v1::AuditEntry entry = log.Next();
    change(entry);
    log.Add(entry);
    log.Grow(30);
    std::vector<LogFinding> findings;
    LogVerification options{.log_key = log.key()};
    options.finding = [&findings](const LogFinding& finding) { findings.push_back(finding); };
    auto verdict = VerifyLiveLog(log, options);
    EXPECT_TRUE(verdict.ok()) << verdict.status();
    return findings;
  }
};

TEST_F(EntriesTest, AWholeLogHasNoFindings) {
  EXPECT_THAT(FindingsWith([](v1::AuditEntry&) {}), IsEmpty());
}

TEST_F(EntriesTest, I7_EachIsNamed) {
  const std::pair<const char*, std::function<void(v1::AuditEntry&)>> changes[] = {
      {"sequence", [](v1::AuditEntry& entry) { entry.set_sequence(21); }},
      {"no version", [](v1::AuditEntry& entry) { entry.set_version(0); }},
      {"a version of tomorrow", [](v1::AuditEntry& entry) { entry.set_version(2); }},
      {"time", [](v1::AuditEntry& entry) { entry.set_time_unix_us(entry.time_unix_us() - 1001); }},
      {"an access left out", [](v1::AuditEntry& entry) { entry.set_access_number(entry.access_number() + 1); }},
      {"an access repeated", [](v1::AuditEntry& entry) { entry.set_access_number(entry.access_number() - 1); }},
      {"no access number", [](v1::AuditEntry& entry) { entry.clear_access_number(); }},
      {"another entry before it", [](v1::AuditEntry& entry) { entry.set_previous_sequence(entry.previous_sequence() - 1); }},
      {"no entry before it", [](v1::AuditEntry& entry) { entry.clear_previous_sequence(); }},
      {"a recording id that is none", [](v1::AuditEntry& entry) { entry.set_recording_id("short"); }},
      {"an access of no recording", [](v1::AuditEntry& entry) { entry.clear_recording_id(); }},
  };
  for (const auto& [what, change] : changes) EXPECT_THAT(FindingsWith(change), Contains(EntryFinding(20))) << what;
}

TEST_F(EntriesTest, I7_BytesThatAreNoEntryAreNamed) {
  ServedLog log;
  log.Grow(20);
  log.leaves.emplace_back("\xff\xff nonsense");
  std::vector<LogFinding> findings;
  LogVerification options{.log_key = log.key()};
  options.finding = [&findings](const LogFinding& finding) { findings.push_back(finding); };
  ASSERT_TRUE(VerifyLiveLog(log, options).ok());
  EXPECT_THAT(findings, Contains(EntryFinding(20)));
}

TEST_F(EntriesTest, I7_ALiveLogThatSendsOtherLeavesThanItSignedIsFound) {
  ServedLog log;
  log.Grow(300);
  log.sends_instead = log.leaves;
  log.sends_instead.pop_back();
  LogVerification options{.log_key = log.key()};
  EXPECT_EQ(VerifyLiveLog(log, options)->first_bad_entry, 299u);
  options.log_key = ServedLog('t').key();
  const auto foreign = VerifyLiveLog(log, options);
  ASSERT_TRUE(foreign.ok()) << foreign.status();
  EXPECT_GT(foreign->findings, 0u);
}

TEST_F(EntriesTest, CancelledItSaysSo) {
  ServedLog log;
  log.Grow(20000);
  LogVerification options{.log_key = log.key()};
  options.progress = [](uint64_t, uint64_t) { return false; };
  EXPECT_TRUE(absl::IsCancelled(VerifyLiveLog(log, options).status()));
}

}  // namespace
}  // namespace otokura::client
