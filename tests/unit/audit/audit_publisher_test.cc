// sequenced → integrated → published: what is signed, what a crash or a failing disk at any write leaves, and a log that was rolled back.
#include <atomic>

#include "crypto/tlog/proofs.h"
#include "crypto/tlog/tile_hash_reader.h"
#include "tests/unit/audit/publisher_site.h"

namespace otokura::audit {
namespace {

using storage::StorageCall;
using storage::Table;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PublisherTest : public ::testing::Test {
 protected:
  // The old checkpoint must be of the tree that the site has now.
  void ExpectExtends(const std::string& old_note) {
    const crypto::Checkpoint old = site_.Opened(old_note);
    ASSERT_LE(old.tree_size, site_.log().head().tree_size);
    StoredTiles tiles(&site_.engine().records());
    crypto::TileHashReader hashes(&tiles, old.tree_size);
    auto root = crypto::TreeRoot(old.tree_size, hashes);
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_EQ(*root, old.root) << "a checkpoint over " << old.tree_size << " entries contradicts the log";
  }

  PublisherSite site_;
};

TEST_F(PublisherTest, ACheckpointCoversWhatIsDurable) {
  site_.Open();
  EXPECT_TRUE(absl::IsUnavailable(site_.publisher().newest().status()));
  EXPECT_TRUE(absl::IsUnavailable(site_.publisher().MayRelease())) << "before the first turn nothing is known";
  site_.LogMany(300);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  const auto newest = site_.publisher().newest();
  ASSERT_TRUE(newest.ok()) << newest.status();
  const crypto::Checkpoint checkpoint = site_.Opened(newest->note);
  EXPECT_EQ(checkpoint.origin, kTestOrigin);
  EXPECT_EQ(checkpoint.tree_size, 300u);
  EXPECT_EQ(checkpoint.root, site_.log().head().root);
  EXPECT_EQ(site_.copy(), newest->note);
  EXPECT_EQ(site_.publisher().MayRelease(), absl::OkStatus());
  EXPECT_THAT(site_.TileProblems(), IsEmpty());
  EXPECT_EQ(site_.events(), "");
}

TEST_F(PublisherTest, ATurnWithoutNewEntriesWritesNothing) {
  site_.Open();
  site_.LogMany(3);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  int commits = 0;
  site_.engine().SetFault([&commits](StorageCall call, const storage::AudioObjectId*) {
    if (call == StorageCall::kCommit) ++commits;
    return absl::OkStatus();
  });
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  site_.engine().SetFault(nullptr);
  EXPECT_EQ(commits, 0);
}

TEST_F(PublisherTest, EverySizeAcrossATileBoundaryIntegratesAlike) {
  site_.Open();
  std::vector<std::string> notes;
  for (int turn = 0; turn < 90; ++turn) {
    site_.LogMany(7);
    ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
    notes.push_back(site_.publisher().newest()->note);
  }
  for (const std::string& note : notes) ExpectExtends(note);
  EXPECT_THAT(site_.TileProblems(), IsEmpty());
}

TEST_F(PublisherTest, GoesOnAfterARestartAndSignsNoOtherHistory) {
  std::vector<std::string> notes;
  for (int run = 0; run < 5; ++run) {
    site_.Open();
    site_.LogMany(run == 2 ? 0 : 101);
    ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
    notes.push_back(site_.publisher().newest()->note);
    for (const std::string& note : notes) ExpectExtends(note);
    site_.Close();
  }
  EXPECT_EQ(notes[1], notes[2]) << "one size, one checkpoint";
}

TEST_F(PublisherTest, TheThreadPublishesByItself) {
  site_.Open();
  site_.publisher().Start(absl::Milliseconds(1));
  site_.LogMany(20);
  while (!site_.publisher().newest().ok() || site_.publisher().newest()->tree_size < 20) std::this_thread::yield();
  site_.publisher().Stop();
  EXPECT_THAT(site_.TileProblems(), IsEmpty());
}

// A crash before or after every single write, with writes whose fate is unknown: no gap, no repeat, no checkpoint that contradicts another.
TEST_F(PublisherTest, I7_StoppedAtEveryWriteItRecovers) {
  for (const bool stores_anyway : {false, true}) {
    std::vector<std::string> published{site_.copy()};
    for (int stop_at = 1; stop_at <= 12; ++stop_at) {
      site_.Open();
      std::atomic<int> commits{0};
      site_.engine().SetFault(
          [&commits, stop_at](StorageCall call, const storage::AudioObjectId*) {
            if (call != StorageCall::kCommit || ++commits < stop_at) return absl::OkStatus();
            return absl::UnavailableError("the medium failed");
          },
          stores_anyway);
      for (int turn = 0; turn < 4; ++turn) {
        site_.Log1().IgnoreError();
        site_.publisher().Publish().IgnoreError();
        if (site_.publisher().newest().ok()) published.push_back(site_.publisher().newest()->note);
      }
      site_.Close();  // as a kill would: nothing more is written
      site_.engine().SetFault(nullptr);

      site_.Open();
      ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus()) << "stopped at write " << stop_at;
      EXPECT_EQ(site_.publisher().MayRelease(), absl::OkStatus());
      published.push_back(site_.publisher().newest()->note);
      for (const std::string& note : published) ExpectExtends(note);
      EXPECT_THAT(site_.TileProblems(), IsEmpty());
      EXPECT_THAT(Problems(site_.engine().records()), IsEmpty());
      site_.Close();
    }
  }
}

TEST_F(PublisherTest, AFailedWriteIsMadeUpForByTheNextTurn) {
  site_.Open();
  site_.LogMany(5);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  site_.LogMany(5);
  site_.engine().SetFault([](StorageCall call, const storage::AudioObjectId*) {
    return call == StorageCall::kCommit ? absl::ResourceExhaustedError("no space") : absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsResourceExhausted(site_.publisher().Publish()));
  EXPECT_EQ(site_.publisher().MayRelease(), absl::OkStatus()) << "a late checkpoint alone stops no release";
  EXPECT_THAT(site_.events(), HasSubstr("log-not-published"));
  site_.engine().SetFault(nullptr);
  EXPECT_EQ(site_.publisher().Publish(), absl::OkStatus());
  EXPECT_EQ(site_.publisher().newest()->tree_size, 10u);
  EXPECT_THAT(site_.events(), HasSubstr("log-published-again"));
}

// ---- a log that is not the one that was published

TEST_F(PublisherTest, I7_I11_AnOlderDataFolderReleasesNothingAndSignsNothing) {
  site_.Open();
  site_.LogMany(10);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  const std::vector<storage::Write> older = site_.Rows();
  site_.LogMany(10);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  const std::string newest = site_.copy();
  site_.Close();

  site_.PutBack(older);
  site_.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().Publish()));
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().MayRelease()));
  EXPECT_THAT(std::string(site_.publisher().MayRelease().message()), HasSubstr("20 entries were published"));
  EXPECT_THAT(site_.events(), HasSubstr("log-not-trusted"));
  // Entries are still taken, also past the published size: that makes it no more trustworthy.
  site_.LogMany(30, v1::SHOW);
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().Publish()));
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().newest().status()));
  EXPECT_EQ(site_.copy(), newest);
  site_.Close();
  site_.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().Publish())) << "nor does a restart";
  EXPECT_THAT(std::string(site_.publisher().MayRelease().message()), HasSubstr("not those of the checkpoint"));
  EXPECT_EQ(site_.copy(), newest);
  EXPECT_THAT(site_.TileProblems(), Contains(HasSubstr("checkpoint in the key store: the first 20 entries are not those")));
}

