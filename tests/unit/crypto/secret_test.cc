#include "crypto/secret.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace otokura::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes> && std::is_nothrow_move_assignable_v<SecretBytes>);

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Comparable = requires(const T& value) {
  value == value;
};
static_assert(!Printable<SecretBytes> && !Comparable<SecretBytes>);

// Runs `body` in a process of its own, which starts with secret memory not set up. Returns its exit code.
int ExitCodeOf(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Not locked in the parent process before these: they come first, and fork.
TEST(SecretMemoryBeforeLocking, EveryMakerIsRefused) {
  EXPECT_EQ(ExitCodeOf([] {
              const bool refused = absl::IsFailedPrecondition(SecretBytes::Random(32).status()) &&
                                   absl::IsFailedPrecondition(SecretBytes::Zeroed(32).status()) &&
                                   absl::IsFailedPrecondition(SecretBytes::CopyOf("key").status());
              return refused ? 0 : 1;
            }),
            0);
}

TEST(SecretMemoryBeforeLocking, I1_MemoryThatCannotBeLockedIsRefusedAndStaysRefused) {
  EXPECT_EQ(ExitCodeOf([] {
              const rlimit little{4096, 4096};
              if (setrlimit(RLIMIT_MEMLOCK, &little) != 0) return 2;
              if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 3;  // root may lock whatever the limit says
              if (!absl::IsFailedPrecondition(LockSecretMemory())) return 4;
              if (!absl::IsFailedPrecondition(LockSecretMemory())) return 5;
              return absl::IsFailedPrecondition(SecretBytes::Random(32).status()) ? 0 : 6;
            }),
            0);
}

class SecretTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(LockSecretMemory().ok()) << LockSecretMemory(); }
};

TEST_F(SecretTest, I1_BytesAreWipedOnRelease) {
  const std::string pattern = "this was a key, thirty-two bytes";
  const uint8_t* place = nullptr;
  {
    absl::StatusOr<SecretBytes> secret = SecretBytes::CopyOf(pattern);
    ASSERT_TRUE(secret.ok()) << secret.status();
    place = reinterpret_cast<const uint8_t*>(secret->Expose().data());
    ASSERT_EQ(std::memcmp(place, pattern.data(), pattern.size()), 0);
  }
  // Read through the kernel: the arena stays mapped, but the block is no longer ours to touch. Its first words now link the free list.
  std::string now(pattern.size(), '\0');
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(memory, 0);
  ASSERT_EQ(pread(memory, now.data(), now.size(), static_cast<off_t>(reinterpret_cast<uintptr_t>(place))),
            static_cast<ssize_t>(now.size()));
  close(memory);
  EXPECT_EQ(now.find(pattern.substr(0, 8)), std::string::npos);
  EXPECT_EQ(now.substr(16), std::string(pattern.size() - 16, '\0'));
}

TEST_F(SecretTest, I1_ArenaIsLockedAndNotDumped) {
  absl::StatusOr<SecretBytes> secret = SecretBytes::Random(32);
  ASSERT_TRUE(secret.ok()) << secret.status();
  const auto place = reinterpret_cast<uintptr_t>(secret->Expose().data());
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool inside = false;
  while (std::getline(maps, line)) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) inside = begin <= place && place < end;
    if (!inside || line.rfind("VmFlags:", 0) != 0) continue;
    EXPECT_NE(line.find(" lo"), std::string::npos) << line;
    EXPECT_NE(line.find(" dd"), std::string::npos) << line;
    return;
  }
  FAIL() << "the arena is in no mapping";
}

TEST_F(SecretTest, MovingLeavesTheOldOneEmpty) {
  SecretBytes first = *SecretBytes::CopyOf("abc");
  SecretBytes second = std::move(first);
  EXPECT_EQ(first.size(), 0u);  // NOLINT(bugprone-use-after-move): promised to be empty
  EXPECT_EQ(second.Expose(), "abc");
  second = *SecretBytes::CopyOf("defg");
  EXPECT_EQ(second.Expose(), "defg");
  SecretBytes& same = second;
  second = std::move(same);
  EXPECT_EQ(second.Expose(), "defg");
}

TEST_F(SecretTest, ComparesWholeValues) {
  const SecretBytes secret = *SecretBytes::CopyOf("abc");
  EXPECT_TRUE(secret.EqualsInConstantTime("abc"));
  EXPECT_FALSE(secret.EqualsInConstantTime("abd"));
  EXPECT_FALSE(secret.EqualsInConstantTime("ab"));
  EXPECT_FALSE(secret.EqualsInConstantTime("abcd"));
  EXPECT_TRUE(SecretBytes().EqualsInConstantTime(""));
  EXPECT_TRUE(secret.Duplicate()->EqualsInConstantTime("abc"));
}

TEST_F(SecretTest, RandomSecretsDiffer) {
  EXPECT_FALSE(SecretBytes::Random(32)->EqualsInConstantTime(SecretBytes::Random(32)->Expose()));
  EXPECT_TRUE(SecretBytes::Zeroed(4)->EqualsInConstantTime(std::string(4, '\0')));
}

TEST_F(SecretTest, I10_OneSecretHasALimit) {
  EXPECT_TRUE(SecretBytes::Zeroed(kSecretBytesMax).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(SecretBytes::Zeroed(kSecretBytesMax + 1).status()));
}

TEST_F(SecretTest, I10_AFullArenaIsAnErrorAndNeverTheHeap) {
  std::vector<SecretBytes> held;
  absl::Status status;
  while (held.size() <= kSecretArenaBytes / kSecretBytesMax) {
    absl::StatusOr<SecretBytes> secret = SecretBytes::Zeroed(kSecretBytesMax);
    status = secret.status();
    if (!status.ok()) break;
    held.push_back(*std::move(secret));
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  held.clear();
  EXPECT_TRUE(SecretBytes::Zeroed(kSecretBytesMax).ok());
}

TEST_F(SecretTest, HoldsTheKeysOfFifteenThousandLiveCalls) {
  std::vector<SecretBytes> held;
  for (int call = 0; call < 15000; ++call) {
    for (const size_t bytes : {32, 76}) {  // the data key, and what the sealer derives
      absl::StatusOr<SecretBytes> secret = SecretBytes::Zeroed(bytes);
      ASSERT_TRUE(secret.ok()) << "call " << call << ": " << secret.status();
      held.push_back(*std::move(secret));
    }
  }
}

TEST_F(SecretTest, MakersAreSafeFromSeveralThreads) {
  std::vector<std::thread> threads;
  for (char fill = 'a'; fill < 'e'; ++fill) {
    threads.emplace_back([fill] {
      const std::string expected(32, fill);
      for (int i = 0; i < 1000; ++i) {
        absl::StatusOr<SecretBytes> secret = SecretBytes::CopyOf(expected);
        ASSERT_TRUE(secret.ok() && secret->EqualsInConstantTime(expected));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SecretTest, I1_CoreDumpsAreForbidden) {
  EXPECT_EQ(ExitCodeOf([] {
              rlimit limit;
              if (!ForbidCoreDumps().ok() || getrlimit(RLIMIT_CORE, &limit) != 0) return 1;
              return limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace otokura::crypto
