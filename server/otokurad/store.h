// The keys and the data of an initialised site, opened in the order in which each needs the one before.
#ifndef OTOKURA_SERVER_OTOKURAD_STORE_H_
#define OTOKURA_SERVER_OTOKURAD_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_encryption_provider.h"
#include "crypto/signed_note.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/keys/key_hierarchy.h"
#include "server/storage/storage.h"

namespace otokura::gateway {

inline constexpr uint32_t kStoreVersion = 1;
inline constexpr char kStoreHeaderKey[] = "header";  // in Table::kMeta

// Members are destroyed last to first: the keys before the provider that wraps them.
struct Store {
  std::unique_ptr<crypto::KeyEncryptionProvider> provider;
  std::unique_ptr<storage::Engine> engine;
  v1::StoreHeader header;
  std::unique_ptr<keys::KeyHierarchy> keys;
  std::unique_ptr<crypto::NoteSigner> log_signer;
  std::vector<std::string> log_hand_overs;  // that lead to log_signer (crypto/tlog/log_keys.h)
};

std::string RootKeyPath(const v1::GatewayConfig& config);
// Lies in the key store from the first to the last moment of `init`.
std::string UnfinishedMarkPath(const v1::GatewayConfig& config);

enum class StoreUse { kServe, kCheck };  // kCheck opens read-only

// FAILED_PRECONDITION where there is no finished site, it is held by another process, or it is from a newer version; PERMISSION_DENIED for
// a wrong passphrase.
absl::StatusOr<Store> OpenStore(const v1::GatewayConfig& config, StoreUse use);
// The same over an engine that is open already.
absl::StatusOr<Store> OpenStoreOn(std::unique_ptr<storage::Engine> engine, const v1::GatewayConfig& config);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_STORE_H_
