#include "server/keys/recording_keys.h"

#include <utility>

#include "crypto/hkdf.h"
#include "crypto/key_wrap.h"
#include "server/keys/contexts.h"
#ifdef OTOKURA_TEST_HOOKS
#include "server/keys/data_key_printout.h"
#endif

namespace otokura::keys {
namespace {

using crypto::SecretBytes;

std::string AudioContext(const storage::RecordingId& id, uint32_t part) {
  return Context("otokura/v1/audio", std::string(id.bytes()) + BigEndian(part, 4));
}

absl::StatusOr<SecretBytes> UnwrapDataKey(const SecretBytes& wrapping_key, const storage::RecordingId& id, std::string_view wrapped) {
  return crypto::UnwrapKey(wrapping_key, crypto::KeyType::kData, id.bytes(), wrapped);
}

// Metadata and manifest are sealed under keys of their own, so that a purge of one kind can never be argued from the other.
absl::StatusOr<std::string> SealUnder(const SecretBytes& data_key, std::string_view label, std::string_view kind,
                                      const storage::RecordingId& id, const google::protobuf::Message& message) {
  auto key = crypto::HkdfExpand(data_key, label, crypto::kKeyBytes);
  if (!key.ok()) return key.status();
  std::string plaintext = message.SerializeAsString();
  auto sealed = crypto::SealMessage(*key, Context(kind, id.bytes()), plaintext);
  crypto::Wipe(plaintext.data(), plaintext.size());
  return sealed;
}

template <typename Message>
absl::StatusOr<Message> OpenUnder(const SecretBytes& data_key, std::string_view label, std::string_view kind,
                                  const storage::RecordingId& id, std::string_view sealed) {
  auto key = crypto::HkdfExpand(data_key, label, crypto::kKeyBytes);
  if (!key.ok()) return key.status();
  auto plaintext = crypto::OpenMessage(*key, Context(kind, id.bytes()), sealed);
  if (!plaintext.ok()) return plaintext.status();
  Message message;
  const bool parsed = message.ParseFromString(*plaintext);
  crypto::Wipe(plaintext->data(), plaintext->size());
  if (!parsed) return absl::DataLossError("sealed record: authentic but not readable; it was written by another version");
  return message;
}

constexpr std::string_view kMetadataLabel = "otokura/v1/metadata-key";
constexpr std::string_view kMetadataKind = "otokura/v1/metadata";
constexpr std::string_view kManifestLabel = "otokura/v1/manifest-key";
constexpr std::string_view kManifestKind = "otokura/v1/manifest";
constexpr uint32_t kManifestVersion = 1;
constexpr uint8_t kOfNobody = 0;  // kind of the pseudonym of a caller whom nothing names; the others are IndexField

std::string_view FieldOf(const v1::PersonalMetadata& metadata, crypto::IndexField field) {
  switch (field) {
    case crypto::IndexField::kCallerNumber:
      return metadata.caller_number();
    case crypto::IndexField::kBasicPensionNumber:
      return metadata.basic_pension_number();
    case crypto::IndexField::kAgent:
      return metadata.agent();
    case crypto::IndexField::kCallId:
      return metadata.call_id();
    case crypto::IndexField::kCallIdentity:
      return {};
  }
  return {};
}

}  // namespace

RecordingSealer::RecordingSealer(const storage::RecordingId& id, SecretBytes data_key, std::string wrapped_data_key)
    : id_(id), data_key_(std::move(data_key)), wrapped_data_key_(std::move(wrapped_data_key)) {}

absl::StatusOr<RecordingSealer> RecordingSealer::CreateNew(const Epoch& epoch, const storage::RecordingId& id) {
  auto data_key = SecretBytes::Random(crypto::kKeyBytes);
  if (!data_key.ok()) return data_key.status();
  auto wrapped = crypto::WrapKey(epoch.wrapping_key_, crypto::KeyType::kData, id.bytes(), *data_key);
  if (!wrapped.ok()) return wrapped.status();
#ifdef OTOKURA_TEST_HOOKS
  PrintOutDataKey(id, *data_key);
#endif
  return RecordingSealer(id, *std::move(data_key), *std::move(wrapped));
}

absl::StatusOr<RecordingSealer> RecordingSealer::Resume(const Epoch& epoch, const storage::RecordingId& id,
                                                        std::string_view wrapped_data_key) {
  auto data_key = UnwrapDataKey(epoch.wrapping_key_, id, wrapped_data_key);
  if (!data_key.ok()) return data_key.status();
  return RecordingSealer(id, *std::move(data_key), std::string(wrapped_data_key));
}

absl::StatusOr<crypto::CobblestoneSealer> RecordingSealer::StartPart(uint32_t part) const {
  return crypto::CobblestoneSealer::Create(data_key_, AudioContext(id_, part));
}

absl::StatusOr<std::string> RecordingSealer::SealMetadata(const v1::PersonalMetadata& metadata) const {
  return SealUnder(data_key_, kMetadataLabel, kMetadataKind, id_, metadata);
}

absl::StatusOr<std::string> RecordingSealer::SealManifest(const v1::Manifest& manifest) const {
  return SealUnder(data_key_, kManifestLabel, kManifestKind, id_, manifest);
}

RecordingVerifier::RecordingVerifier(const storage::RecordingId& id, SecretBytes data_key) : id_(id), data_key_(std::move(data_key)) {}

absl::StatusOr<RecordingVerifier> RecordingVerifier::Create(const Epoch& epoch, const storage::RecordingId& id,
                                                            std::string_view wrapped_data_key) {
  auto data_key = UnwrapDataKey(epoch.wrapping_key_, id, wrapped_data_key);
  if (!data_key.ok()) return data_key.status();
  return RecordingVerifier(id, *std::move(data_key));
}

absl::StatusOr<size_t> RecordingVerifier::Part::Check(uint64_t chunk, std::string_view sealed, crypto::Sha256Stream* digest,
                                                      size_t skip) const {
  std::string plaintext;
  plaintext.reserve(crypto::kChunkBytes);
  if (absl::Status opened = opener_.OpenChunk(chunk, sealed, &plaintext); !opened.ok()) return opened;
  if (digest != nullptr && skip < plaintext.size()) digest->Update(std::string_view(plaintext).substr(skip));
  crypto::Wipe(plaintext.data(), plaintext.size());
  return plaintext.size();
}

absl::StatusOr<RecordingVerifier::Part> RecordingVerifier::OpenPart(uint32_t part, std::string_view header) const {
  auto opener = crypto::CobblestoneOpener::Create(data_key_, AudioContext(id_, part), header);
  if (!opener.ok()) return opener.status();
  return Part(*std::move(opener));
}

absl::StatusOr<v1::Manifest> RecordingVerifier::OpenManifest(std::string_view sealed) const {
  auto manifest = OpenUnder<v1::Manifest>(data_key_, kManifestLabel, kManifestKind, id_, sealed);
  if (manifest.ok() && manifest->version() > kManifestVersion) {
    return absl::FailedPreconditionError("manifest: written by a newer version of otokurad; run that version");
  }
  return manifest;
}

absl::StatusOr<bool> RecordingVerifier::MetadataMatches(std::string_view sealed, crypto::IndexField field,
                                                        std::string_view normalised) const {
  auto metadata = OpenUnder<v1::PersonalMetadata>(data_key_, kMetadataLabel, kMetadataKind, id_, sealed);
  if (!metadata.ok()) return metadata.status();
  auto value = crypto::Normalise(field, FieldOf(*metadata, field));
  return value.ok() && *value == normalised;
}

absl::StatusOr<std::vector<std::string>> RecordingVerifier::CallerPseudonyms(std::string_view sealed, const PseudonymKeys& keys,
                                                                             absl::Time now) const {
  auto metadata = OpenUnder<v1::PersonalMetadata>(data_key_, kMetadataLabel, kMetadataKind, id_, sealed);
  if (!metadata.ok()) return metadata.status();
  for (const crypto::IndexField field : {crypto::IndexField::kCallerNumber, crypto::IndexField::kBasicPensionNumber}) {
    auto value = crypto::Normalise(field, FieldOf(*metadata, field));
    if (value.ok()) return keys.Of(static_cast<uint8_t>(field), *value, now);
  }
  return keys.Of(kOfNobody, id_.bytes(), now);
}

absl::StatusOr<std::vector<std::string>> RecordingVerifier::PersonalPseudonyms(std::string_view sealed, const PseudonymKeys& keys,
                                                                               absl::Time now) const {
  auto metadata = OpenUnder<v1::PersonalMetadata>(data_key_, kMetadataLabel, kMetadataKind, id_, sealed);
  if (!metadata.ok()) return metadata.status();
  std::vector<std::string> all;
  for (const crypto::IndexField field : {crypto::IndexField::kCallerNumber, crypto::IndexField::kBasicPensionNumber,
                                         crypto::IndexField::kAgent, crypto::IndexField::kCallId}) {
    auto value = crypto::Normalise(field, FieldOf(*metadata, field));
    if (!value.ok()) continue;
    auto pseudonyms = keys.Of(static_cast<uint8_t>(field), *value, now);
    if (!pseudonyms.ok()) return pseudonyms.status();
    all.insert(all.end(), pseudonyms->begin(), pseudonyms->end());
  }
  return all;
}

absl::Status RecordingVerifier::CheckMetadata(std::string_view sealed) const {
  return OpenUnder<v1::PersonalMetadata>(data_key_, kMetadataLabel, kMetadataKind, id_, sealed).status();
}

RecordingOpener::RecordingOpener(const storage::RecordingId& id, SecretBytes data_key) : id_(id), data_key_(std::move(data_key)) {}

absl::StatusOr<RecordingOpener> RecordingOpener::Create(const Epoch& epoch, const storage::RecordingId& id,
                                                        std::string_view wrapped_data_key) {
  auto data_key = UnwrapDataKey(epoch.wrapping_key_, id, wrapped_data_key);
  if (!data_key.ok()) return data_key.status();
  return RecordingOpener(id, *std::move(data_key));
}

absl::StatusOr<crypto::CobblestoneOpener> RecordingOpener::OpenPart(const ReleasePermit& permit, uint32_t part,
                                                                    std::string_view header) const {
  if (!permit.Permits(Released::kAudio, id_)) return absl::PermissionDeniedError("permit: not for this recording's audio");
  return crypto::CobblestoneOpener::Create(data_key_, AudioContext(id_, part), header);
}

absl::StatusOr<v1::PersonalMetadata> RecordingOpener::OpenMetadata(const ReleasePermit& permit, std::string_view sealed) const {
  if (!permit.Permits(Released::kMetadata, id_)) return absl::PermissionDeniedError("permit: not for this recording's metadata");
  return OpenUnder<v1::PersonalMetadata>(data_key_, kMetadataLabel, kMetadataKind, id_, sealed);
}

}  // namespace otokura::keys
