// What can be done with a recording's data key, split by who may do it (DESIGN §3): ingest seals, maintenance verifies, a permit opens.
#ifndef OTOKURA_SERVER_KEYS_RECORDING_KEYS_H_
#define OTOKURA_SERVER_KEYS_RECORDING_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/blind_index.h"
#include "crypto/cobblestone.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "otokura/v1/recording.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/epoch.h"
#include "server/keys/pseudonym_keys.h"
#include "server/keys/release_permit.h"
#include "server/storage/recording_id.h"

namespace otokura::keys {

// Seals, never opens. One thread at a time.
class RecordingSealer {
 public:
  // A fresh data key, wrapped for its epoch.
  static absl::StatusOr<RecordingSealer> CreateNew(const Epoch& epoch, const storage::RecordingId& id);
  // The data key of a recording that goes on. DATA_LOSS where it does not unwrap.
  static absl::StatusOr<RecordingSealer> Resume(const Epoch& epoch, const storage::RecordingId& id, std::string_view wrapped_data_key);

  const std::string& wrapped_data_key() const { return wrapped_data_key_; }
  // A new part under a fresh salt; the part number must never have been started before for its chunks to count.
  absl::StatusOr<crypto::CobblestoneSealer> StartPart(uint32_t part) const;
  absl::StatusOr<std::string> SealMetadata(const v1::PersonalMetadata& metadata) const;
  absl::StatusOr<std::string> SealManifest(const v1::Manifest& manifest) const;

 private:
  RecordingSealer(const storage::RecordingId& id, crypto::SecretBytes data_key, std::string wrapped_data_key);
  storage::RecordingId id_;
  crypto::SecretBytes data_key_;
  std::string wrapped_data_key_;
};

// Checks tags, digests and equality; no plaintext of audio or personal metadata ever comes back. Safe from several threads.
class RecordingVerifier {
 public:
  static absl::StatusOr<RecordingVerifier> Create(const Epoch& epoch, const storage::RecordingId& id, std::string_view wrapped_data_key);

  // A part under verification. DATA_LOSS from Check names nothing: the caller knows part and chunk.
  class Part {
   public:
    // Verifies a sealed chunk and, where given, hashes its plaintext from byte `skip` on into `*digest`. Returns its plaintext length.
    absl::StatusOr<size_t> Check(uint64_t chunk, std::string_view sealed, crypto::Sha256Stream* digest, size_t skip = 0) const;

   private:
    friend class RecordingVerifier;
    explicit Part(crypto::CobblestoneOpener opener) : opener_(std::move(opener)) {}
    crypto::CobblestoneOpener opener_;
  };
  absl::StatusOr<Part> OpenPart(uint32_t part, std::string_view header) const;
  // The manifest holds clear fields only, so maintenance may read it.
  absl::StatusOr<v1::Manifest> OpenManifest(std::string_view sealed) const;
  // Whether the sealed metadata has this normalised value in this field: confirms a blind-index hit.
  absl::StatusOr<bool> MetadataMatches(std::string_view sealed, crypto::IndexField field, std::string_view normalised) const;
  // Of the recording's caller, by number, or by pension number where there is none; without either the recording is a caller of its own.
  absl::StatusOr<std::vector<std::string>> CallerPseudonyms(std::string_view sealed, const PseudonymKeys& keys, absl::Time now) const;
  // Of every number, agent and call id that it has.
  absl::StatusOr<std::vector<std::string>> PersonalPseudonyms(std::string_view sealed, const PseudonymKeys& keys, absl::Time now) const;
  absl::Status CheckMetadata(std::string_view sealed) const;

 private:
  RecordingVerifier(const storage::RecordingId& id, crypto::SecretBytes data_key);
  storage::RecordingId id_;
  crypto::SecretBytes data_key_;
};

// Gives plaintext, each time against the permit.
class RecordingOpener {
 public:
  static absl::StatusOr<RecordingOpener> Create(const Epoch& epoch, const storage::RecordingId& id, std::string_view wrapped_data_key);
  // PERMISSION_DENIED where the permit is for something else.
  absl::StatusOr<crypto::CobblestoneOpener> OpenPart(const ReleasePermit& permit, uint32_t part, std::string_view header) const;
  absl::StatusOr<v1::PersonalMetadata> OpenMetadata(const ReleasePermit& permit, std::string_view sealed) const;

 private:
  RecordingOpener(const storage::RecordingId& id, crypto::SecretBytes data_key);
  storage::RecordingId id_;
  crypto::SecretBytes data_key_;
};

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_RECORDING_KEYS_H_
