#include "crypto/key_wrap.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>

#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

const std::string kOwner(kOwnerIdBytes, 'o');

std::string Wrapped() {
  absl::StatusOr<std::string> wrapped = WrapKey(KeyOf('w'), KeyType::kData, kOwner, KeyOf('k'));
  EXPECT_TRUE(wrapped.ok()) << wrapped.status();
  return *wrapped;
}

TEST(KeyWrap, RoundTrips) {
  const std::string wrapped = Wrapped();
  EXPECT_EQ(wrapped.size(), 64u);
  absl::StatusOr<SecretBytes> key = UnwrapKey(KeyOf('w'), KeyType::kData, kOwner, wrapped);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_TRUE(key->EqualsInConstantTime(std::string(32, 'k')));
}

TEST(KeyWrap, I7_AKeyPutInAnothersPlaceDoesNotOpen) {
  for (const KeyType type : {KeyType::kEpoch, KeyType::kSite, KeyType::kSpool, KeyType::kLog}) {
    EXPECT_TRUE(absl::IsDataLoss(UnwrapKey(KeyOf('w'), type, kOwner, Wrapped()).status()));
  }
  EXPECT_TRUE(absl::IsDataLoss(UnwrapKey(KeyOf('w'), KeyType::kData, std::string(kOwnerIdBytes, 'p'), Wrapped()).status()));
  EXPECT_TRUE(absl::IsDataLoss(UnwrapKey(KeyOf('x'), KeyType::kData, kOwner, Wrapped()).status()));
}

TEST(KeyWrap, I7_EverySingleFlippedBitIsFound) {
  const std::string wrapped = Wrapped();
  std::string flipped = wrapped;
  ERR_clear_error();
  for (size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    flipped[bit / 8] = static_cast<char>(wrapped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(UnwrapKey(KeyOf('w'), KeyType::kData, kOwner, flipped).status())) << "bit " << bit;
    flipped[bit / 8] = wrapped[bit / 8];
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(KeyWrap, WrappedKeysOfOtherLengthsAreDamaged) {
  for (size_t bytes = 0; bytes < 64; ++bytes) {
    EXPECT_TRUE(absl::IsDataLoss(UnwrapKey(KeyOf('w'), KeyType::kData, kOwner, Wrapped().substr(0, bytes)).status())) << bytes;
  }
  EXPECT_TRUE(absl::IsDataLoss(UnwrapKey(KeyOf('w'), KeyType::kData, kOwner, std::string(100000, 'a')).status()));
}

TEST(KeyWrap, CallersMistakesAreNamed) {
  EXPECT_TRUE(absl::IsInvalidArgument(WrapKey(KeyOf('w'), KeyType::kData, "short owner", KeyOf('k')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(WrapKey(KeyOf('w'), KeyType::kData, kOwner, Secret("short key")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(WrapKey(Secret("short"), KeyType::kData, kOwner, KeyOf('k')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(UnwrapKey(KeyOf('w'), KeyType::kData, "", Wrapped()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Rfc5649Wrap(std::string(20, 'w'), "key").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Rfc5649Wrap(std::string(32, 'w'), "").status()));
}

}  // namespace
}  // namespace otokura::crypto
