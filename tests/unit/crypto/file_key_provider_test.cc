#include "crypto/file_key_provider.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

constexpr ScryptCost kCheap{.n = 1 << 10, .r = 8, .p = 1};
constexpr std::string_view kPassphrase = "correct horse battery staple";
const std::string kOwner(kOwnerIdBytes, 'o');

class FileKeyProviderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "file_key_provider_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ / "root.key";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::Status Create() { return FileKeyProvider::Create(path_, Secret(kPassphrase), kCheap); }
  std::string Contents() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::filesystem::path& path, std::string_view contents, mode_t mode = 0600) const {
    std::ofstream(path, std::ios::binary) << contents;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(FileKeyProviderTest, WhatItWrapsItOpensAfterAnotherStart) {
  ASSERT_TRUE(Create().ok());
  auto provider = FileKeyProvider::Open(path_, Secret(kPassphrase));
  ASSERT_TRUE(provider.ok()) << provider.status();
  const uint32_t version = (*provider)->root_version();
  EXPECT_EQ(version, 1u);
  absl::StatusOr<std::string> wrapped = (*provider)->Wrap(KeyType::kEpoch, kOwner, KeyOf('e'));
  ASSERT_TRUE(wrapped.ok()) << wrapped.status();

  auto again = FileKeyProvider::Open(path_, Secret(kPassphrase));
  ASSERT_TRUE(again.ok()) << again.status();
  absl::StatusOr<SecretBytes> key = (*again)->Unwrap(KeyType::kEpoch, kOwner, version, *wrapped);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_TRUE(key->EqualsInConstantTime(std::string(32, 'e')));
  EXPECT_TRUE(absl::IsDataLoss((*again)->Unwrap(KeyType::kSite, kOwner, version, *wrapped).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition((*again)->Unwrap(KeyType::kEpoch, kOwner, version + 1, *wrapped).status()));
}

TEST_F(FileKeyProviderTest, TheFileIsOnlyItsOwnersAndLeavesNothingBeside) {
  ASSERT_TRUE(Create().ok());
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileKeyProviderTest, AnExistingFileIsLeftAlone) {
  ASSERT_TRUE(Create().ok());
  const std::string before = Contents();
  EXPECT_TRUE(absl::IsAlreadyExists(Create()));
  EXPECT_EQ(Contents(), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileKeyProviderTest, OfSeveralThatStartAtOnceOneMakesTheFile) {
  std::vector<absl::Status> results(4);
  std::vector<std::thread> threads;
  for (absl::Status& result : results) threads.emplace_back([this, &result] { result = Create(); });
  for (std::thread& thread : threads) thread.join();
  int made = 0;
  for (const absl::Status& result : results) {
    made += result.ok() ? 1 : 0;
    EXPECT_TRUE(result.ok() || absl::IsAlreadyExists(result)) << result;
  }
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(FileKeyProvider::Open(path_, Secret(kPassphrase)).ok());
}

TEST_F(FileKeyProviderTest, AFolderThatCannotBeWrittenIsNamed) {
  path_ = folder_ / "absent" / "root.key";
  const absl::Status status = Create();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

TEST_F(FileKeyProviderTest, AWrongPassphraseIsRefused) {
  ASSERT_TRUE(Create().ok());
  EXPECT_TRUE(absl::IsPermissionDenied(FileKeyProvider::Open(path_, Secret("correct horse battery stapler")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(FileKeyProvider::Open(path_, Secret("too short")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(FileKeyProvider::Create(folder_ / "other", Secret("too short"), kCheap)));
  EXPECT_TRUE(absl::IsInvalidArgument(FileKeyProvider::Create(folder_ / "other", Secret(std::string(1025, 'p')), kCheap)));
}

TEST_F(FileKeyProviderTest, I7_AChangeOfAnyByteIsFound) {
  ASSERT_TRUE(Create().ok());
  const std::string file = Contents();
  for (size_t i = 0; i < file.size(); ++i) {
    std::string changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    Write(path_, changed);
    const absl::Status status = FileKeyProvider::Open(path_, Secret(kPassphrase)).status();
    EXPECT_TRUE(absl::IsPermissionDenied(status) || absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) << i << ": " << status;
  }
}

TEST_F(FileKeyProviderTest, I7_AChangeOfTheVersionOfTheRootIsFound) {
  ASSERT_TRUE(Create().ok());
  std::string file = Contents();
  file[71] = 2;
  Write(path_, file);
  EXPECT_TRUE(absl::IsPermissionDenied(FileKeyProvider::Open(path_, Secret(kPassphrase)).status()));
}

TEST_F(FileKeyProviderTest, OtherThingsInItsPlaceAreToldApart) {
  EXPECT_TRUE(absl::IsNotFound(FileKeyProvider::Open(path_, Secret(kPassphrase)).status()));
  Write(path_, "");
  EXPECT_TRUE(absl::IsDataLoss(FileKeyProvider::Open(path_, Secret(kPassphrase)).status()));
  Write(path_, std::string(1 << 20, 'x'));
  EXPECT_TRUE(absl::IsDataLoss(FileKeyProvider::Open(path_, Secret(kPassphrase)).status()));
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsDataLoss(FileKeyProvider::Open(path_, Secret(kPassphrase)).status()));
}

TEST_F(FileKeyProviderTest, I10_CostsBeyondTheBoundsAreRefused) {
  for (const ScryptCost cost : {ScryptCost{.n = 1000}, ScryptCost{.n = 1}, ScryptCost{.n = 1 << 21}, ScryptCost{.r = 33},
                                ScryptCost{.r = 0}, ScryptCost{.p = 5}, ScryptCost{.p = 0}, ScryptCost{.n = 1 << 20, .r = 32}}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(FileKeyProvider::Create(path_, Secret(kPassphrase), cost)))
        << cost.n << " " << cost.r << " " << cost.p;
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(FileKeyProviderTest, TheShippedCostWorks) {
  ASSERT_TRUE(FileKeyProvider::Create(path_, Secret(kPassphrase)).ok());
  EXPECT_TRUE(FileKeyProvider::Open(path_, Secret(kPassphrase)).ok());
}

using PassphraseFileTest = FileKeyProviderTest;

TEST_F(PassphraseFileTest, DropsOneNewlineAndNothingElse) {
  Write(path_, "correct horse battery\n");
  EXPECT_EQ(ReadPassphraseFile(path_)->Expose(), "correct horse battery");
  Write(path_, "correct horse battery \n\n");
  EXPECT_EQ(ReadPassphraseFile(path_)->Expose(), "correct horse battery \n");
  Write(path_, "correct horse battery");
  EXPECT_EQ(ReadPassphraseFile(path_)->Expose(), "correct horse battery");
}

TEST_F(PassphraseFileTest, I1_RefusesOneThatOthersCanRead) {
  Write(path_, "correct horse battery\n", 0604);
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadPassphraseFile(path_).status()));
  if (geteuid() != 0) GTEST_SKIP() << "giving a file to another group needs root";
  Write(path_, "correct horse battery\n", 0640);
  ASSERT_EQ(chown(path_.c_str(), 0, 65534), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadPassphraseFile(path_).status()));
  ASSERT_EQ(chown(path_.c_str(), 0, 0), 0);
  EXPECT_TRUE(ReadPassphraseFile(path_).ok());
}

TEST_F(PassphraseFileTest, RefusesWhatIsNoPassphrase) {
  EXPECT_TRUE(absl::IsNotFound(ReadPassphraseFile(path_).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadPassphraseFile(folder_).status()));
  Write(path_, "short\n");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPassphraseFile(path_).status()));
  Write(path_, std::string(kPassphraseBytesMax + 1, 'p') + "\n");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPassphraseFile(path_).status()));
  Write(path_, std::string(kPassphraseBytesMax, 'p') + "\n");
  EXPECT_TRUE(ReadPassphraseFile(path_).ok());
}

}  // namespace
}  // namespace otokura::crypto
