#include "server/otokurad/store.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/file_key_provider.h"
#include "server/keys/log_key.h"
#include "server/otokurad/passphrase.h"
#include "server/storage/local/local_engine.h"

namespace otokura::gateway {
namespace {

absl::Status CheckInitialised(const v1::GatewayConfig& config) {
  std::error_code ignored;
  if (std::filesystem::exists(UnfinishedMarkPath(config), ignored)) {
    return absl::FailedPreconditionError(absl::StrCat("an init of this site was interrupted; remove '", config.data_dir(), "' and '",
                                                      config.key_store_dir(), "' and run otokurad init again"));
  }
  if (std::filesystem::exists(RootKeyPath(config), ignored)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("there is no site in '", config.key_store_dir(), "' yet; run otokurad init"));
}

absl::StatusOr<v1::StoreHeader> ReadHeader(const storage::RecordReader& records, const std::string& data_dir) {
  auto bytes = records.Get(storage::Table::kMeta, kStoreHeaderKey);
  if (!bytes.ok()) return bytes.status();
  v1::StoreHeader header;
  if (!bytes->has_value()) return absl::FailedPreconditionError(absl::StrCat("data_dir '", data_dir, "' holds no site; run otokurad init"));
  if (!header.ParseFromString(**bytes))
    return absl::DataLossError(absl::StrCat("data_dir '", data_dir, "': its header cannot be read; restore a backup"));
  if (header.version() > kStoreVersion) {
    return absl::FailedPreconditionError(absl::StrCat("data_dir '", data_dir, "' is of version ", header.version(),
                                                      ", newer than this otokurad, which reads up to ", kStoreVersion,
                                                      "; install the newer otokurad"));
  }
  return header;
}

}  // namespace

std::string RootKeyPath(const v1::GatewayConfig& config) { return absl::StrCat(config.key_store_dir(), "/root.key"); }

std::string UnfinishedMarkPath(const v1::GatewayConfig& config) { return absl::StrCat(config.key_store_dir(), "/init-unfinished"); }

absl::StatusOr<Store> OpenStore(const v1::GatewayConfig& config, StoreUse use) {
  if (absl::Status initialised = CheckInitialised(config); !initialised.ok()) return initialised;
  storage::LocalEngineOptions options;
  options.data_dir = config.data_dir();
  options.read_only = use == StoreUse::kCheck;
  options.reserve_bytes = config.limits().reserve_bytes();
  auto engine = storage::OpenLocalEngine(options);
  if (!engine.ok()) return engine.status();
  return OpenStoreOn(*std::move(engine), config);
}

absl::StatusOr<Store> OpenStoreOn(std::unique_ptr<storage::Engine> engine, const v1::GatewayConfig& config) {
  Store store;
  store.engine = std::move(engine);
  auto header = ReadHeader(store.engine->records(), config.data_dir());
  if (!header.ok()) return header.status();
  store.header = *std::move(header);
  auto passphrase = ReadPassphrase(config.root_key());
  if (!passphrase.ok()) return passphrase.status();
  auto provider = crypto::FileKeyProvider::Open(RootKeyPath(config), *passphrase);
  if (!provider.ok()) return provider.status();
  store.provider = *std::move(provider);
  auto keys = keys::KeyHierarchy::Open(config.key_store_dir(), store.header.site_id(), store.provider.get());
  if (!keys.ok()) return keys.status();
  store.keys = *std::move(keys);
  auto log_signer = keys::OpenLogKey(config.key_store_dir(), *store.provider);
  if (!log_signer.ok()) return log_signer.status();
  store.log_signer = std::make_unique<crypto::NoteSigner>(*std::move(log_signer));
  auto hand_overs = keys::ReadLogHandOvers(config.key_store_dir(), *store.log_signer);
  if (!hand_overs.ok()) return hand_overs.status();
  store.log_hand_overs = *std::move(hand_overs);
  return store;
}

}  // namespace otokura::gateway
