// Two signers, no fewer.
#include "proto/policy/signed_policy.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::policy {
namespace {

using ::testing::ElementsAre;

absl::StatusCode CodeOf(const std::string& note) { return CheckSignatures(note, SignersForTest()).status().code(); }

TEST(SignaturesTest, TwoOfThoseNamed) {
  const std::string text = TextForTest(2);
  for (const char* letters : {"ab", "ba", "bc", "abc", "azb", "aab"}) {
    const auto opened = CheckSignatures(NoteForTest(text, letters), SignersForTest());
    ASSERT_TRUE(opened.ok()) << letters << " " << opened.status();
    EXPECT_EQ(opened->text, text);
    EXPECT_GE(opened->signed_by.size(), 2u);
  }
  EXPECT_THAT(CheckSignatures(NoteForTest(text, "zcz"), {SignerForTest('z').VerifierKey(), SignerForTest('c').VerifierKey()})->signed_by,
              ElementsAre("signer-z", "signer-c"));
}

TEST(SignaturesTest, FewerAreRefused) {
  const std::string text = TextForTest(2);
  for (const char* letters : {"a", "aa", "az", "zy", "aaz"})
    EXPECT_EQ(CodeOf(NoteForTest(text, letters)), absl::StatusCode::kPermissionDenied) << letters;
  EXPECT_EQ(CheckSignatures(NoteForTest(text), {}).status().code(), absl::StatusCode::kPermissionDenied);
}

// A signer's name over another key is another signer.
TEST(SignaturesTest, ANameIsNotAKey) {
  const std::string text = TextForTest(2);
  const auto impostor = crypto::NoteSigner::Create("signer-b", *crypto::SecretBytes::CopyOf(std::string(32, 'x')));
  EXPECT_EQ(CodeOf(*impostor->AddSignature(NoteForTest(text, "a"))), absl::StatusCode::kPermissionDenied);
}

TEST(SignaturesTest, I7_AChangedTextShows) {
  const std::string note = NoteForTest(TextForTest(2));
  EXPECT_EQ(CodeOf("# another line\n" + note), absl::StatusCode::kInvalidArgument);
  int refused = 0;
  for (size_t at = 0; at < note.size(); at += 97) {
    std::string changed = note;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    refused += CodeOf(changed) != absl::StatusCode::kOk;
    EXPECT_NE(CodeOf(changed), absl::StatusCode::kOk) << "byte " << at;
  }
  EXPECT_GT(refused, 10);
  for (const std::string& cut : {note.substr(0, note.size() - 1), note.substr(0, note.size() / 2), std::string()}) {
    EXPECT_NE(CodeOf(cut), absl::StatusCode::kOk);
  }
}

TEST(SignaturesTest, TheTextOfADocument) {
  const std::string text = TextForTest(2) + "\n# a blank line before this, and a dash: \xE2\x80\x94 so\n";
  EXPECT_EQ(TextOf(text), text);
  EXPECT_FALSE(IsSigned(text));
  EXPECT_EQ(TextOf(NoteForTest(text, "abc")), text);
  EXPECT_TRUE(IsSigned(NoteForTest(text, "a")));
}

TEST(SignaturesTest, TheNextPolicyNamesSigners) {
  EXPECT_TRUE(CompileNext(TextForTest(2)).ok());
  EXPECT_EQ(CompileNext(TextForTest(2, [](v1::Policy* policy) { policy->clear_signers(); })).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace otokura::policy
