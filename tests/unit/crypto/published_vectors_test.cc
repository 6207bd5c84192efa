// The published vectors (Project Wycheproof, transparency-dev/merkle), which stay outside the repository: the folder is named by
// OTOKURA_VECTORS_DIR, and where it is absent every test here says so.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "crypto/cobblestone.h"
#include "crypto/hkdf.h"
#include "crypto/key_wrap.h"
#include "crypto/merkle.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using Json = nlohmann::json;

std::string Hex(const Json& test, const char* field) { return absl::HexStringToBytes(test.at(field).get<std::string>()); }
std::string Base64(const Json& value) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(value.get<std::string>(), &bytes));
  return bytes;
}
bool HasFlag(const Json& test, const char* flag) {
  const Json& flags = test.at("flags");
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

class PublishedVectorsTest : public ::testing::Test {
 protected:
  // Null after a skip.
  Json Load(const char* name) {
    const char* folder = std::getenv("OTOKURA_VECTORS_DIR");
    std::ifstream file(std::string(folder == nullptr ? "." : folder) + "/" + name);
    return file ? Json::parse(file) : Json();
  }
};

#define LOAD_OR_SKIP(vectors, name) \
  const Json vectors = Load(name);  \
  if (vectors.is_null()) GTEST_SKIP() << name << ": absent; set OTOKURA_VECTORS_DIR to the folder of published vectors"

// ---- Cobblestone-256

std::string Inflate(const std::string& stream) {
  std::string out(16 << 20, '\0');  // the longest is 4.2 MB
  uLongf bytes = out.size();
  const int result = uncompress(reinterpret_cast<Bytef*>(out.data()), &bytes, reinterpret_cast<const Bytef*>(stream.data()), stream.size());
  EXPECT_EQ(result, Z_OK);
  out.resize(bytes);
  return out;
}

std::string Sha512(std::string_view data) {
  std::string digest(64, '\0');
  EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha512(), nullptr);
  return digest;
}

struct Streamed {
  absl::Status header;
  absl::Status end;
  std::string released;
};

Streamed ReadStreaming(const SecretBytes& key, const std::string& context, std::string_view message, size_t piece_bytes) {
  Streamed result;
  absl::StatusOr<CobblestoneStreamOpener> opener = CobblestoneStreamOpener::Create(key, context);
  result.header = opener.status();
  result.end = opener.status();
  if (!opener.ok()) return result;
  for (; !message.empty() && result.end.ok(); message.remove_prefix(std::min(piece_bytes, message.size()))) {
    result.end = opener->Update(message.substr(0, piece_bytes), &result.released);
  }
  if (result.end.ok()) {
    result.end = opener->Finish(&result.released);
  } else {
    EXPECT_FALSE(opener->Finish(&result.released).ok()) << "must keep failing";
  }
  return result;
}

// The final chunk alone, as a reader that seeks from the end finds it by the length.
absl::Status OpenFinalChunk(const CobblestoneOpener& opener, std::string_view message) {
  const uint64_t index = (message.size() - kHeaderBytes) / kSealedChunkBytes;
  std::string plaintext;
  return opener.OpenChunk(index, message.substr(SealedChunkOffset(index)), &plaintext);
}

void CheckRandomAccess(const Json& test, const CobblestoneOpener& opener, std::string_view message) {
  const bool valid = test.at("result") == "valid";
  EXPECT_EQ(OpenFinalChunk(opener, message).ok(), valid || HasFlag(test, "ValidFinalChunk"));
  if (!valid) return;
  std::string plaintext;
  for (uint64_t index = (message.size() - kHeaderBytes) / kSealedChunkBytes + 1; index-- > 0;) {
    std::string chunk;
    ASSERT_TRUE(opener.OpenChunk(index, message.substr(SealedChunkOffset(index), kSealedChunkBytes), &chunk).ok());
    plaintext.insert(0, chunk);
  }
  EXPECT_EQ(absl::BytesToHexString(Sha512(plaintext)), test.at("msgSha512"));
}

void CheckMessage(const Json& test) {
  const SecretBytes key = Secret(Hex(test, "key"));
  const std::string context = Hex(test, "ctx");
  const std::string message = Inflate(Hex(test, "ct"));
  const bool valid = test.at("result") == "valid";
  const std::string released_digest = test.value("msgSha512", absl::BytesToHexString(Sha512("")));
  for (const size_t piece_bytes : {size_t{1} << 30, size_t{1000}, kSealedChunkBytes}) {
    const Streamed streamed = ReadStreaming(key, context, message, piece_bytes);
    EXPECT_EQ(streamed.end.ok(), valid) << streamed.end;
    EXPECT_EQ(streamed.released.size(), test.value("msgLength", size_t{0}));
    EXPECT_EQ(absl::BytesToHexString(Sha512(streamed.released)), released_digest);
  }
  EXPECT_EQ(OpenMessage(key, context, message).ok(), valid && message.size() <= SealedMessageBytes(kSmallMessageBytesMax));

  absl::StatusOr<CobblestoneOpener> opener = CobblestoneOpener::Create(key, context, std::string_view(message).substr(0, kHeaderBytes));
  EXPECT_EQ(opener.ok(), !HasFlag(test, "HeaderFailure")) << opener.status();
  if (!opener.ok()) return;
  absl::StatusOr<SecretBytes> derived = HkdfExpand(
      key, std::string("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", 48) + message.substr(0, kSaltBytes) + context, 32 + 12);
  EXPECT_TRUE(derived->EqualsInConstantTime(Hex(test, "aeadKey") + Hex(test, "baseNonce")));
  CheckRandomAccess(test, *opener, message);
}