TEST_F(PublisherTest, I7_AnOlderKeyStoreCopyAloneIsNoRollback) {
  site_.Open();
  site_.LogMany(10);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  const std::string older = site_.copy();
  site_.LogMany(10);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  site_.Close();
  ASSERT_TRUE(keys::ReplaceFile(site_.copy_path(), older).ok());
  site_.Open();
  EXPECT_EQ(site_.publisher().Publish(), absl::OkStatus());
  EXPECT_EQ(site_.Opened(site_.copy()).tree_size, 20u);
}

TEST_F(PublisherTest, I7_AMissingOrForeignCopyReleasesNothing) {
  site_.Open();
  site_.LogMany(10);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  const std::string right = site_.copy();
  site_.Close();
  const std::string foreign = *LogSignerForTest('t').Sign(*crypto::FormatCheckpoint({kTestOrigin, 0, crypto::MerkleEmptyRoot()}));
  for (const std::string& wrong : {std::string(), std::string("nonsense\n"), foreign, right.substr(1)}) {
    ASSERT_TRUE(keys::ReplaceFile(site_.copy_path(), wrong).ok());
    site_.Open();
    EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().Publish())) << wrong;
    EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().MayRelease())) << wrong;
    EXPECT_THAT(site_.TileProblems(), Not(IsEmpty()));
    site_.Close();
  }
  std::filesystem::remove(site_.copy_path());
  site_.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().Publish()));
  EXPECT_THAT(std::string(site_.publisher().MayRelease().message()), HasSubstr("missing"));
  site_.Close();
  ASSERT_TRUE(keys::ReplaceFile(site_.copy_path(), right).ok());
  site_.Open();
  EXPECT_EQ(site_.publisher().Publish(), absl::OkStatus()) << "put back, all is well";
}

