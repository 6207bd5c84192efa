// What happens on a full disk, on a real one: a small tmpfs of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "server/storage/committer.h"
#include "server/storage/local/local_engine.h"
#include "tests/unit/storage/engine_conformance.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::storage {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kDiskBytes = uint64_t{384} << 20;
constexpr uint64_t kReserveBytes = uint64_t{64} << 20;  // the default
const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);

class FullDisk : public testing::Test {
 protected:
  // Mounts of this process only, gone with it however it ends. Before any thread is started, because threads that exist do not come along.
  static void SetUpTestSuite() { (void)(unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0); }

  void SetUp() override {
    if (mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, absl::StrCat("size=", kDiskBytes).c_str()) != 0) {
      GTEST_SKIP() << "no file system of our own to fill: mount: " << std::strerror(errno);
    }
    mounted_ = true;
    Open(/*create=*/true);
  }

  void TearDown() override {
    engine_ = nullptr;
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }

  void Open(bool create) {
    engine_ = nullptr;
    absl::StatusOr<std::unique_ptr<Engine>> engine =
        OpenLocalEngine({.data_dir = folder_.path(), .create = create, .reserve_bytes = kReserveBytes});
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  // Somebody else takes all that is left.
  void Fill() {
    std::ofstream file(fs::path(folder_.path()) / "filler", std::ios::binary | std::ios::app);
    const std::string piece(1 << 16, 'x');
    while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
    ASSERT_LT(Available(), piece.size());
  }
  void MakeRoom() { fs::remove(fs::path(folder_.path()) / "filler"); }

  uint64_t Available() const {
    struct statvfs found {};
    EXPECT_EQ(statvfs(folder_.path().c_str(), &found), 0);
    return uint64_t{found.f_bavail} * found.f_frsize;
  }

  absl::Status Put(const std::string& key, size_t bytes, bool may_use_reserve = false) {
    Batch batch;
    batch.may_use_reserve = may_use_reserve;
    batch.Put(Table::kMeta, key, std::string(bytes, 'v'));
    return engine_->records().Commit(batch);
  }

  bool Has(const std::string& key) { return engine_->records().Get(Table::kMeta, key)->has_value(); }
  bool ReserveIsIn() const { return fs::exists(fs::path(folder_.path()) / "reserve"); }

  const ScratchFolder folder_;
  bool mounted_ = false;
  std::unique_ptr<Engine> engine_;
};

TEST_F(FullDisk, I4_NothingOfARefusedWriteIsStored) {
  const AudioObjectId object = ObjectAt(kDay);
  ASSERT_TRUE(engine_->audio().Append(object, 0, "before").ok());
  ASSERT_TRUE(engine_->audio().Sync({&object, 1})[0].ok());
  ASSERT_TRUE(Put("before", 100).ok());
  Fill();
  EXPECT_TRUE(absl::IsResourceExhausted(Put("refused", 100)));
  EXPECT_TRUE(absl::IsResourceExhausted(engine_->audio().Append(object, 6, "refused")));
  EXPECT_TRUE(absl::IsResourceExhausted(engine_->audio().Append(ObjectAt(kDay, 'n'), 0, "refused")));
  EXPECT_EQ(*engine_->audio().Size(object), 6u);
  EXPECT_EQ(engine_->audio().Size(ObjectAt(kDay, 'n')).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(Has("refused"));
  EXPECT_TRUE(ReserveIsIn()) << "only those who may use it bring it out";

  MakeRoom();
  EXPECT_TRUE(Put("after", 100).ok());
  EXPECT_TRUE(engine_->audio().Append(object, 6, "after").ok());
  Open(/*create=*/false);
  EXPECT_TRUE(Has("before"));
  EXPECT_TRUE(Has("after"));
  EXPECT_FALSE(Has("refused"));
}

TEST_F(FullDisk, I3_TheReserveLetsEntriesThroughAndNobodyElse) {
  Fill();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Put(absl::StrCat("entry", i), 1000, /*may_use_reserve=*/true).ok()) << i;
  EXPECT_FALSE(ReserveIsIn());
  EXPECT_TRUE(absl::IsResourceExhausted(Put("ordinary", 100))) << "the space that came free is not for this";
  EXPECT_TRUE(absl::IsResourceExhausted(engine_->audio().Append(ObjectAt(kDay), 0, "audio")));
  Open(/*create=*/false);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Has(absl::StrCat("entry", i))) << "kept, also after a start on the full disk";

  MakeRoom();
  EXPECT_TRUE(Put("ordinary", 100).ok());
  EXPECT_TRUE(ReserveIsIn()) << "taken back once there is room";
}

TEST_F(FullDisk, TheReserveEndsToo) {
  Fill();
  absl::Status status;
  int stored = 0;
  while ((status = Put(absl::StrCat("entry", stored), size_t{256} << 10, /*may_use_reserve=*/true)).ok() && stored < 1000) ++stored;
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_GT(stored, 100);
  Open(/*create=*/false);
  for (int i = 0; i < stored; ++i) EXPECT_TRUE(Has(absl::StrCat("entry", i))) << i;
}

// One batch is folded of both kinds: the ordinary commit must not take the entry down with it.
TEST_F(FullDisk, I3_TheCommitterAnswersEachCommitForItself) {
  const std::unique_ptr<Committer> committer = Committer::Create(engine_.get(), nullptr);
  Fill();
  std::vector<absl::Status> statuses(20);
  for (size_t i = 0; i < statuses.size(); ++i) {
    RecordCommit commit;
    commit.batch.Put(Table::kMeta, absl::StrCat(i), "value");
    commit.batch.may_use_reserve = i % 2 == 1;
    commit.done = [&, i](const absl::Status& status, absl::Span<const uint64_t>) { statuses[i] = status; };
    committer->Commit(std::move(commit));
  }
  committer->Drain();
  for (size_t i = 0; i < statuses.size(); ++i) {
    EXPECT_EQ(statuses[i].code(), i % 2 == 1 ? absl::StatusCode::kOk : absl::StatusCode::kResourceExhausted) << i;
    EXPECT_EQ(Has(absl::StrCat(i)), i % 2 == 1) << i;
  }
}

// The disk fills between the check and the write, and while RocksDB flushes: whatever happens, what was acknowledged is there.
TEST_F(FullDisk, I4_WhatWasAcknowledgedWhileTheDiskFilledIsKept) {
  std::unique_ptr<Committer> committer = Committer::Create(engine_.get(), nullptr);
  std::vector<absl::Status> statuses(800);
  for (size_t i = 0; i < statuses.size(); ++i) {
    RecordCommit commit;
    commit.batch.Put(Table::kMeta, absl::StrCat("k", i), std::string(size_t{512} << 10, 'v'));
    commit.done = [&, i](const absl::Status& status, absl::Span<const uint64_t>) { statuses[i] = status; };
    committer->Commit(std::move(commit));
  }
  Fill();
  committer->Drain();
  EXPECT_TRUE(absl::IsResourceExhausted(statuses.back()) || absl::IsUnavailable(statuses.back())) << statuses.back();
  committer = nullptr;
  MakeRoom();
  Open(/*create=*/false);
  for (size_t i = 0; i < statuses.size(); ++i) {
    if (statuses[i].ok()) {
      EXPECT_TRUE(Has(absl::StrCat("k", i))) << i;
    } else if (absl::IsResourceExhausted(statuses[i])) {
      EXPECT_FALSE(Has(absl::StrCat("k", i))) << i;
    }
  }
}

}  // namespace
}  // namespace otokura::storage
