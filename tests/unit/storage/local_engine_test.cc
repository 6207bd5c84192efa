#include "server/storage/local/local_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/storage/engine_conformance.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);  // 2025-11-22 00:00 UTC
constexpr uint64_t kReserveBytes = uint64_t{1} << 20;

LocalEngineOptions At(const std::string& folder, bool create = false) {
  return {.data_dir = folder, .create = create, .reserve_bytes = kReserveBytes};
}

std::unique_ptr<Engine> MustOpen(const LocalEngineOptions& options) {
  absl::StatusOr<std::unique_ptr<Engine>> engine = OpenLocalEngine(options);
  EXPECT_TRUE(engine.ok()) << engine.status();
  return engine.ok() ? *std::move(engine) : nullptr;
}

class LocalSite : public EngineSite {
 public:
  Engine& engine() override { return *engine_; }
  void CloseAndOpen() override {
    engine_ = nullptr;
    engine_ = MustOpen(At(folder_.path()));
  }

 private:
  const ScratchFolder folder_;
  std::unique_ptr<Engine> engine_ = MustOpen(At(folder_.path(), /*create=*/true));
};

INSTANTIATE_TEST_SUITE_P(Local, EngineConformance,
                         testing::Values([]() -> std::unique_ptr<EngineSite> { return std::make_unique<LocalSite>(); }));

class LocalEngine : public testing::Test {
 protected:
  std::unique_ptr<Engine> Create() { return MustOpen(At(folder_.path(), /*create=*/true)); }
  std::unique_ptr<Engine> Open() { return MustOpen(At(folder_.path())); }
  absl::Status OpenError() { return OpenLocalEngine(At(folder_.path())).status(); }
  fs::path InFolder(const std::string& name) { return fs::path(folder_.path()) / name; }

  void AppendSynced(Engine& engine, const AudioObjectId& object, const std::string& bytes) {
    ASSERT_TRUE(engine.audio().Append(object, 0, bytes).ok());
    ASSERT_TRUE(engine.audio().Sync({&object, 1})[0].ok());
  }

  // The one log of a store that was just made.
  fs::path WriteAheadLog() {
    fs::path newest;
    for (const fs::directory_entry& entry : fs::directory_iterator(InFolder("records"))) {
      if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    }
    EXPECT_FALSE(newest.empty());
    return newest;
  }

  const ScratchFolder folder_;
};

absl::Status PutOne(Engine& engine, std::string_view key, std::string value) {
  Batch batch;
  batch.Put(Table::kMeta, key, std::move(value));
  return engine.records().Commit(batch);
}

bool Has(Engine& engine, std::string_view key) {
  absl::StatusOr<std::optional<std::string>> value = engine.records().Get(Table::kMeta, key);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() && value->has_value();
}

TEST_F(LocalEngine, OneProcessAtATime) {
  const std::unique_ptr<Engine> engine = Create();
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(OpenError().message()), HasSubstr("another process"));
}

TEST_F(LocalEngine, WhatIsNotAStoreOfThisVersionIsRefused) {
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition) << "an empty folder";
  EXPECT_EQ(OpenLocalEngine(At("relative/path")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenLocalEngine(At(folder_.path() + "/absent")).status().code(), absl::StatusCode::kFailedPrecondition);
  Create();
  EXPECT_EQ(OpenLocalEngine(At(folder_.path(), true)).status().code(), absl::StatusCode::kAlreadyExists);
  std::ofstream(InFolder("store")) << "otokura local store 2\n";
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(OpenError().message()), HasSubstr("version"));
}

TEST_F(LocalEngine, ACreationThatWasCutOffCanBeDoneAgain) {
  Create();
  fs::remove(InFolder("store"));
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Create(), nullptr);
}

TEST_F(LocalEngine, I1_NobodyElseMayReadTheFolderOrTheAudio) {
  const mode_t before = umask(0);
  fs::permissions(folder_.path(), fs::perms::all);
  const std::unique_ptr<Engine> engine = Create();
  AppendSynced(*engine, ObjectAt(kDay), "audio");
  umask(before);
  for (const fs::path& path : {fs::path(folder_.path()), InFolder("audio/2025/11/22"), InFolder("records"), InFolder("lock"),
                               InFolder("reserve"), InFolder("audio/2025/11/22/" + ObjectAt(kDay).recording.Text() + ".0.cbl")}) {
    ASSERT_TRUE(fs::exists(path)) << path;
    if (path.filename() == "records") continue;  // reached only through the folder, which is closed
    EXPECT_EQ(fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none) << path;
  }
}

TEST_F(LocalEngine, I1_TheLibraryKeepsNoLogOfItsOwn) {
  Create();
  Open();
  for (const fs::directory_entry& entry : fs::directory_iterator(InFolder("records"))) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("LOG")) << entry.path();
  }
}

