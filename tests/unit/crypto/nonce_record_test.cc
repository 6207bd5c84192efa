#include "crypto/nonce_record.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "crypto/cobblestone.h"
#include "crypto/hkdf.h"
#include "crypto/openssl_ptr.h"
#include "crypto/sha256.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

std::string Prefix(std::string_view bytes) { return absl::BytesToHexString(Sha256(bytes).substr(0, 16)); }

// The record's name is read at the first sealing of a process, so one file serves all the tests.
const std::string kRecord = [] {
  std::string folder = ::testing::TempDir() + "nonce_record_XXXXXX";
  AbortUnless(mkdtemp(folder.data()) != nullptr, "mkdtemp");
  const std::string path = folder + "/record";
  setenv("OTOKURA_NONCE_RECORD", path.c_str(), 1);
  return path;
}();

std::vector<std::string> Lines() {
  std::ifstream file(kRecord);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

int CheckerSays(const std::string& record) {
  const int status = std::system((std::string(std::getenv("OTOKURA_NONCE_CHECK")) + " " + record + " > /dev/null 2>&1").c_str());
  return WEXITSTATUS(status);
}

TEST(NonceRecord, EverySealingIsALine) {
  const size_t before = Lines().size();
  CobblestoneSealer sealer = *CobblestoneSealer::Create(KeyOf('k'), "context");
  std::string sealed;
  ASSERT_TRUE(sealer.SealNext(std::string(kChunkBytes, 'a'), &sealed).ok());
  ASSERT_TRUE(sealer.SealFinal("tail", &sealed).ok());
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), before + 2);

  const std::string info =
      std::string("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", 48) + sealer.header().substr(0, kSaltBytes) + "context";
  const SecretBytes derived = *HkdfExpand(KeyOf('k'), info, 44);
  std::string nonce(derived.Expose().substr(32));
  EXPECT_EQ(lines[before],
            Prefix(derived.Expose().substr(0, 32)) + " " + absl::BytesToHexString(nonce) + " " + Prefix(std::string(kChunkBytes, 'a')));
  nonce[11] = static_cast<char>(nonce[11] ^ 1);
  EXPECT_EQ(lines[before + 1], Prefix(derived.Expose().substr(0, 32)) + " " + absl::BytesToHexString(nonce) + " " + Prefix("tail"));
}

TEST(NonceRecord, I7_NoPairSealsTwiceAcrossSealersAndProcesses) {
  for (int process = 0; process < 4; ++process) {
    if (fork() != 0) continue;
    for (int message = 0; message < 50; ++message) {
      if (!SealMessage(KeyOf('k'), "context", std::string(40000, 'a')).ok()) _exit(1);
    }
    _exit(0);
  }
  for (int status = 0; wait(&status) > 0;) EXPECT_EQ(status, 0);
  const std::vector<std::string> lines = Lines();
  EXPECT_GE(lines.size(), 600u);
  std::set<std::string> pairs;
  for (const std::string& line : lines) EXPECT_TRUE(pairs.insert(line.substr(0, 57)).second) << line;
  EXPECT_EQ(CheckerSays(kRecord), 0);
}

TEST(NonceCheck, FindsAPairThatSealedTwice) {
  ASSERT_TRUE(SealMessage(KeyOf('k'), "context", "x").ok());
  const std::string line = Lines().back();
  const std::string path = kRecord + ".doctored";
  std::ofstream(path) << line << "\n" << line << "\n";
  EXPECT_EQ(CheckerSays(path), 1);
  std::ofstream(path) << line << "\n" << line.substr(0, 58) << std::string(32, '0') << "\n";
  EXPECT_EQ(CheckerSays(path), 1);
  std::ofstream(path) << line << "\n";
  EXPECT_EQ(CheckerSays(path), 0);
  std::ofstream(path) << line.substr(1) << "\n";
  EXPECT_EQ(CheckerSays(path), 2);
  EXPECT_EQ(CheckerSays(kRecord + ".absent"), 2);
}

}  // namespace
}  // namespace otokura::crypto