TEST_F(PublisherTest, I7_ASecondGatewayOnACopyOfTheSiteIsNoticed) {
  site_.Open();
  site_.LogMany(10);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  const std::vector<storage::Write> rows = site_.Rows();
  PublisherSite clone;
  clone.PutBack(rows);
  ASSERT_TRUE(keys::ReplaceFile(clone.copy_path(), site_.copy()).ok());
  clone.Open();
  clone.LogMany(1);
  ASSERT_EQ(clone.publisher().Publish(), absl::OkStatus()) << "with a key store of its own it cannot know";
  // With the same key store, either finds the other out.
  ASSERT_TRUE(keys::ReplaceFile(site_.copy_path(), clone.copy()).ok());
  site_.LogMany(1);
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().Publish()));
  EXPECT_THAT(std::string(site_.publisher().MayRelease().message()), HasSubstr("second gateway"));
  EXPECT_EQ(site_.copy(), clone.copy()) << "nothing is signed over the other's";
}

TEST_F(PublisherTest, I7_ALeafChangedBeforeItWasIntegratedIsNotSigned) {
  site_.Open();
  site_.LogMany(4);
  site_.Tamper(Table::kLog, SequenceKey(1), "changed");
  EXPECT_TRUE(absl::IsDataLoss(site_.publisher().Publish()));
  EXPECT_TRUE(absl::IsFailedPrecondition(site_.publisher().MayRelease()));
  EXPECT_EQ(site_.Opened(site_.copy()).tree_size, 0u);
}

TEST_F(PublisherTest, I7_ALeafMissingIsNotSigned) {
  site_.Open();
  site_.LogMany(4);
  site_.Tamper(Table::kLog, SequenceKey(1), std::nullopt);
  EXPECT_TRUE(absl::IsDataLoss(site_.publisher().Publish()));
  EXPECT_EQ(site_.Opened(site_.copy()).tree_size, 0u);
}

// ---- fsck

TEST_F(PublisherTest, I7_FsckFindsEveryChangedTileAndCheckpoint) {
  site_.Open();
  site_.LogMany(600);
  ASSERT_EQ(site_.publisher().Publish(), absl::OkStatus());
  site_.Close();
  for (const auto& [level, index] : std::vector<std::pair<int, uint64_t>>{{0, 0}, {0, 1}, {0, 2}, {1, 0}}) {
    const std::string key = TileKey(level, index);
    const std::string hashes = **site_.engine().records().Get(Table::kTiles, key);
    for (std::string changed : {std::string(hashes).replace(33, 1, 1, static_cast<char>(hashes[33] ^ 1)), hashes.substr(32),
                                hashes + hashes.substr(0, 32), std::string()}) {
      site_.Tamper(Table::kTiles, key, changed);
      EXPECT_THAT(site_.TileProblems(), Contains(HasSubstr("is not what the leaves hash to")));
    }
    site_.Tamper(Table::kTiles, key, std::nullopt);
    EXPECT_THAT(site_.TileProblems(), Contains(HasSubstr("missing")));
    site_.Tamper(Table::kTiles, key, hashes);
  }
  EXPECT_THAT(site_.TileProblems(), IsEmpty());
  for (const std::string& key : {TileKey(0, 3), TileKey(1, 1), TileKey(2, 0), TileKey(9, 0), std::string("x")}) {
    site_.Tamper(Table::kTiles, key, std::string(32, 'h'));
    EXPECT_THAT(site_.TileProblems(), ElementsAre(HasSubstr("no tile of this log")));
    site_.Tamper(Table::kTiles, key, std::nullopt);
  }
  const std::string row = **site_.engine().records().Get(Table::kMeta, kPublishedKey);
  site_.Tamper(Table::kMeta, std::string(kPublishedKey), "nonsense");
  EXPECT_THAT(site_.TileProblems(), ElementsAre(HasSubstr("checkpoint in the store")));
  site_.Tamper(Table::kMeta, std::string(kPublishedKey), row);
  v1::IntegratedLog integrated = **ReadIntegrated(site_.engine().records());
  integrated.set_root_sha256(std::string(32, 'r'));
  site_.Tamper(Table::kMeta, std::string(kIntegratedKey), integrated.SerializeAsString());
  EXPECT_THAT(site_.TileProblems(), ElementsAre(HasSubstr("integrated log")));
}

}  // namespace
}  // namespace otokura::audit
