// A key store in a folder of its own, with a root key that costs little to open.
#ifndef OTOKURA_TESTS_UNIT_KEYS_KEY_STORE_FOR_TEST_H_
#define OTOKURA_TESTS_UNIT_KEYS_KEY_STORE_FOR_TEST_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/file_key_provider.h"
#include "crypto/secret.h"
#include "server/keys/key_hierarchy.h"

namespace otokura::keys {

inline constexpr char kSiteId[] = "11111111-2222-4333-8444-555555555555";

// For tests that have no log.
inline absl::Status Unlogged(const Epoch&) { return absl::OkStatus(); }

class KeyStore {
 public:
  KeyStore() {
    EXPECT_TRUE(crypto::LockSecretMemory().ok());
    std::string name = ::testing::TempDir() + "/key-store-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    const crypto::SecretBytes passphrase = *crypto::SecretBytes::CopyOf("a passphrase of a test");
    EXPECT_TRUE(crypto::FileKeyProvider::Create(folder_ + "/root.key", passphrase, {.n = 16, .r = 8, .p = 1}).ok());
    provider_ = *crypto::FileKeyProvider::Open(folder_ + "/root.key", passphrase);
    EXPECT_TRUE(KeyHierarchy::Initialise(folder_, kSiteId, *provider_).ok());
  }
  ~KeyStore() { std::filesystem::remove_all(folder_); }

  absl::StatusOr<std::unique_ptr<KeyHierarchy>> Open(std::string_view site_id = kSiteId) {
    return KeyHierarchy::Open(folder_, site_id, provider_.get());
  }
  std::vector<std::string> EpochFiles() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/epochs")) files.push_back(entry.path().string());
    return files;
  }
  const std::string& folder() const { return folder_; }
  crypto::FileKeyProvider& provider() { return *provider_; }

 private:
  std::string folder_;
  std::unique_ptr<crypto::FileKeyProvider> provider_;
};

}  // namespace otokura::keys

#endif  // OTOKURA_TESTS_UNIT_KEYS_KEY_STORE_FOR_TEST_H_
