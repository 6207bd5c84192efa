// What CmsSealer seals is opened by the tool that recipients have, and by nobody else (I7).
#include "crypto/cms_sealer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "tests/unit/crypto/issued_certificate.h"

extern char** environ;

namespace otokura::crypto {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;

// Not all alike, and nothing that would be found in what is sealed.
std::string Text(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * i + i / 251) % 26);
  return text;
}

absl::StatusOr<std::string> Sealed(const std::string& certificate, std::string_view text) {
  absl::StatusOr<CmsSealer> sealer = CmsSealer::Create(certificate);
  if (!sealer.ok()) return sealer.status();
  std::string sealed;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPieceBytes))) {
    absl::StatusOr<std::string> piece = sealer->Seal(text.substr(0, kPieceBytes));
    if (!piece.ok()) return piece;
    sealed += *piece;
  }
  absl::StatusOr<std::string> rest = (*std::move(sealer)).Finish();
  if (!rest.ok()) return rest;
  return sealed + *rest;
}

struct Opened {
  int exit_code = -1;
  std::string text;
};

// `openssl cms -decrypt` with that certificate and key.
class Recipient {
 public:
  explicit Recipient(Issued issued) : issued_(std::move(issued)) {
    Write("cert.pem", issued_.pem);
    Write("key.pem", issued_.key_pem);
  }
  const std::string& certificate() const { return issued_.pem; }

  Opened Open(const std::string& sealed) const {
    Write("object.cms", sealed);
    const std::vector<std::string> line = {
        "openssl",          "cms",    "-decrypt",       "-binary", "-inform",       "DER",  "-in",
        Path("object.cms"), "-recip", Path("cert.pem"), "-inkey",  Path("key.pem"), "-out", Path("opened")};
    std::vector<char*> arguments;
    for (const std::string& word : line) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    pid_t process = 0;
    const int spawned = posix_spawnp(&process, "openssl", &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    EXPECT_EQ(spawned, 0) << "the command openssl is needed";
    int status = 0;
    waitpid(process, &status, 0);
    std::ifstream file(Path("opened"), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return {WEXITSTATUS(status), text.str()};
  }

 private:
  static std::string Path(const std::string& name) {
    const char* const folder = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    return ::testing::TempDir() + "cms-" + folder + "-" + name;
  }
  static void Write(const std::string& name, const std::string& bytes) { std::ofstream(Path(name), std::ios::binary) << bytes; }
  const Issued issued_;
};

Issued Certified(PkeyPtr key) {
  static const Issued* const kAuthority = new Issued(Authority("Otokura test authority"));
  return Issue("recipient", std::move(key), kAuthority, 7, {});
}
Recipient WithKey(PkeyPtr key) { return Recipient(Certified(std::move(key))); }

struct KeyKind {
  const char* name;
  PkeyPtr (*make)();
};
const KeyKind kReceiving[] = {{"P-256", [] { return PkeyPtr(EVP_EC_gen("P-256")); }},
                              {"P-384", [] { return PkeyPtr(EVP_EC_gen("P-384")); }},
                              {"P-521", [] { return PkeyPtr(EVP_EC_gen("P-521")); }},
                              {"RSA-3072", [] { return PkeyPtr(EVP_RSA_gen(3072)); }}};
const KeyKind kNotReceiving[] = {{"Ed25519", [] { return Ed25519Key(); }},
                                 {"RSA-2048", [] { return PkeyPtr(EVP_RSA_gen(2048)); }},
                                 {"P-224", [] { return PkeyPtr(EVP_EC_gen("P-224")); }}};

TEST(CmsSealerTest, TheRecipientsToolOpensIt) {
  for (const KeyKind& kind : kReceiving) {
    SCOPED_TRACE(kind.name);
    const Recipient recipient = WithKey(kind.make());
    EXPECT_TRUE(CheckCanReceive(recipient.certificate()).ok());
    for (const size_t bytes : {size_t{1}, size_t{44}, 3 * kPieceBytes, 5 * kPieceBytes + 17}) {
      const std::string text = Text(bytes);
      const absl::StatusOr<std::string> sealed = Sealed(recipient.certificate(), text);
      ASSERT_TRUE(sealed.ok()) << sealed.status();
      const Opened opened = recipient.Open(*sealed);
      EXPECT_EQ(opened.exit_code, 0) << bytes;
      EXPECT_EQ(opened.text, text) << bytes;
    }
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(CmsSealerTest, I1_NothingOfItIsInClearAndNoTwoAreAlike) {
  const Recipient recipient = WithKey(EcKey());
  const std::string text = Text(200'000);
  const std::string one = *Sealed(recipient.certificate(), text), other = *Sealed(recipient.certificate(), text);
  for (size_t at = 0; at + 16 < text.size(); at += 997) EXPECT_EQ(one.find(text.substr(at, 16)), std::string::npos);
  EXPECT_NE(one.substr(one.size() / 2), other.substr(other.size() / 2)) << "a fresh key each";
}

TEST(CmsSealerTest, I7_AChangedOrCutOneDoesNotOpen) {
  const Recipient recipient = WithKey(EcKey());
  const std::string text = Text(kPieceBytes);
  const std::string sealed = *Sealed(recipient.certificate(), text);
  for (const size_t at : {sealed.size() / 2, sealed.size() / 3, sealed.size() - 3}) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_NE(recipient.Open(changed).exit_code, 0) << "byte " << at << " of " << sealed.size();
  }
  EXPECT_NE(recipient.Open(sealed.substr(0, sealed.size() - 40)).exit_code, 0);
}

TEST(CmsSealerTest, NobodyElseOpensIt) {
  const Recipient recipient = WithKey(EcKey());
  const std::string sealed = *Sealed(recipient.certificate(), Text(1000));
  const Opened opened = WithKey(EcKey()).Open(sealed);
  EXPECT_NE(opened.exit_code, 0);
  EXPECT_NE(opened.text, Text(1000));
}

TEST(CmsSealerTest, WhatCannotReceiveIsRefused) {
  for (const KeyKind& kind : kNotReceiving) {
    const Issued issued = Certified(kind.make());
    EXPECT_TRUE(absl::IsInvalidArgument(CheckCanReceive(issued.pem))) << kind.name;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(CheckCanReceive("nothing")));
  EXPECT_TRUE(absl::IsFailedPrecondition(CmsSealer::Create(Certified(Ed25519Key()).pem).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CmsSealer::Create("nothing").status()));
}

// What it takes does not grow with what is sealed: nothing but a few KiB stays behind.
TEST(CmsSealerTest, I10_WhatIsSealedComesOutAsItGoesIn) {
  absl::StatusOr<CmsSealer> sealer = CmsSealer::Create(Certified(EcKey()).pem);
  ASSERT_TRUE(sealer.ok()) << sealer.status();
  constexpr size_t kStaysBehindMax = 16 * 1024;
  size_t in = 0, out = 0;
  const std::string piece = Text(kPieceBytes);
  for (int i = 0; i < 64; ++i) {
    in += piece.size();
    out += sealer->Seal(piece)->size();
    EXPECT_GE(out + kStaysBehindMax, in);
  }
}

}  // namespace
}  // namespace otokura::crypto
