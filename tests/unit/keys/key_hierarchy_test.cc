// Epochs made ahead, and a key store that is another's, newer, damaged or rearranged.
#include "server/keys/key_hierarchy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

#include "otokura/v1/stored.pb.h"
#include "server/keys/key_store_file.h"
#include "tests/unit/keys/key_store_for_test.h"

namespace otokura::keys {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::Time At(int month, int day, int hour = 0) { return absl::FromCivil(absl::CivilSecond(2026, month, day, hour), absl::UTCTimeZone()); }

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

v1::EpochKeyFile ReadEpoch(const std::string& path) {
  v1::EpochKeyFile file;
  EXPECT_TRUE(file.ParseFromString(ReadAll(path)));
  return file;
}

// A provider that went to sleep.
class AsleepProvider : public crypto::KeyEncryptionProvider {
 public:
  explicit AsleepProvider(crypto::KeyEncryptionProvider* provider) : provider_(provider) {}
  uint32_t root_version() const override { return provider_->root_version(); }
  absl::StatusOr<std::string> Wrap(crypto::KeyType type, std::string_view owner_id, const crypto::SecretBytes& key) override {
    if (asleep) return absl::UnavailableError("asleep");
    return provider_->Wrap(type, owner_id, key);
  }
  absl::StatusOr<crypto::SecretBytes> Unwrap(crypto::KeyType type, std::string_view owner_id, uint32_t version,
                                             std::string_view wrapped) override {
    if (asleep) return absl::UnavailableError("asleep");
    return provider_->Unwrap(type, owner_id, version, wrapped);
  }
  bool asleep = false;

