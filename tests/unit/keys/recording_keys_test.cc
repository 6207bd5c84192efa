// One recording's keys: sealed by one, verified by another, opened only against a permit; and nothing of one recording opens as another's.
#include "server/keys/recording_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "tests/unit/keys/key_store_for_test.h"
#include "tests/unit/keys/permits_for_test.h"

namespace otokura::keys {
namespace {

using access::PermitFor;
using crypto::kChunkBytes;
using crypto::kHeaderBytes;

storage::RecordingId IdOf(char fill) { return storage::RecordingId::Make(absl::UnixEpoch(), std::string(10, fill)); }

class RecordingKeys : public ::testing::Test {
 protected:
  RecordingKeys() : keys_(*store_.Open()) {
    const absl::Time now = absl::FromCivil(absl::CivilDay(2026, 4, 1), absl::UTCTimeZone());
    EXPECT_TRUE(keys_->EnsureEpochs({"standard", "long"}, now, Unlogged).ok());
    epoch_ = *keys_->EpochAt("standard", now);
    other_epoch_ = *keys_->EpochAt("long", now);
  }

  KeyStore store_;
  std::unique_ptr<KeyHierarchy> keys_;
  std::shared_ptr<const Epoch> epoch_;
  std::shared_ptr<const Epoch> other_epoch_;
};

TEST_F(RecordingKeys, I7_DataKeyOpensUnderItsRecordingAndEpochOnly) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  ASSERT_TRUE(sealer.ok());
  const std::string& wrapped = sealer->wrapped_data_key();
  EXPECT_TRUE(RecordingSealer::Resume(*epoch_, IdOf('a'), wrapped).ok());
  EXPECT_EQ(RecordingSealer::Resume(*epoch_, IdOf('b'), wrapped).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RecordingVerifier::Create(*epoch_, IdOf('b'), wrapped).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RecordingOpener::Create(*epoch_, IdOf('b'), wrapped).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RecordingOpener::Create(*other_epoch_, IdOf('a'), wrapped).status().code(), absl::StatusCode::kDataLoss);
  for (size_t i = 0; i < wrapped.size(); ++i) {
    std::string bad = wrapped;
    bad[i] ^= 1;
    EXPECT_EQ(RecordingVerifier::Create(*epoch_, IdOf('a'), bad).status().code(), absl::StatusCode::kDataLoss) << i;
  }
}

TEST_F(RecordingKeys, TwoRecordingsHaveTwoKeys) {
  const auto first = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto second = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->wrapped_data_key(), second->wrapped_data_key());
}

TEST_F(RecordingKeys, I2_MetadataOpensAgainstItsPermitOnly) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto opener = RecordingOpener::Create(*epoch_, IdOf('a'), sealer->wrapped_data_key());
  v1::PersonalMetadata metadata;
  metadata.set_call_id("call");
  const std::string sealed = *sealer->SealMetadata(metadata);
  const auto opened = opener->OpenMetadata(PermitFor(Released::kMetadata, IdOf('a'), 1), sealed);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->call_id(), "call");
  for (const auto& [what, id] : {std::pair{Released::kAudio, IdOf('a')}, std::pair{Released::kMetadata, IdOf('b')},
                                 std::pair{Released::kAuditDetails, storage::RecordingId()}}) {
    EXPECT_EQ(opener->OpenMetadata(PermitFor(what, id, 1), sealed).status().code(), absl::StatusCode::kPermissionDenied);
  }
}

