#include "crypto/signed_note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kText = "otokura.example/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

NoteSigner Signer(std::string_view name, char fill) {
  absl::StatusOr<NoteSigner> signer = NoteSigner::Create(name, KeyOf(fill));
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}

NoteVerifier VerifierOf(const NoteSigner& signer) {
  absl::StatusOr<NoteVerifier> verifier = NoteVerifier::Parse(signer.VerifierKey());
  EXPECT_TRUE(verifier.ok()) << verifier.status();
  return *std::move(verifier);
}

// The example of the specification.
TEST(SignedNote, OpensThePublishedExample) {
  absl::StatusOr<NoteVerifier> verifier = NoteVerifier::Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  EXPECT_EQ(verifier->key_id(), 0x530d903au);
  absl::StatusOr<OpenedNote> opened = OpenNote(
      "This is an example message.\n\n"
      "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
      {*verifier});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->text, "This is an example message.\n");
}

TEST(SignedNote, NamesWhoSignedInOrder) {
  const NoteSigner log = Signer("otokura.example/log", 'a');
  const NoteSigner witness = Signer("witness.example", 'b');
  const NoteSigner stranger = Signer("stranger.example", 'c');
  const std::string note = *witness.AddSignature(*stranger.AddSignature(*log.Sign(kText)));
  absl::StatusOr<OpenedNote> opened = OpenNote(note, {VerifierOf(witness), VerifierOf(log)});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->text, kText);
  EXPECT_THAT(opened->signed_by, ElementsAre("otokura.example/log", "witness.example"));
}

TEST(SignedNote, I7_EveryFlippedBitOfTextOrSignatureIsFound) {
  const NoteSigner log = Signer("otokura.example/log", 'a');
  const std::string note = *log.Sign(kText);
  std::string flipped = note;
  for (size_t bit = 0; bit < note.size() * 8; ++bit) {
    flipped[bit / 8] = static_cast<char>(note[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(OpenNote(flipped, {VerifierOf(log)}).ok()) << "bit " << bit;
    flipped[bit / 8] = note[bit / 8];
  }
}

TEST(SignedNote, I7_AWrongSignatureSpoilsTheNoteBesideAGoodOne) {
  const NoteSigner log = Signer("otokura.example/log", 'a');
  const NoteSigner witness = Signer("witness.example", 'b');
  const std::string other = *witness.Sign("another text\n");
  const std::string note = *log.Sign(kText) + other.substr(other.rfind("— "));
  EXPECT_TRUE(absl::IsDataLoss(OpenNote(note, {VerifierOf(log), VerifierOf(witness)}).status()));
}

TEST(SignedNote, AnotherKeyOfTheSameNameIsUnknown) {
  const std::string note = *Signer("otokura.example/log", 'a').Sign(kText);
  EXPECT_TRUE(absl::IsPermissionDenied(OpenNote(note, {VerifierOf(Signer("otokura.example/log", 'b'))}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(OpenNote(note, {}).status()));
}

TEST(SignedNote, TextMayHoldBlankLines) {
  const NoteSigner log = Signer("otokura.example/log", 'a');
  absl::StatusOr<OpenedNote> opened = OpenNote(*log.Sign("one\n\ntwo\n\n"), {VerifierOf(log)});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->text, "one\n\ntwo\n\n");
}

TEST(SignedNote, TextThatNobodyCouldVerifyIsNotSigned) {
  const NoteSigner log = Signer("otokura.example/log", 'a');
  for (const std::string_view text : {"", "no newline", "tab\t\n", "\xff\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(log.Sign(text).status())) << testing::PrintToString(std::string(text));
  }
}

TEST(SignedNote, I10_SizeAndSignaturesAreBounded) {
  const NoteSigner log = Signer("otokura.example/log", 'a');
  EXPECT_TRUE(absl::IsInvalidArgument(log.Sign(std::string(kNoteBytesMax, 'a') + "\n").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenNote(std::string(kNoteBytesMax + 1, '\n'), {VerifierOf(log)}).status()));
  std::string note = *log.Sign(kText);
  for (size_t signatures = 1; signatures < kNoteSignaturesMax; ++signatures) note = *log.AddSignature(note);
  EXPECT_TRUE(OpenNote(note, {VerifierOf(log)}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(log.AddSignature(note).status()));
  note += note.substr(note.rfind("— "));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenNote(note, {VerifierOf(log)}).status()));
}

TEST(NoteSigner, RefusesNamesThatALineCannotCarry) {
  for (const std::string_view name : {"", "a b", "a+b", "a\nb", "a\u3000b", "\xff"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(NoteSigner::Create(name, KeyOf('a')).status())) << testing::PrintToString(std::string(name));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(NoteSigner::Create("log", Secret("short")).status()));
}

TEST(NoteVerifier, RefusesKeysThatDoNotAgreeWithThemselves) {
  const std::string key = Signer("otokura.example/log", 'a').VerifierKey();
  ASSERT_TRUE(NoteVerifier::Parse(key).ok());
  std::string other_id = key;
  other_id[20] = other_id[20] == '0' ? '1' : '0';
  for (const std::string& wrong :
       {std::string(), std::string("log"), "x" + key, other_id, key.substr(0, key.size() - 4), key + "AAAA", key + "\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(NoteVerifier::Parse(wrong).status())) << wrong;
  }
}

}  // namespace
}  // namespace otokura::crypto