 private:
  crypto::KeyEncryptionProvider* const provider_;
};

TEST(KeyHierarchy, EpochsAreMadeSevenDaysAheadAndOnce) {
  KeyStore store;
  auto keys = *store.Open();
  EXPECT_THAT(*keys->EnsureEpochs({"standard", "long"}, At(4, 23, 23), Unlogged), SizeIs(2)) << "April only";
  EXPECT_THAT(*keys->EnsureEpochs({"standard", "long"}, At(4, 23, 23), Unlogged), IsEmpty());
  EXPECT_EQ(keys->EpochAt("standard", At(5, 1)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(*keys->EnsureEpochs({"standard", "long"}, At(4, 24), Unlogged), SizeIs(2)) << "seven days before May";
  EXPECT_TRUE(keys->EpochAt("standard", At(5, 31, 23)).ok());
  EXPECT_NE((*keys->EpochAt("standard", At(5, 1)))->id(), (*keys->EpochAt("standard", At(4, 30, 23)))->id());
  EXPECT_NE((*keys->EpochAt("standard", At(5, 1)))->id(), (*keys->EpochAt("long", At(5, 1)))->id());
  EXPECT_THAT(store.EpochFiles(), SizeIs(4));
}

TEST(KeyHierarchy, I11_ProviderThatSleepsStopsNoCallForAWeek) {
  KeyStore store;
  AsleepProvider provider(&store.provider());
  auto keys = *KeyHierarchy::Open(store.folder(), kSiteId, &provider);
  ASSERT_TRUE(keys->EnsureEpochs({"standard"}, At(4, 25), Unlogged).ok());
  provider.asleep = true;
  EXPECT_TRUE(keys->EpochAt("standard", At(5, 2)).ok());
  EXPECT_THAT(*keys->EnsureEpochs({"standard"}, At(5, 20), Unlogged), IsEmpty());
  EXPECT_EQ(keys->EnsureEpochs({"standard"}, At(5, 25), Unlogged).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(keys->EpochAt("standard", At(5, 25)).ok()) << "what is cached serves on";
}

TEST(KeyHierarchy, I3_EpochWhoseEntryCannotBeMadeIsNotMade) {
  KeyStore store;
  auto keys = *store.Open();
  const auto log_is_full = [&](const Epoch&) {
    EXPECT_THAT(store.EpochFiles(), IsEmpty()) << "the entry comes first";
    return absl::ResourceExhaustedError("log");
  };
  EXPECT_EQ(keys->EnsureEpochs({"standard"}, At(4, 1), log_is_full).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(store.EpochFiles(), IsEmpty());
  EXPECT_THAT(keys->Live(), IsEmpty());
}

TEST(KeyHierarchy, WhatWasMadeIsThereAgainNewestFirst) {
  KeyStore store;
  std::vector<std::string> ids;
  std::string tag;
  {
    auto keys = *store.Open();
    ASSERT_TRUE(keys->EnsureEpochs({"standard"}, At(4, 25), Unlogged).ok());
    for (const auto& epoch : keys->Live()) ids.push_back(epoch->id());
    tag = keys->Live()[0]->index().Tag(crypto::IndexField::kAgent, "yamada");
  }
  auto keys = *store.Open();
  ASSERT_THAT(keys->Live(), SizeIs(2));
  EXPECT_EQ(keys->Live()[0]->month(), absl::CivilMonth(2026, 5));
  EXPECT_EQ(keys->Live()[0]->id(), ids[0]);
  EXPECT_EQ(keys->Live()[1]->id(), ids[1]);
  EXPECT_EQ(keys->Live()[0]->index().Tag(crypto::IndexField::kAgent, "yamada"), tag);
  EXPECT_NE(keys->Live()[1]->index().Tag(crypto::IndexField::kAgent, "yamada"), tag);
}

TEST(KeyHierarchy, I8_EpochWhoseFileIsGoneIsGone) {
  KeyStore store;
  auto keys = *store.Open();
  const std::string id = (*(*store.Open())->EnsureEpochs({"standard"}, At(4, 1), Unlogged))[0]->id();
  std::filesystem::remove(store.EpochFiles()[0]);
  keys = *store.Open();
  EXPECT_EQ(keys->Find(id).status().code(), absl::StatusCode::kNotFound);
}

TEST(KeyHierarchy, I1_FilesAreTheirOwnersAloneAndHoldNoKeyInClear) {
  KeyStore store;
  ASSERT_TRUE((*store.Open())->EnsureEpochs({"standard"}, At(4, 1), Unlogged).ok());
  for (const std::string& path : {store.folder() + "/site.key", store.EpochFiles()[0]}) {
    struct stat found {};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u) << path;
  }
  struct stat folder {};
  ASSERT_EQ(stat((store.folder() + "/epochs").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0700u);
  EXPECT_EQ(ReadEpoch(store.EpochFiles()[0]).wrapped_key().size(), 64u)
      << "type, owner and key under RFC 5649: 49 bytes padded, and 8 of integrity";
}

TEST(KeyHierarchy, SiteKeyIsNeverOverwritten) {
  KeyStore store;
  const std::string before = ReadAll(store.folder() + "/site.key");
  EXPECT_EQ(KeyHierarchy::Initialise(store.folder(), kSiteId, store.provider()).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadAll(store.folder() + "/site.key"), before);
}

TEST(KeyHierarchy, KeyStoreOfAnotherSiteIsRefused) {
  KeyStore store;
  const absl::Status status = store.Open("99999999-2222-4333-8444-555555555555").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("key_store_dir"));
}

// The id in clear is changed to fit: the wrapping knows better.
TEST(KeyHierarchy, I7_SiteKeyRelabelledForAnotherSiteDoesNotOpen) {
  KeyStore store;
  const std::string path = store.folder() + "/site.key";
  v1::SiteKeyFile file;
  ASSERT_TRUE(file.ParseFromString(ReadAll(path)));
  file.set_site_id("99999999-2222-4333-8444-555555555555");
  WriteAll(path, file.SerializeAsString());
  EXPECT_EQ(store.Open("99999999-2222-4333-8444-555555555555").status().code(), absl::StatusCode::kDataLoss);
}

TEST(KeyHierarchy, NewerVersionsAreRefusedNeverGuessedAt) {
  KeyStore store;
  ASSERT_TRUE((*store.Open())->EnsureEpochs({"standard"}, At(4, 1), Unlogged).ok());
  const std::string epoch_path = store.EpochFiles()[0];
  v1::EpochKeyFile epoch = ReadEpoch(epoch_path);
  epoch.set_version(2);
  WriteAll(epoch_path, epoch.SerializeAsString());
  EXPECT_EQ(store.Open().status().code(), absl::StatusCode::kFailedPrecondition);
  std::filesystem::remove(epoch_path);
  ASSERT_TRUE(store.Open().ok());
  v1::SiteKeyFile site;
  ASSERT_TRUE(site.ParseFromString(ReadAll(store.folder() + "/site.key")));
  site.set_version(2);
  WriteAll(store.folder() + "/site.key", site.SerializeAsString());
  EXPECT_EQ(store.Open().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(KeyHierarchy, I7_DamagedFilesAreNamed) {
  KeyStore store;
  ASSERT_TRUE((*store.Open())->EnsureEpochs({"standard"}, At(4, 1), Unlogged).ok());
  const std::string path = store.EpochFiles()[0];
  const std::string good = ReadAll(path);
  v1::EpochKeyFile file = ReadEpoch(path);
  std::string wrapped = file.wrapped_key();
  wrapped[5] ^= 1;
  v1::EpochKeyFile flipped = file;
  flipped.set_wrapped_key(wrapped);
  v1::EpochKeyFile month = file;
  month.set_month(13);
  for (const std::string& bad : {flipped.SerializeAsString(), month.SerializeAsString(), good.substr(0, good.size() - 1),
                                 std::string("\xff\xff"), std::string(5000, 'x'), std::string(kKeyStoreFileBytesMax + 1, 'x')}) {
    WriteAll(path, bad);
    const absl::Status status = store.Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path)) << "which file";
  }
  WriteAll(path, good);
  EXPECT_TRUE(store.Open().ok());
}

TEST(KeyHierarchy, I7_SwappedEpochsDoNotOpen) {
  KeyStore store;
  ASSERT_TRUE((*store.Open())->EnsureEpochs({"standard", "long"}, At(4, 1), Unlogged).ok());
  const auto files = store.EpochFiles();
  v1::EpochKeyFile first = ReadEpoch(files[0]);
  v1::EpochKeyFile second = ReadEpoch(files[1]);
  const std::string good[] = {first.SerializeAsString(), second.SerializeAsString()};
  // The keys change places under the ids of the others.
  std::swap(*first.mutable_wrapped_key(), *second.mutable_wrapped_key());
  WriteAll(files[0], first.SerializeAsString());
  WriteAll(files[1], second.SerializeAsString());
  EXPECT_EQ(store.Open().status().code(), absl::StatusCode::kDataLoss);
  // Or the files do under the names of the others.
  WriteAll(files[0], good[1]);
  WriteAll(files[1], good[0]);
  EXPECT_EQ(store.Open().status().code(), absl::StatusCode::kDataLoss);
  WriteAll(files[0], good[0]);
  WriteAll(files[1], good[1]);
  EXPECT_TRUE(store.Open().ok());
}

TEST(KeyHierarchy, I7_EpochMovedToAnotherClassOrMonthDoesNotOpen) {
  KeyStore store;
  ASSERT_TRUE((*store.Open())->EnsureEpochs({"standard"}, At(4, 1), Unlogged).ok());
  const std::string path = store.EpochFiles()[0];
  const v1::EpochKeyFile good = ReadEpoch(path);
  v1::EpochKeyFile moved[] = {good, good, good};
  moved[0].set_retention_class("ten-years");
  moved[1].set_month(5);
  moved[2].set_year(2036);
  for (const v1::EpochKeyFile& file : moved) {
    WriteAll(path, file.SerializeAsString());
    EXPECT_EQ(store.Open().status().code(), absl::StatusCode::kDataLoss) << file.retention_class() << file.year() << file.month();
  }
  WriteAll(path, good.SerializeAsString());
  EXPECT_TRUE(store.Open().ok());
}

TEST(KeyHierarchy, I7_SiteKeyInAnEpochsPlaceDoesNotOpen) {
  KeyStore store;
  ASSERT_TRUE((*store.Open())->EnsureEpochs({"standard"}, At(4, 1), Unlogged).ok());
  v1::SiteKeyFile site;
  ASSERT_TRUE(site.ParseFromString(ReadAll(store.folder() + "/site.key")));
  v1::EpochKeyFile epoch = ReadEpoch(store.EpochFiles()[0]);
  epoch.set_wrapped_key(site.wrapped_key());
  WriteAll(store.EpochFiles()[0], epoch.SerializeAsString());
  EXPECT_EQ(store.Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST(SiteKeys, I6_PageTokenIsGoodForItsQueryOnly) {
  KeyStore store;
  auto keys = *store.Open();
  const std::string token = keys->site().PageToken("query", "position");
  EXPECT_EQ(*keys->site().OpenPageToken("query", token), "position");
  EXPECT_EQ(keys->site().OpenPageToken("another", token).status().code(), absl::StatusCode::kInvalidArgument);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string bad = token;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(keys->site().OpenPageToken("query", bad).value_or(""), "position") << i;
  }
  for (const std::string& bad : {std::string(), std::string("!!!"), std::string("AAAA"), std::string(257, 'A')}) {
    EXPECT_EQ(keys->site().OpenPageToken("query", bad).status().code(), absl::StatusCode::kInvalidArgument);
  }
  KeyStore other;
  EXPECT_FALSE((*other.Open())->site().OpenPageToken("query", token).ok()) << "nor is it another site's";
}

TEST(SiteKeys, I7_AccountsOpenInTheirOwnRowOnly) {
  KeyStore store;
  auto keys = *store.Open();
  const std::string row = keys->site().AccountRowKey("yamada");
  const std::string other = keys->site().AccountRowKey("suzuki");
  EXPECT_EQ(row.size(), 16u);
  EXPECT_NE(row, other);
  const std::string sealed = *keys->site().SealAccount(row, "account");
  EXPECT_EQ(*keys->site().OpenAccount(row, sealed), "account");
  EXPECT_EQ(keys->site().OpenAccount(other, sealed).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::keys
