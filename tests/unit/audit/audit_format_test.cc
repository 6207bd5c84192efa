// The worked example of server/audit/FORMAT.md, byte for byte.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "crypto/commitment.h"
#include "crypto/merkle.h"
#include "server/audit/commitments.h"
#include "server/audit/log_rows.h"
#include "server/storage/recording_id.h"

namespace otokura::audit {
namespace {

constexpr char kLeafHex[] =
    "080110071880c0ed82daf38d0320fac1ed82daf38d03281630013a07616c6c6f77656442086f70657261746f724a1001977420dc007abc8def0123456789ab50025803"
    "6207696e717569727968c0b80270c0b802a20105546f6b796ff20120e3502d5eba3de26a8539f1cf5fa943efbe5beac1c6eb2ad7f83ee267439f1bd7";
constexpr char kLeafHashHex[] = "becce95130dff5546391e51f9cbf1b4a3143bac20eb558d582efcf0c9fc5cb16";
constexpr char kAccountCommitmentHex[] = "e3502d5eba3de26a8539f1cf5fa943efbe5beac1c6eb2ad7f83ee267439f1bd7";

std::string CountingSalt() {
  std::string salt;
  for (size_t i = 0; i < crypto::kCommitmentSaltBytes; ++i) salt.push_back(static_cast<char>(i));
  return salt;
}

v1::AuditEntry Example() {
  v1::AuditEntry entry;
  entry.set_version(1);
  entry.set_sequence(7);
  entry.set_time_unix_us(1'750'000'000'000'000);
  entry.set_wall_time_unix_us(1'750'000'000'000'250);
  entry.set_action(v1::LISTEN);
  entry.set_decision(v1::ALLOWED);
  entry.set_rule("allowed");
  entry.set_role("operator");
  entry.set_recording_id(std::string(storage::RecordingId::Parse("01977420-dc00-7abc-8def-0123456789ab")->bytes()));
  entry.set_access_number(2);
  entry.set_previous_sequence(3);
  entry.set_purpose("inquiry");
  entry.set_offset(40000);
  entry.set_length(40000);
  entry.set_centre("Tokyo");
  entry.set_account_commitment(crypto::Commit("account", CountingSalt(), "hanako"));
  return entry;
}

TEST(AuditFormatTest, TheExampleIsSerialisedAndHashedAsWritten) {
  EXPECT_EQ(absl::BytesToHexString(Example().SerializeAsString()), kLeafHex);
  EXPECT_EQ(absl::BytesToHexString(crypto::MerkleLeafHash(absl::HexStringToBytes(kLeafHex))), kLeafHashHex);
  EXPECT_EQ(absl::BytesToHexString(Example().account_commitment()), kAccountCommitmentHex);
}

TEST(AuditFormatTest, ItsDetailsOpenIt) {
  v1::AuditDetails details;
  details.set_version(1);
  details.mutable_account()->set_salt(CountingSalt());
  details.mutable_account()->set_value("hanako");
  const auto entry = ParseLeaf(7, absl::HexStringToBytes(kLeafHex));
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_TRUE(CheckDetails(*entry, details).ok());
}

TEST(AuditFormatTest, ANewerVersionIsRefusedNotGuessedAt) {
  v1::AuditEntry entry = Example();
  entry.set_version(2);
  EXPECT_EQ(ParseLeaf(7, entry.SerializeAsString()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(AuditFormatTest, KeysSortAsNumbersDo) {
  EXPECT_LT(SequenceKey(255), SequenceKey(256));
  EXPECT_EQ(absl::BytesToHexString(SequenceKey(0x0102030405060708)), "0102030405060708");
  EXPECT_EQ(ParseSequenceKey(SequenceKey(0xFFFFFFFFFFFFFFFF)), 0xFFFFFFFFFFFFFFFF);
  EXPECT_EQ(ParseSequenceKey("short"), std::nullopt);
}

// The document and this file must not drift apart.
TEST(AuditFormatTest, TheDocumentShowsTheseBytes) {
  const char* source = std::getenv("OTOKURA_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "OTOKURA_SOURCE_DIR is not set";
  std::ifstream file(std::string(source) + "/server/audit/FORMAT.md");
  std::stringstream document;
  document << file.rdbuf();
  std::string text;
  for (char c : document.str()) {
    if (c != '\n' && c != ' ') text.push_back(c);
  }
  EXPECT_NE(text.find(kLeafHex), std::string::npos);
  EXPECT_NE(text.find(kLeafHashHex), std::string::npos);
  EXPECT_NE(text.find(kAccountCommitmentHex), std::string::npos);
}

}  // namespace
}  // namespace otokura::audit
