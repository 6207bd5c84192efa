// The log's key in the key store: made once, opened again, and bound to its log.
#include "server/keys/log_key.h"

#include <gmock/gmock.h>

#include "crypto/merkle.h"
#include "crypto/tlog/log_keys.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/key_store_file.h"
#include "tests/unit/keys/key_store_for_test.h"

namespace otokura::keys {
namespace {

using ::testing::HasSubstr;

constexpr char kOrigin[] = "calls.example/otokura/11111111-2222-4333-8444-555555555555";

class LogKeyTest : public ::testing::Test {
 protected:
  absl::Status Make(std::string_view origin = kOrigin) { return MakeLogKey(store_.folder(), origin, store_.provider()); }
  absl::StatusOr<crypto::NoteSigner> Open() { return OpenLogKey(store_.folder(), store_.provider()); }
  // Changes the file behind the gateway's back.
  void Change(const std::function<void(v1::LogKeyFile&)>& change) {
    v1::LogKeyFile file;
    ASSERT_TRUE(file.ParseFromString(*ReadSmallFile(path_)));
    change(file);
    ASSERT_EQ(ReplaceFile(path_, file.SerializeAsString()), absl::OkStatus());
  }

  KeyStore store_;
  const std::string path_ = store_.folder() + "/log.key";
};

TEST_F(LogKeyTest, OpensAsTheSameKeyEveryTime) {
  ASSERT_EQ(Make(), absl::OkStatus());
  const auto first = Open();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name(), kOrigin);
  EXPECT_EQ(Open()->VerifierKey(), first->VerifierKey());
  KeyStore other;
  ASSERT_EQ(MakeLogKey(other.folder(), kOrigin, other.provider()), absl::OkStatus());
  EXPECT_NE(OpenLogKey(other.folder(), other.provider())->VerifierKey(), first->VerifierKey());
}

TEST_F(LogKeyTest, I1_TheSeedIsNotInTheFile) {
  ASSERT_EQ(Make(), absl::OkStatus());
  v1::LogKeyFile file;
  ASSERT_TRUE(file.ParseFromString(*ReadSmallFile(path_)));
  EXPECT_EQ(file.wrapped_seed().size(), 64u) << "type, owner and seed under RFC 5649 (crypto/FORMAT.md §3)";
}

TEST_F(LogKeyTest, IsNeverOverwritten) {
  ASSERT_EQ(Make(), absl::OkStatus());
  const std::string key = Open()->VerifierKey();
  EXPECT_TRUE(absl::IsAlreadyExists(Make()));
  EXPECT_EQ(Open()->VerifierKey(), key);
}

TEST_F(LogKeyTest, ASiteWithoutOneIsRefusedInWords) {
  const absl::Status missing = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(missing)) << missing;
  EXPECT_THAT(std::string(missing.message()), HasSubstr("log.key: missing"));
}

TEST_F(LogKeyTest, I7_DoesNotOpenForAnotherLogOrChanged) {
  ASSERT_EQ(Make(), absl::OkStatus());
  Change([](v1::LogKeyFile& file) { file.set_origin("other.example/otokura/1"); });
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
  Change([](v1::LogKeyFile& file) { file.set_origin(kOrigin); });
  ASSERT_TRUE(Open().ok());
  Change([](v1::LogKeyFile& file) { (*file.mutable_wrapped_seed())[20] ^= 1; });
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
}

TEST_F(LogKeyTest, ANewerVersionIsRefused) {
  ASSERT_EQ(Make(), absl::OkStatus());
  Change([](v1::LogKeyFile& file) { file.set_version(3); });
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
  ASSERT_EQ(ReplaceFile(path_, "\xff nonsense"), absl::OkStatus());
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
}