TEST_F(RecordingKeys, I2_AudioOpensAgainstItsPermitOnly) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto opener = RecordingOpener::Create(*epoch_, IdOf('a'), sealer->wrapped_data_key());
  const std::string header = sealer->StartPart(0)->header();
  EXPECT_TRUE(opener->OpenPart(PermitFor(Released::kAudio, IdOf('a'), 1), 0, header).ok());
  EXPECT_EQ(opener->OpenPart(PermitFor(Released::kMetadata, IdOf('a'), 1), 0, header).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(opener->OpenPart(PermitFor(Released::kAudio, IdOf('b'), 1), 0, header).status().code(), absl::StatusCode::kPermissionDenied);
  ReleasePermit used = PermitFor(Released::kAudio, IdOf('a'), 1);
  const ReleasePermit taken = std::move(used);
  EXPECT_TRUE(opener->OpenPart(taken, 0, header).ok());
  EXPECT_EQ(opener->OpenPart(used, 0, header).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(RecordingKeys, I7_PartOpensUnderItsNumberOnly) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto verifier = RecordingVerifier::Create(*epoch_, IdOf('a'), sealer->wrapped_data_key());
  const std::string header = sealer->StartPart(3)->header();
  EXPECT_TRUE(verifier->OpenPart(3, header).ok());
  EXPECT_EQ(verifier->OpenPart(2, header).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RecordingKeys, EveryPartHasASaltOfItsOwn) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  EXPECT_NE(sealer->StartPart(0)->header(), sealer->StartPart(0)->header());
}

TEST_F(RecordingKeys, VerifierChecksChunksAndHashesThemWithoutGivingThemOut) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto verifier = RecordingVerifier::Create(*epoch_, IdOf('a'), sealer->wrapped_data_key());
  auto part = *sealer->StartPart(0);
  const std::string header = part.header();
  const std::string chunk(kChunkBytes, 's');
  std::string sealed;
  ASSERT_TRUE(part.SealNext(chunk, &sealed).ok());
  const auto check = *verifier->OpenPart(0, header);
  crypto::Sha256Stream whole;
  crypto::Sha256Stream tail;
  EXPECT_EQ(*check.Check(0, sealed, &whole), kChunkBytes);
  EXPECT_EQ(*check.Check(0, sealed, &tail, 100), kChunkBytes);
  EXPECT_EQ(whole.Digest(), crypto::Sha256(chunk));
  EXPECT_EQ(tail.Digest(), crypto::Sha256(std::string_view(chunk).substr(100)));
  EXPECT_EQ(check.Check(1, sealed, nullptr).status().code(), absl::StatusCode::kDataLoss) << "another place";
  sealed[77] ^= 1;
  EXPECT_EQ(check.Check(0, sealed, nullptr).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RecordingKeys, I7_MetadataAndManifestAreBoundToKindAndRecording) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto verifier = RecordingVerifier::Create(*epoch_, IdOf('a'), sealer->wrapped_data_key());
  const auto other = RecordingSealer::CreateNew(*epoch_, IdOf('b'));
  v1::Manifest manifest;
  manifest.set_version(1);
  manifest.mutable_record()->set_centre("tokyo");
  v1::PersonalMetadata metadata;
  metadata.set_call_id("call");
  EXPECT_EQ(verifier->OpenManifest(*sealer->SealManifest(manifest))->record().centre(), "tokyo");
  EXPECT_EQ(verifier->OpenManifest(*other->SealManifest(manifest)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(verifier->OpenManifest(*sealer->SealMetadata(metadata)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(verifier->CheckMetadata(*sealer->SealMetadata(metadata)).ok());
  EXPECT_EQ(verifier->CheckMetadata(*other->SealMetadata(metadata)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(verifier->CheckMetadata(*sealer->SealManifest(manifest)).code(), absl::StatusCode::kDataLoss);
  manifest.set_version(2);
  EXPECT_EQ(verifier->OpenManifest(*sealer->SealManifest(manifest)).status().code(), absl::StatusCode::kFailedPrecondition) << "newer";
}

TEST_F(RecordingKeys, MetadataMatchesInTheFieldAndNormalFormOnly) {
  const auto sealer = RecordingSealer::CreateNew(*epoch_, IdOf('a'));
  const auto verifier = RecordingVerifier::Create(*epoch_, IdOf('a'), sealer->wrapped_data_key());
  v1::PersonalMetadata metadata;
  metadata.set_basic_pension_number("1234-567890");
  const std::string sealed = *sealer->SealMetadata(metadata);
  EXPECT_TRUE(*verifier->MetadataMatches(sealed, crypto::IndexField::kBasicPensionNumber, "1234567890"));
  EXPECT_FALSE(*verifier->MetadataMatches(sealed, crypto::IndexField::kBasicPensionNumber, "1234567891"));
  EXPECT_FALSE(*verifier->MetadataMatches(sealed, crypto::IndexField::kCallerNumber, "1234567890"));
  EXPECT_FALSE(*verifier->MetadataMatches(sealed, crypto::IndexField::kCallIdentity, "1234567890"));
}

TEST_F(RecordingKeys, I2_AuditDetailsOpenAgainstTheirPermitInTheirPlaceOnly) {
  const std::string sealed = *keys_->site().SealAuditDetails("these commitments", "details");
  EXPECT_EQ(*keys_->site().OpenAuditDetails(PermitFor(Released::kAuditDetails, {}, 1), "these commitments", sealed), "details");
  EXPECT_EQ(keys_->site().OpenAuditDetails(PermitFor(Released::kAuditDetails, {}, 1), "other commitments", sealed).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(keys_->site().OpenAuditDetails(PermitFor(Released::kMetadata, {}, 1), "these commitments", sealed).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace otokura::keys
