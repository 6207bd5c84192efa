#include "server/keys/epoch.h"

#include <utility>

#include "crypto/hkdf.h"
#include "crypto/key_wrap.h"

namespace otokura::keys {

Epoch::Epoch(std::string id, std::string retention_class, absl::CivilMonth month, crypto::BlindIndex index,
             crypto::SecretBytes wrapping_key)
    : id_(std::move(id)),
      retention_class_(std::move(retention_class)),
      month_(month),
      index_(std::move(index)),
      wrapping_key_(std::move(wrapping_key)) {}

absl::StatusOr<Epoch> Epoch::Create(std::string id, std::string retention_class, absl::CivilMonth month, const crypto::SecretBytes& key) {
  auto index = crypto::BlindIndex::Create(key);
  if (!index.ok()) return index.status();
  auto wrapping_key = crypto::HkdfExpand(key, "otokura/v1/data-key-wrapping", crypto::kKeyBytes);
  if (!wrapping_key.ok()) return wrapping_key.status();
  return Epoch(std::move(id), std::move(retention_class), month, *std::move(index), *std::move(wrapping_key));
}

}  // namespace otokura::keys
