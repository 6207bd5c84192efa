#include "crypto/ed25519_pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstring>
#include <string>

namespace otokura::crypto {
namespace {

constexpr char kPassphrase[] = "correct horse battery staple";

// RFC 8032 §7.1, test 1.
constexpr unsigned char kSeed[] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                   0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
// The same as `openssl pkey` writes it.
constexpr char kPem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

std::string Encrypted(const char* passphrase) {
  EVP_PKEY* const key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, kSeed, sizeof kSeed);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), passphrase, static_cast<int>(strlen(passphrase)), nullptr, nullptr);
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(bytes));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

class Ed25519PemTest : public ::testing::Test {
 protected:
  absl::StatusOr<SecretBytes> Read(const std::string& pem, const absl::StatusOr<std::string>& passphrase) {
    return ReadEd25519Pem(pem, [&]() -> absl::StatusOr<SecretBytes> {
      ++asked_;
      if (!passphrase.ok()) return passphrase.status();
      return SecretBytes::CopyOf(*passphrase);
    });
  }
  int asked_ = 0;
};

TEST_F(Ed25519PemTest, ReadsWhatOpensslMakes) {
  ASSERT_TRUE(LockSecretMemory().ok());
  const auto clear = Read(kPem, absl::InternalError("asked"));
  ASSERT_TRUE(clear.ok()) << clear.status();
  EXPECT_EQ(clear->Expose(), std::string_view(reinterpret_cast<const char*>(kSeed), sizeof kSeed));
  EXPECT_EQ(asked_, 0);
  const auto encrypted = Read(Encrypted(kPassphrase), std::string(kPassphrase));
  ASSERT_TRUE(encrypted.ok()) << encrypted.status();
  EXPECT_EQ(encrypted->Expose(), clear->Expose());
  EXPECT_EQ(asked_, 1);
}

TEST_F(Ed25519PemTest, RefusesWhatIsNoSuchKey) {
  ASSERT_TRUE(LockSecretMemory().ok());
  const std::string pem = kPem;
  EVP_PKEY* const other = EVP_EC_gen("P-256");
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, other, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio, &data);
  const std::string p256(data, static_cast<size_t>(bytes));
  BIO_free(bio);
  EVP_PKEY_free(other);
  for (const std::string& wrong :
       {std::string(), std::string("no key"), pem.substr(0, 60), p256, pem + std::string(kEd25519PemBytesMax, ' ')}) {
    EXPECT_EQ(Read(wrong, std::string()).status().code(), absl::StatusCode::kInvalidArgument) << wrong.substr(0, 30);
  }
  EXPECT_EQ(asked_, 0);
}

TEST_F(Ed25519PemTest, AWrongPassphraseAndNone) {
  ASSERT_TRUE(LockSecretMemory().ok());
  const std::string pem = Encrypted(kPassphrase);
  EXPECT_EQ(Read(pem, std::string("wrong horse battery staple")).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Read(pem, std::string(2000, 'p')).status().code(), absl::StatusCode::kPermissionDenied) << "longer than OpenSSL takes";
  EXPECT_EQ(Read(pem, absl::FailedPreconditionError("no terminal")).status(), absl::FailedPreconditionError("no terminal"));
  EXPECT_EQ(asked_, 3);
}

}  // namespace
}  // namespace otokura::crypto