TEST_F(PublishedVectorsTest, Cobblestone256) {
  LOAD_OR_SKIP(vectors, "c2sp_chunked_encryption_aes_256_gcm_test.json");
  size_t tests = 0;
  for (const Json& group : vectors.at("testGroups")) {
    for (const Json& test : group.at("tests")) {
      SCOPED_TRACE(testing::Message() << "tcId " << test.at("tcId") << ": " << test.at("comment"));
      CheckMessage(test);
      ++tests;
    }
  }
  EXPECT_EQ(tests, 35u);
}

// ---- key wrap and HKDF

TEST_F(PublishedVectorsTest, AesKeyWrapWithPadding) {
  LOAD_OR_SKIP(vectors, "aes_kwp_test.json");
  size_t tests = 0;
  for (const Json& group : vectors.at("testGroups")) {
    for (const Json& test : group.at("tests")) {
      SCOPED_TRACE(testing::Message() << "tcId " << test.at("tcId"));
      const bool valid = test.at("result") == "valid";
      absl::StatusOr<SecretBytes> unwrapped = Rfc5649Unwrap(Hex(test, "key"), Hex(test, "ct"));
      EXPECT_EQ(unwrapped.ok(), valid) << unwrapped.status();
      if (valid && unwrapped.ok()) {
        EXPECT_TRUE(unwrapped->EqualsInConstantTime(Hex(test, "msg")));
        EXPECT_EQ(*Rfc5649Wrap(Hex(test, "key"), Hex(test, "msg")), Hex(test, "ct"));
      } else {
        EXPECT_TRUE(absl::IsDataLoss(unwrapped.status())) << unwrapped.status();
      }
      ++tests;
    }
  }
  EXPECT_EQ(tests, 254u);
}

TEST_F(PublishedVectorsTest, HkdfSha512) {
  LOAD_OR_SKIP(vectors, "hkdf_sha512_test.json");
  size_t tests = 0;
  for (const Json& group : vectors.at("testGroups")) {
    for (const Json& test : group.at("tests")) {
      SCOPED_TRACE(testing::Message() << "tcId " << test.at("tcId"));
      absl::StatusOr<SecretBytes> output = Hkdf(Hex(test, "ikm"), Hex(test, "salt"), Hex(test, "info"), test.at("size").get<size_t>());
      EXPECT_EQ(output.ok(), test.at("result") == "valid") << output.status();
      if (output.ok()) {
        EXPECT_TRUE(output->EqualsInConstantTime(Hex(test, "okm")));
      } else {
        EXPECT_TRUE(absl::IsInvalidArgument(output.status())) << output.status();
      }
      ++tests;
    }
  }
  EXPECT_EQ(tests, 83u);
}

// ---- Merkle proofs

std::vector<std::string> Proof(const Json& test) {
  std::vector<std::string> proof;
  for (const Json& hash : test.at("proof")) proof.push_back(Base64(hash));
  return proof;
}

TEST_F(PublishedVectorsTest, MerkleInclusion) {
  LOAD_OR_SKIP(vectors, "merkle_inclusion.json");
  for (const Json& test : vectors.at("tests")) {
    const absl::Status status = VerifyInclusion(test.at("leafIdx").get<uint64_t>(), test.at("treeSize").get<uint64_t>(),
                                                Base64(test.at("leafHash")), Proof(test), Base64(test.at("root")));
    EXPECT_EQ(!status.ok(), test.at("wantErr").get<bool>()) << test.at("name") << ": " << status;
  }
  EXPECT_EQ(vectors.at("tests").size(), 98u);
}

TEST_F(PublishedVectorsTest, MerkleConsistency) {
  LOAD_OR_SKIP(vectors, "merkle_consistency.json");
  for (const Json& test : vectors.at("tests")) {
    const absl::Status status = VerifyConsistency(test.at("size1").get<uint64_t>(), test.at("size2").get<uint64_t>(),
                                                  Base64(test.at("root1")), Base64(test.at("root2")), Proof(test));
    EXPECT_EQ(!status.ok(), test.at("wantErr").get<bool>()) << test.at("name") << ": " << status;
  }
  EXPECT_GT(vectors.at("tests").size(), 80u);
}

}  // namespace
}  // namespace otokura::crypto
