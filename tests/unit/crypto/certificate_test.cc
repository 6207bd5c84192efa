#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>

#include "absl/strings/escaping.h"
#include "crypto/sha256.h"
#include "tests/unit/crypto/issued_certificate.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = kIssuedUnixS + 60;
constexpr char kUri[] = "spiffe://otokura.example/recorder/tokyo-1";

class CertificateTest : public ::testing::Test {
 protected:
  Issued Leaf(PkeyPtr key, uint64_t serial = 0xABCDEF) const {
    return Issue("tokyo-1", std::move(key), &authority_, serial,
                 {{NID_subject_alt_name, std::string("URI:") + kUri + ",DNS:tokyo-1.example,URI:urn:second"}});
  }

  const Issued authority_ = Authority("Otokura test authority");
  const Issued stranger_ = Authority("Another authority");
};

TEST_F(CertificateTest, ReadsTheKeyTheNamesAndTheValidity) {
  const Issued leaf = Leaf(EcKey());
  absl::StatusOr<Certificate> certificate = ParseCertificate(leaf.pem + authority_.pem);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_THAT(certificate->uris, ElementsAre(kUri, "urn:second"));
  EXPECT_EQ(certificate->not_before_unix_s, kIssuedUnixS);
  EXPECT_EQ(certificate->not_after_unix_s, kExpiresUnixS);
  EXPECT_EQ(certificate->serial, "abcdef");
  std::string base64;
  for (const char c : leaf.pem.substr(28, leaf.pem.find("-----END") - 28)) {
    if (c != '\n') base64.push_back(c);
  }
  std::string der;
  ASSERT_TRUE(absl::Base64Unescape(base64, &der));
  EXPECT_EQ(certificate->sha256, Sha256(der));
}

TEST_F(CertificateTest, TheKeysDigestOutlivesRenewal) {
  PkeyPtr key = EcKey();
  EVP_PKEY_up_ref(key.get());
  PkeyPtr same_key(key.get());
  const Certificate first = *ParseCertificate(Leaf(std::move(key), 1).pem);
  const Certificate renewed = *ParseCertificate(Leaf(std::move(same_key), 2).pem);
  EXPECT_NE(first.sha256, renewed.sha256);
  EXPECT_EQ(first.spki_sha256, renewed.spki_sha256);
  EXPECT_NE(first.spki_sha256, ParseCertificate(Leaf(EcKey()).pem)->spki_sha256);
}

TEST_F(CertificateTest, I10_WhatIsNoCertificateIsRefused) {
  for (const std::string& pem : {std::string(), std::string("hello"), authority_.key_pem, std::string(kCertificatePemBytesMax + 1, 'a'),
                                 authority_.pem.substr(0, 200)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseCertificate(pem).status()));
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(CertificateTest, TellsTheKeyThatBelongs) {
  const Issued leaf = Leaf(EcKey());
  EXPECT_TRUE(CheckKeyMatches(leaf.pem, leaf.key_pem).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckKeyMatches(leaf.pem, authority_.key_pem)));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckKeyMatches(leaf.pem, leaf.pem)));
}

TEST_F(CertificateTest, AnEncryptedPrivateKeyIsRefusedAndNotAskedAbout) {
  const Issued leaf = Leaf(EcKey());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char passphrase[] = "passphrase";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), leaf.key.get(), EVP_aes_256_cbc(), passphrase, 10, nullptr, nullptr), 1);
  EXPECT_TRUE(absl::IsInvalidArgument(CheckKeyMatches(leaf.pem, PemText(bio.get()))));
}

TEST_F(CertificateTest, ChainsThroughIntermediates) {
  const Issued intermediate = Issue("Intermediate", EcKey(), &authority_, 2,
                                    {{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign"}});
  const Issued leaf = Issue("leaf", EcKey(), &intermediate, 3, {});
  EXPECT_TRUE(CheckChain(Leaf(EcKey()).pem, authority_.pem, kNow).ok());
  EXPECT_TRUE(CheckChain(leaf.pem + intermediate.pem, authority_.pem, kNow).ok());
  EXPECT_TRUE(CheckChain(leaf.pem + intermediate.pem, stranger_.pem + authority_.pem, kNow).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckChain(leaf.pem, authority_.pem, kNow)));
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckChain(leaf.pem + intermediate.pem, stranger_.pem, kNow)));
}

TEST_F(CertificateTest, I6_ALeafIsNoAuthority) {
  const Issued leaf = Leaf(EcKey());
  const Issued below = Issue("below", EcKey(), &leaf, 9, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckChain(below.pem + leaf.pem, authority_.pem, kNow)));
}