// kill -9 or a power cut in the middle of a write.
TEST_F(LocalEngine, I4_ATornTailOfTheLogDoesNotStopTheStart) {
  {
    const std::unique_ptr<Engine> engine = Create();
    ASSERT_TRUE(PutOne(*engine, "first", std::string(1000, '1')).ok());
    ASSERT_TRUE(PutOne(*engine, "second", std::string(1000, '2')).ok());
  }
  const fs::path log = WriteAheadLog();
  fs::resize_file(log, fs::file_size(log) - 100);
  const std::unique_ptr<Engine> engine = Open();
  ASSERT_NE(engine, nullptr);
  EXPECT_TRUE(Has(*engine, "first"));
  EXPECT_FALSE(Has(*engine, "second"));
}

TEST_F(LocalEngine, I4_ADamagedAcknowledgedRecordIsSaidNotPassedOver) {
  {
    const std::unique_ptr<Engine> engine = Create();
    ASSERT_TRUE(PutOne(*engine, "first", std::string(1000, '1')).ok());
    ASSERT_TRUE(PutOne(*engine, "second", std::string(1000, '2')).ok());
  }
  const fs::path log = WriteAheadLog();
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t at = bytes.find(std::string(100, '1'));
  ASSERT_NE(at, std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(at));
  file.put('X');
  file.close();
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kDataLoss) << OpenError();
}

TEST_F(LocalEngine, ReopeningEndsOldSnapshotsAndWaitsForNobodysPages) {
  const std::unique_ptr<Engine> engine = Create();
  ASSERT_TRUE(PutOne(*engine, "a", "1").ok());
  const std::unique_ptr<RecordReader> snapshot = engine->records().Snapshot();
  ASSERT_TRUE(engine->records().Reopen().ok());
  EXPECT_TRUE(absl::IsUnavailable(snapshot->Get(Table::kMeta, "a").status()));
  EXPECT_TRUE(absl::IsUnavailable(snapshot->Scan(Table::kMeta, {}, [](std::string_view, std::string_view) { return true; })));
  EXPECT_TRUE(Has(*engine, "a"));
}

TEST_F(LocalEngine, AudioLiesUnderTheDayOfItsId) {
  const std::unique_ptr<Engine> engine = Create();
  const AudioObjectId object = ObjectAt(kDay + absl::Hours(23) + absl::Minutes(59), 'r', 7);
  AppendSynced(*engine, object, "audio");
  EXPECT_TRUE(fs::exists(InFolder(absl::StrCat("audio/2025/11/22/", object.recording.Text(), ".7.cbl"))));
}

TEST_F(LocalEngine, FilesThatAreNoObjectsAreNamed) {
  const std::unique_ptr<Engine> engine = Create();
  const AudioObjectId object = ObjectAt(kDay);
  AppendSynced(*engine, object, "audio");
  const std::string id = object.recording.Text();
  std::vector<std::string> foreign = {"stray",
                                      "2025/11/22/" + id + ".00.cbl",          // another spelling
                                      "2025/11/22/" + id + ".1.cbl.tmp",       //
                                      "2025/11/22/" + id + ".4294967296.cbl",  // past 32 bits
                                      "2025/11/22/.cbl",                       //
                                      "2025/11/23/" + id + ".0.cbl",           // another day
                                      "2025/stray"};
  fs::create_directories(InFolder("audio/2025/11/23"));
  for (const std::string& name : foreign) std::ofstream(InFolder("audio/" + name)) << "x";
  fs::create_symlink("/etc/passwd", InFolder("audio/2025/11/22/" + id + ".5.cbl"));
  foreign.push_back("2025/11/22/" + id + ".5.cbl");
  fs::create_directory(InFolder("audio/elsewhere"));
  foreign.push_back("elsewhere");
  std::vector<AudioObjectId> objects;
  std::vector<std::string> named;
  ASSERT_TRUE(engine->audio()
                  .List(
                      [&](const AudioObjectId& found, uint64_t) {
                        objects.push_back(found);
                        return true;
                      },
                      [&](std::string_view name) { named.emplace_back(name); })
                  .ok());
  EXPECT_THAT(objects, testing::ElementsAre(object));
  EXPECT_THAT(named, testing::UnorderedElementsAreArray(foreign));
}

