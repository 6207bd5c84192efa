// Secrets with known bytes, in memory that is locked before the first test runs.
#ifndef OTOKURA_TESTS_UNIT_CRYPTO_SECRETS_FOR_TEST_H_
#define OTOKURA_TESTS_UNIT_CRYPTO_SECRETS_FOR_TEST_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "crypto/secret.h"

namespace otokura::crypto {

class LockedSecrets : public ::testing::Environment {
 public:
  void SetUp() override { ASSERT_TRUE(LockSecretMemory().ok()) << LockSecretMemory(); }
};
inline ::testing::Environment* const kLockedSecrets = ::testing::AddGlobalTestEnvironment(new LockedSecrets);

inline SecretBytes Secret(std::string_view bytes) {
  absl::StatusOr<SecretBytes> secret = SecretBytes::CopyOf(bytes);
  EXPECT_TRUE(secret.ok()) << secret.status();
  return *std::move(secret);
}

inline SecretBytes KeyOf(char fill) { return Secret(std::string(32, fill)); }

}  // namespace otokura::crypto

#endif  // OTOKURA_TESTS_UNIT_CRYPTO_SECRETS_FOR_TEST_H_
