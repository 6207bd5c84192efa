// An epoch: one retention class in one month (DESIGN §6). Its key wraps data keys and feeds the blind index; both die with it.
#ifndef OTOKURA_SERVER_KEYS_EPOCH_H_
#define OTOKURA_SERVER_KEYS_EPOCH_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "crypto/blind_index.h"
#include "crypto/secret.h"

namespace otokura::keys {

class RecordingSealer;
class RecordingVerifier;
class RecordingOpener;

// Immutable; safe from any thread.
class Epoch {
 public:
  // `id` is 16 bytes; `key` 32.
  static absl::StatusOr<Epoch> Create(std::string id, std::string retention_class, absl::CivilMonth month, const crypto::SecretBytes& key);
  const std::string& id() const { return id_; }
  const std::string& retention_class() const { return retention_class_; }
  absl::CivilMonth month() const { return month_; }
  const crypto::BlindIndex& index() const { return index_; }

 private:
  friend class RecordingSealer;
  friend class RecordingVerifier;
  friend class RecordingOpener;
  Epoch(std::string id, std::string retention_class, absl::CivilMonth month, crypto::BlindIndex index, crypto::SecretBytes wrapping_key);
  std::string id_;
  std::string retention_class_;
  absl::CivilMonth month_;
  crypto::BlindIndex index_;
  crypto::SecretBytes wrapping_key_;
};

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_EPOCH_H_