TEST_F(CertificateTest, ExpiryIsJudgedByTheGivenClock) {
  const Issued leaf = Leaf(EcKey());
  EXPECT_THAT(std::string(CheckChain(leaf.pem, authority_.pem, kExpiresUnixS + 1).message()), HasSubstr("expired"));
  EXPECT_THAT(std::string(CheckChain(leaf.pem, authority_.pem, kIssuedUnixS - 1).message()), HasSubstr("not yet valid"));
}

TEST_F(CertificateTest, ListsRevokedSerials) {
  absl::StatusOr<RevocationList> list = ReadRevocationList(
      CrlOf(authority_, {.revoked = {0xABCDEF, 7}}) + CrlOf(stranger_, {.revoked = {8}}), authority_.pem + stranger_.pem);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(list->serials, ::testing::UnorderedElementsAre("abcdef", "07", "08"));
  EXPECT_EQ(list->next_update_unix_s, kIssuedUnixS + 3600);
  EXPECT_EQ(ParseCertificate(Leaf(EcKey(), 7).pem)->serial, "07");
  EXPECT_THAT(ReadRevocationList(CrlOf(authority_, {}), authority_.pem)->serials, ElementsAre());
}

TEST_F(CertificateTest, I6_AListThatCannotBeTrustedFailsClosed) {
  const std::string list = CrlOf(authority_, {.revoked = {7}});
  EXPECT_TRUE(absl::IsPermissionDenied(ReadRevocationList(list, stranger_.pem).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadRevocationList(CrlOf(authority_, {.has_next_update = false}), authority_.pem).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadRevocationList(CrlOf(authority_, {.is_delta = true}), authority_.pem).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadRevocationList("", authority_.pem).status()));
  std::string damaged = list;
  damaged[60] = damaged[60] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(ReadRevocationList(list + damaged, authority_.pem).ok());
}

TEST_F(CertificateTest, ASecretReachesTheHolderOfAnEcOrRsaKey) {
  for (const bool rsa : {false, true}) {
    SCOPED_TRACE(rsa ? "RSA" : "EC");
    const Issued leaf = Leaf(rsa ? RsaKey() : EcKey());
    absl::StatusOr<std::string> sealed = SealToCertificate(leaf.pem, Secret("the spool key"));
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->find("spool"), std::string::npos);
    absl::StatusOr<SecretBytes> opened = OpenWithKey(leaf.pem, leaf.key_pem, *sealed);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_TRUE(opened->EqualsInConstantTime("the spool key"));

    const Issued other = Leaf(rsa ? RsaKey() : EcKey(), 99);
    EXPECT_TRUE(absl::IsDataLoss(OpenWithKey(other.pem, other.key_pem, *sealed).status()));
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(CertificateTest, I7_AChangedSealedSecretDoesNotOpen) {
  const Issued leaf = Leaf(EcKey());
  const std::string sealed = *SealToCertificate(leaf.pem, Secret("the spool key"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    const absl::StatusOr<SecretBytes> opened = OpenWithKey(leaf.pem, leaf.key_pem, changed);
    // A few bytes (of version numbers and of algorithm parameters) carry nothing that the secret depends on.
    EXPECT_TRUE(!opened.ok() || opened->EqualsInConstantTime("the spool key")) << "byte " << i;
  }
  EXPECT_TRUE(absl::IsDataLoss(OpenWithKey(leaf.pem, leaf.key_pem, sealed + "x").status()));
  EXPECT_TRUE(absl::IsDataLoss(OpenWithKey(leaf.pem, leaf.key_pem, "").status()));
}

TEST_F(CertificateTest, UnauthenticatedEnvelopesAreRefused) {
  const Issued leaf = Leaf(EcKey());
  const BioPtr plaintext(BIO_new_mem_buf("the spool key", -1));
  STACK_OF(X509)* recipients = sk_X509_new_null();
  sk_X509_push(recipients, leaf.x509.get());
  const CmsPtr cms(CMS_encrypt(recipients, plaintext.get(), EVP_aes_256_cbc(), CMS_BINARY));
  sk_X509_free(recipients);
  unsigned char* der = nullptr;
  const int bytes = i2d_CMS_ContentInfo(cms.get(), &der);
  const std::string sealed(reinterpret_cast<const char*>(der), static_cast<size_t>(bytes));
  OPENSSL_free(der);
  EXPECT_TRUE(absl::IsDataLoss(OpenWithKey(leaf.pem, leaf.key_pem, sealed).status()));
}

TEST_F(CertificateTest, KeysThatOnlySignAndSecretsOutOfBoundsAreRefused) {
  EXPECT_TRUE(absl::IsFailedPrecondition(SealToCertificate(Leaf(Ed25519Key()).pem, Secret("x")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealToCertificate(Leaf(EcKey()).pem, Secret(std::string(4097, 'x'))).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealToCertificate(Leaf(EcKey()).pem, SecretBytes()).status()));
}

}  // namespace
}  // namespace otokura::crypto