TEST_F(LogKeyTest, I7_AKeyIsReplacedByTheOneThatItHandedOverTo) {
  ASSERT_EQ(Make(), absl::OkStatus());
  std::string first = Open()->VerifierKey();
  for (uint64_t size = 1; size <= 3; ++size) {
    const auto newest = Open();
    auto next = DrawLogKey(kOrigin, store_.provider());
    ASSERT_TRUE(next.ok()) << next.status();
    const std::string key = next->signer.VerifierKey();
    const auto hand_over = crypto::SignHandOver(*newest, next->signer, size, crypto::MerkleLeafHash("root"));
    EXPECT_EQ(Open()->VerifierKey(), newest->VerifierKey()) << "until its file is replaced";
    ASSERT_EQ(ReplaceLogKey(store_.folder(), *std::move(next), *hand_over), absl::OkStatus());
    ASSERT_TRUE(Open().ok()) << Open().status();
    EXPECT_EQ(Open()->VerifierKey(), key);
    const auto hand_overs = ReadLogHandOvers(store_.folder(), *Open());
    ASSERT_TRUE(hand_overs.ok()) << hand_overs.status();
    ASSERT_EQ(hand_overs->size(), size);
    crypto::LogKeys keys(*crypto::NoteVerifier::Parse(first));
    ASSERT_EQ(keys.FollowAll(*hand_overs), absl::OkStatus());
    EXPECT_EQ(keys.keys().back().VerifierKey(), key);
  }
}

TEST_F(LogKeyTest, I7_HandOversThatDoNotLeadToTheKeyAreRefused) {
  ASSERT_EQ(Make(), absl::OkStatus());
  auto next = DrawLogKey(kOrigin, store_.provider());
  const auto hand_over = crypto::SignHandOver(*Open(), next->signer, 1, crypto::MerkleLeafHash("root"));
  ASSERT_EQ(ReplaceLogKey(store_.folder(), *std::move(next), *hand_over), absl::OkStatus());
  Change([](v1::LogKeyFile& file) { (*file.mutable_hand_overs(0))[70] ^= 1; });
  EXPECT_TRUE(absl::IsDataLoss(ReadLogHandOvers(store_.folder(), *Open()).status()));
}

TEST_F(LogKeyTest, HandOversAreBounded) {
  ASSERT_EQ(Make(), absl::OkStatus());
  const std::string key = Open()->VerifierKey();
  Change([](v1::LogKeyFile& file) {
    for (size_t i = 0; i < crypto::kHandOversMax; ++i) file.add_hand_overs("hand-over");
  });
  EXPECT_TRUE(absl::IsFailedPrecondition(ReplaceLogKey(store_.folder(), *DrawLogKey(kOrigin, store_.provider()), "another")));
  EXPECT_EQ(Open()->VerifierKey(), key);
}

TEST_F(LogKeyTest, ThePublicKeyIsKeptUpToDate) {
  ASSERT_EQ(Make(), absl::OkStatus());
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(KeepLogPublicKey(store_.folder(), *Open()), absl::OkStatus());
    EXPECT_EQ(*ReadSmallFile(LogPublicKeyPath(store_.folder())), Open()->VerifierKey() + "\n");
    ASSERT_EQ(ReplaceFile(LogPublicKeyPath(store_.folder()), "an older one\n"), absl::OkStatus());
  }
}

TEST_F(LogKeyTest, AnOriginThatCannotNameAKeyIsRefused) {
  for (const char* origin : {"", "two words", "a+b", "a\nb"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Make(origin))) << origin;
    EXPECT_TRUE(absl::IsNotFound(ReadSmallFile(path_).status())) << origin;
  }
}

TEST_F(LogKeyTest, AFileIsReplacedInOneStep) {
  const std::string path = store_.folder() + "/file";
  EXPECT_EQ(ReplaceFile(path, "one"), absl::OkStatus());
  EXPECT_EQ(ReplaceFile(path, "another"), absl::OkStatus());
  EXPECT_EQ(*ReadSmallFile(path), "another");
  EXPECT_TRUE(absl::IsNotFound(ReplaceFile(store_.folder() + "/none/file", "x")));
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(store_.folder())) ++files;
  EXPECT_EQ(files, 4) << "root.key, site.key, epochs, file, and no temporary one";
}

}  // namespace
}  // namespace otokura::keys