TEST_F(LocalEngine, LinksAreNotFollowed) {
  const std::unique_ptr<Engine> engine = Create();
  const AudioObjectId object = ObjectAt(kDay);
  fs::create_directories(InFolder("audio/2025/11/22"));
  std::ofstream(InFolder("target")) << "elsewhere";
  fs::create_symlink(InFolder("target"), InFolder("audio/2025/11/22/" + object.recording.Text() + ".0.cbl"));
  std::string bytes;
  EXPECT_EQ(engine->audio().Read(object, 0, 1, &bytes).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine->audio().Append(object, 0, "x").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LocalEngine, SealingGivesBackWhatWasAllocatedAhead) {
  const std::unique_ptr<Engine> engine =
      MustOpen({.data_dir = folder_.path(), .create = true, .preallocate_bytes = 1 << 20, .reserve_bytes = 0});
  const AudioObjectId object = ObjectAt(kDay);
  const std::string path = InFolder("audio/2025/11/22/" + object.recording.Text() + ".0.cbl").string();
  const auto allocated = [&] {
    struct stat found {};
    EXPECT_EQ(stat(path.c_str(), &found), 0);
    return uint64_t{512} * static_cast<uint64_t>(found.st_blocks);
  };
  AppendSynced(*engine, object, std::string(16400, 'a'));
  EXPECT_LT(allocated(), uint64_t{1} << 20) << "nothing ahead for a call that said nothing yet";
  ASSERT_TRUE(engine->audio().Append(object, 16400, std::string(16400, 'b')).ok());
  ASSERT_TRUE(engine->audio().Sync({&object, 1})[0].ok());
  if (allocated() < uint64_t{1} << 20) GTEST_SKIP() << "this file system does not allocate ahead";
  ASSERT_TRUE(engine->audio().Seal(object).ok());
  EXPECT_LE(allocated(), uint64_t{48} << 10);
  EXPECT_EQ(*engine->audio().Size(object), 32800u);
}

TEST_F(LocalEngine, I10_FewFilesStayOpenHoweverManyAreUsed) {
  const std::unique_ptr<Engine> engine = MustOpen({.data_dir = folder_.path(), .create = true, .reserve_bytes = 0, .open_files_max = 64});
  const auto open_files = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()); };
  const auto before = open_files();
  std::map<uint32_t, uint64_t> sizes;
  for (int round = 0; round < 3; ++round) {
    std::vector<AudioObjectId> unsynced;
    for (uint32_t part = 0; part < 300; ++part) {
      unsynced.push_back(ObjectAt(kDay, 'r', part));
      ASSERT_TRUE(engine->audio().Append(unsynced.back(), sizes[part], "piece").ok());
      sizes[part] += 5;
      // The first round grows the cache past its size: what is not synced is not closed.
      if (round == 0 ? part == 299 : unsynced.size() == 50) {
        for (const absl::Status& status : engine->audio().Sync(unsynced)) ASSERT_TRUE(status.ok()) << status;
        unsynced.clear();
      }
    }
  }
  EXPECT_LE(open_files() - before, 64 + 8);
  std::string bytes;
  EXPECT_TRUE(engine->audio().Read(ObjectAt(kDay, 'r', 3), 0, 15, &bytes).ok());
  EXPECT_EQ(bytes, "piecepiecepiece");
}

TEST_F(LocalEngine, ReadingOnlyChangesNothing) {
  EXPECT_EQ(OpenLocalEngine({.data_dir = folder_.path(), .create = true, .read_only = true}).status().code(), absl::StatusCode::kInternal);
  const AudioObjectId object = ObjectAt(kDay);
  {
    const std::unique_ptr<Engine> engine = Create();
    ASSERT_TRUE(PutOne(*engine, "a", "1").ok());
    AppendSynced(*engine, object, "audio");
  }
  const auto files = [&] {
    std::map<std::string, std::pair<uintmax_t, fs::file_time_type>> found;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) found[entry.path().string()] = {entry.file_size(), entry.last_write_time()};
    }
    return found;
  };
  const auto before = files();
  {
    LocalEngineOptions options = At(folder_.path());
    options.read_only = true;
    const std::unique_ptr<Engine> engine = MustOpen(options);
    ASSERT_NE(engine, nullptr);
    EXPECT_TRUE(Has(*engine, "a"));
    std::string bytes;
    EXPECT_TRUE(engine->audio().Read(object, 0, 5, &bytes).ok());
    EXPECT_EQ(PutOne(*engine, "b", "2").code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(engine->audio().Append(object, 5, "x").code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(engine->audio().Truncate(object, 0).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(engine->audio().Seal(object).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(engine->audio().Delete(object).code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(files(), before);
}

TEST_F(LocalEngine, TheReserveIsRealSpace) {
  const std::unique_ptr<Engine> engine = Create();
  struct stat found {};
  ASSERT_EQ(stat(InFolder("reserve").c_str(), &found), 0);
  EXPECT_EQ(static_cast<uint64_t>(found.st_size), kReserveBytes);
  EXPECT_GE(uint64_t{512} * static_cast<uint64_t>(found.st_blocks), kReserveBytes);
}

}  // namespace
}  // namespace otokura::storage
