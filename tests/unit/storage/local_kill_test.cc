// kill -9 at random moments: a child process appends and commits and says what was acknowledged; the parent kills it, opens the store and
// looks.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/storage/committer.h"
#include "server/storage/local/local_engine.h"
#include "tests/unit/storage/engine_conformance.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::storage {
namespace {

constexpr int kRounds = 20;
constexpr uint32_t kObjects = 8;  // more than four, so that both ways of syncing are used
constexpr size_t kPieceBytes = 16400;
constexpr int kAcknowledgementsMax = 600;  // a round is killed after one to this many
const absl::Time kDay = absl::FromUnixSeconds(1'763'769'600);

// Written to the pipe in one piece, so that it is whole or absent.
struct Acknowledged {
  uint32_t round;
  uint32_t object;  // kObjects: the value is a record's number
  uint64_t value;   // bytes durable
};

LocalEngineOptions At(const std::string& folder, bool create) { return {.data_dir = folder, .create = create, .reserve_bytes = 1 << 20}; }

AudioObjectId ObjectOf(uint32_t round, uint32_t object) { return ObjectAt(kDay + absl::Seconds(round), 'k', object); }
std::string RecordKey(uint64_t number) { return absl::StrCat(absl::Dec(number, absl::kZeroPad16)); }

// Content that shows where it belongs.
std::string PieceOf(uint32_t object, uint64_t offset) {
  std::string piece(kPieceBytes, '\0');
  for (size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>((offset + i) * 31 + (offset + i) / 251 + object);
  return piece;
}

// The child: never returns.
[[noreturn]] void WriteForever(const std::string& folder, uint32_t round, uint64_t first_record, int pipe) {
  absl::StatusOr<std::unique_ptr<Engine>> engine = OpenLocalEngine(At(folder, false));
  if (!engine.ok()) _exit(3);
  const std::unique_ptr<Committer> committer = Committer::Create(engine->get(), nullptr);
  const auto say = [=](uint32_t object, uint64_t value) {
    const Acknowledged message{round, object, value};
    if (write(pipe, &message, sizeof message) != sizeof message) _exit(4);
  };
  std::array<uint64_t, kObjects> sizes{};
  for (uint64_t number = first_record;; ++number) {
    RecordCommit commit;
    commit.batch.Put(Table::kLog, RecordKey(number), absl::StrCat("record ", number));
    commit.batch.Put(Table::kMeta, "newest", absl::StrCat(number));
    commit.done = [=](const absl::Status& status, absl::Span<const uint64_t>) { status.ok() ? say(kObjects, number) : _exit(5); };
    committer->Commit(std::move(commit));
    const uint32_t object = static_cast<uint32_t>(number % kObjects);
    const uint64_t offset = sizes[object];
    sizes[object] += kPieceBytes;
    committer->Append(
        {.object = ObjectOf(round, object), .offset = offset, .bytes = PieceOf(object, offset), .done = [=](const absl::Status& status) {
           status.ok() ? say(object, offset + kPieceBytes) : _exit(6);
         }});
    if (number % 64 == 0) committer->Drain();  // bounds what is waiting
  }
}

// Runs one child until it has acknowledged `count` times; everything that it said before it died.
std::vector<Acknowledged> RunAndKill(const std::string& folder, uint32_t round, uint64_t first_record, int count) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const std::string own_end = absl::StrCat(ends[1]);
  const std::string round_text = absl::StrCat(round);
  const std::string record_text = absl::StrCat(first_record);
  const pid_t child = fork();
  if (child == 0) {
    // A fresh program: a forked one would lack the threads that libraries started in the parent.
    execl("/proc/self/exe", "writer", "--write", folder.c_str(), round_text.c_str(), record_text.c_str(), own_end.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::vector<Acknowledged> said;
  Acknowledged message{};
  while (read(ends[0], &message, sizeof message) == sizeof message) {
    said.push_back(message);
    if (static_cast<int>(said.size()) == count) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
  return said;
}

void ExpectAudioIsThere(Engine& engine, uint32_t round, uint32_t object, uint64_t bytes) {
  const AudioObjectId id = ObjectOf(round, object);
  const absl::StatusOr<uint64_t> size = engine.audio().Size(id);
  ASSERT_TRUE(size.ok()) << size.status();
  ASSERT_GE(*size, bytes);
  for (uint64_t offset = 0; offset < bytes; offset += kPieceBytes) {
    std::string piece;
    ASSERT_TRUE(engine.audio().Read(id, offset, kPieceBytes, &piece).ok());
    ASSERT_EQ(piece, PieceOf(object, offset)) << "round " << round << " object " << object << " offset " << offset;
  }
}

// Contiguous from 0 to the newest, which is at least what was acknowledged; the newest's number.
uint64_t ExpectRecordsAreThere(Engine& engine, uint64_t acknowledged) {
  uint64_t count = 0;
  EXPECT_TRUE(engine.records()
                  .Scan(Table::kLog, {},
                        [&](std::string_view key, std::string_view value) {
                          EXPECT_EQ(key, RecordKey(count));
                          EXPECT_EQ(value, absl::StrCat("record ", count));
                          ++count;
                          return true;
                        })
                  .ok());
  EXPECT_GE(count, acknowledged);
  const std::optional<std::string> newest = *engine.records().Get(Table::kMeta, "newest");
  EXPECT_EQ(newest, count == 0 ? std::nullopt : std::optional<std::string>(absl::StrCat(count - 1))) << "both writes of a batch or none";
  return count;
}

TEST(LocalEngineKilled, I4_WhatWasAcknowledgedIsThere) {
  const ScratchFolder folder;
  ASSERT_TRUE(OpenLocalEngine(At(folder.path(), true)).ok());
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  uint64_t records = 0;
  for (uint32_t round = 0; round < kRounds && !HasFailure(); ++round) {
    const int count = std::uniform_int_distribution<int>(1, kAcknowledgementsMax)(random);
    uint64_t acknowledged_records = records;
    std::array<uint64_t, kObjects> acknowledged{};
    for (const Acknowledged& message : RunAndKill(folder.path(), round, records, count)) {
      if (message.object == kObjects) {
        acknowledged_records = std::max(acknowledged_records, message.value + 1);
      } else {
        acknowledged[message.object] = std::max(acknowledged[message.object], message.value);
      }
    }
    absl::StatusOr<std::unique_ptr<Engine>> engine = OpenLocalEngine(At(folder.path(), false));
    ASSERT_TRUE(engine.ok()) << engine.status();
    records = ExpectRecordsAreThere(**engine, acknowledged_records);
    for (uint32_t object = 0; object < kObjects; ++object) {
      if (acknowledged[object] > 0) ExpectAudioIsThere(**engine, round, object, acknowledged[object]);
    }
  }
}

}  // namespace

int WriteUntilKilled(char** arguments) {
  uint32_t round = 0;
  uint64_t first_record = 0;
  int pipe = -1;
  if (!absl::SimpleAtoi(arguments[1], &round) || !absl::SimpleAtoi(arguments[2], &first_record) || !absl::SimpleAtoi(arguments[3], &pipe))
    return 2;
  WriteForever(arguments[0], round, first_record, pipe);
}

}  // namespace otokura::storage

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "--write") == 0) return otokura::storage::WriteUntilKilled(argv + 2);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
