// Drives every file of tests/vectors through the library, and checks that the generator still makes exactly those files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "crypto/blind_index.h"
#include "crypto/cobblestone.h"
#include "crypto/commitment.h"
#include "crypto/file_key_provider.h"
#include "crypto/key_wrap.h"
#include "crypto/sha256.h"
#include "crypto/signed_note.h"
#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using Path = std::filesystem::path;

Path VectorFolder() { return Path(std::getenv("OTOKURA_SOURCE_DIR")) / "tests" / "vectors"; }

std::string Contents(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Vector {
  std::map<std::string, std::string> fields;
  std::string body;

  const std::string& Text(const std::string& field) const { return fields.at(field); }
  std::string Hex(const std::string& field) const { return absl::HexStringToBytes(fields.at(field)); }
  bool Succeeds() const { return Text("expect") == "success"; }
};

Vector Parse(const std::string& contents) {
  Vector vector;
  std::istringstream lines(contents);
  std::string line;
  while (std::getline(lines, line) && !line.empty()) {
    const size_t colon = line.find(": ");
    vector.fields[line.substr(0, colon)] = line.substr(colon + 2);
  }
  while (std::getline(lines, line)) vector.body += absl::HexStringToBytes(line);
  return vector;
}

struct Failure {
  absl::StatusCode code;
  std::string_view words;  // part of the message
};

void ExpectFailure(const absl::Status& status, const Vector& vector, const std::map<std::string, Failure>& kinds) {
  const Failure& expected = kinds.at(vector.Text("expect"));
  EXPECT_EQ(status.code(), expected.code) << status;
  EXPECT_NE(std::string(status.message()).find(expected.words), std::string::npos) << status;
}

void CheckCobblestone(const Vector& vector) {
  const SecretBytes key = Secret(vector.Hex("key"));
  absl::StatusOr<std::string> whole = OpenMessage(key, vector.Hex("context"), vector.body);
  std::string released;
  absl::StatusOr<CobblestoneStreamOpener> opener = CobblestoneStreamOpener::Create(key, vector.Hex("context"));
  absl::Status streamed = opener.status();
  if (streamed.ok()) streamed = opener->Update(vector.body, &released);
  if (streamed.ok()) streamed = opener->Finish(&released);
  EXPECT_EQ(std::to_string(released.size()), vector.Text("plaintext-bytes"));
  EXPECT_EQ(Sha256(released), vector.Hex("plaintext-sha256"));
  EXPECT_EQ(whole.status(), streamed);
  if (vector.Succeeds()) {
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_EQ(*whole, released);
    return;
  }
  ExpectFailure(streamed, vector,
                {{"truncated", {absl::StatusCode::kDataLoss, "truncated"}},
                 {"bad tag", {absl::StatusCode::kDataLoss, "the tag does not verify"}},
                 {"bad header", {absl::StatusCode::kDataLoss, "the commitment does not match"}},
                 {"bad key", {absl::StatusCode::kInvalidArgument, "input key"}}});
}

void CheckWrappedKey(const Vector& vector) {
  const SecretBytes wrapping_key = Secret(vector.Hex("key-encryption-key"));
  const KeyType type = static_cast<KeyType>(std::stoi(vector.Text("type")));
  absl::StatusOr<SecretBytes> key = UnwrapKey(wrapping_key, type, vector.Hex("owner"), vector.body);
  if (vector.Succeeds()) {
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_TRUE(key->EqualsInConstantTime(vector.Hex("key")));
    EXPECT_EQ(*WrapKey(wrapping_key, type, vector.Hex("owner"), *key), vector.body);
    return;
  }
  ExpectFailure(key.status(), vector,
                {{"wrong type", {absl::StatusCode::kDataLoss, "type"}},
                 {"wrong owner", {absl::StatusCode::kDataLoss, "another owner"}},
                 {"integrity", {absl::StatusCode::kDataLoss, "integrity"}},
                 {"wrong length", {absl::StatusCode::kDataLoss, ""}}});
}

void CheckNormalisation(const Vector& vector) {
  const IndexField field = static_cast<IndexField>(std::stoi(vector.Text("field")));
  absl::StatusOr<std::string> normalised = Normalise(field, vector.body);
  if (!vector.Succeeds()) return ExpectFailure(normalised.status(), vector, {{"refused", {absl::StatusCode::kInvalidArgument, ""}}});
  ASSERT_TRUE(normalised.ok()) << normalised.status();
  EXPECT_EQ(*normalised, vector.Text("normalised"));
  EXPECT_EQ(BlindIndex::Create(Secret(vector.Hex("epoch-key")))->Tag(field, *normalised), vector.Hex("tag"));
}

void CheckCommitment(const Vector& vector) {
  EXPECT_EQ(Commit(vector.Text("field"), vector.Hex("salt"), vector.body), vector.Hex("commitment"));
}

void CheckRootKeyFile(const Vector& vector) {
  const Path path = Path(::testing::TempDir()) / "vector_root.key";
  std::ofstream(path, std::ios::binary) << vector.body;
  absl::StatusOr<std::unique_ptr<FileKeyProvider>> provider = FileKeyProvider::Open(path, Secret(vector.Text("passphrase")));
  std::filesystem::remove(path);
  if (vector.Succeeds()) {
    ASSERT_TRUE(provider.ok()) << provider.status();
    absl::StatusOr<SecretBytes> key = (*provider)->Unwrap(KeyType::kEpoch, vector.Hex("owner"), 1, vector.Hex("wrapped-epoch-key"));
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_TRUE(key->EqualsInConstantTime(vector.Hex("epoch-key")));
    return;
  }
  ExpectFailure(provider.status(), vector,
                {{"wrong passphrase", {absl::StatusCode::kPermissionDenied, "wrong passphrase"}},
                 {"not accepted", {absl::StatusCode::kFailedPrecondition, ""}},
                 {"not a key file", {absl::StatusCode::kDataLoss, ""}}});
}

void CheckNote(const Vector& vector) {
  absl::StatusOr<NoteVerifier> verifier = NoteVerifier::Parse(vector.Text("verifier"));
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  absl::StatusOr<NoteSigner> signer = NoteSigner::Create(vector.Text("name"), Secret(vector.Hex("seed")));
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(signer->VerifierKey(), vector.Text("verifier"));
  absl::StatusOr<OpenedNote> opened = OpenNote(vector.body, {*verifier});
  if (vector.Succeeds()) {
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(Sha256(opened->text), vector.Hex("text-sha256"));
    const std::string note = *signer->Sign(opened->text);
    EXPECT_NE(vector.body.find(note.substr(note.rfind("— "))), std::string::npos);
    return;
  }
  ExpectFailure(opened.status(), vector,
                {{"bad signature", {absl::StatusCode::kDataLoss, "does not verify"}},
                 {"unknown key", {absl::StatusCode::kPermissionDenied, "no known key"}},
                 {"malformed", {absl::StatusCode::kInvalidArgument, ""}}});
}

void CheckVector(const Vector& vector) {
  static const std::map<std::string, void (*)(const Vector&)> checks = {
      {"cobblestone", CheckCobblestone}, {"wrapped-key", CheckWrappedKey},    {"normalisation", CheckNormalisation},
      {"commitment", CheckCommitment},   {"root-key-file", CheckRootKeyFile}, {"note", CheckNote}};
  checks.at(vector.Text("kind"))(vector);
}

std::vector<std::string> VectorNames(const Path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class VectorTest : public ::testing::TestWithParam<std::string> {};

TEST_P(VectorTest, ReadsAsItsHeaderSays) { CheckVector(Parse(Contents(VectorFolder() / (GetParam() + ".txt")))); }

INSTANTIATE_TEST_SUITE_P(Files, VectorTest, ::testing::ValuesIn(VectorNames(VectorFolder())), [](const auto& test) { return test.param; });

TEST(Vectors, AreWhatTheGeneratorMakes) {
  std::string folder = ::testing::TempDir() + "vectors_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(std::system((std::string(std::getenv("OTOKURA_GENERATE_VECTORS")) + " " + folder).c_str()), 0);
  EXPECT_EQ(VectorNames(folder), VectorNames(VectorFolder()));
  for (const std::string& name : VectorNames(folder)) {
    EXPECT_EQ(Contents(Path(folder) / (name + ".txt")), Contents(VectorFolder() / (name + ".txt"))) << name;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace otokura::crypto
