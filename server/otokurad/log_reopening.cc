#include "server/otokurad/log_reopening.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/log_keys.h"
#include "server/audit/commit_and_wait.h"
#include "server/audit/publisher.h"
#include "server/audit/reopening.h"
#include "server/audit/tile_rows.h"
#include "server/keys/key_store_file.h"
#include "server/keys/log_key.h"

namespace otokura::gateway {
namespace {

constexpr std::string_view kGeneration = "/reopened-";

std::string NextOrigin(const std::string& origin) {
  const size_t mark = origin.rfind(kGeneration);
  uint32_t generation = 0;
  if (mark == std::string::npos || !absl::SimpleAtoi(origin.substr(mark + kGeneration.size()), &generation)) {
    return absl::StrCat(origin, "/reopened-1");
  }
  return absl::StrCat(origin.substr(0, mark), "/reopened-", generation + 1);
}

// The entry, and from then on the new log: what was published of the old one is forgotten here.
absl::Status BeginNewLog(const v1::GatewayConfig& config, storage::Committer* committer, const Store& store, v1::LogReopening* row) {
  const std::string old_key = store.log_signer->VerifierKey();
  const auto verifier = crypto::NoteVerifier::Parse(old_key);
  if (!verifier.ok()) return verifier.status();
  const auto keys = crypto::LogKeys::Whole(store.log_hand_overs, *verifier);
  if (!keys.ok()) return keys.status();
  const auto lost = keys->Open(row->lost_checkpoint());
  if (!lost.ok()) return absl::DataLossError(absl::StrCat("log reopening: ", lost.status().message(), "; run otokurad fsck"));
  row->set_new_origin(NextOrigin(store.log_signer->name()));
  if (absl::Status made = keys::MakeNextLogKey(config.key_store_dir(), row->new_origin(), *store.provider); !made.ok()) return made;
  storage::Batch batch;
  batch.may_use_reserve = true;
  batch.Put(storage::Table::kMeta, audit::kReopeningKey, row->SerializeAsString());
  batch.Delete(storage::Table::kMeta, audit::kPublishedKey);
  batch.Delete(storage::Table::kMeta, audit::kCosignedKey);
  return audit::CommitFact(committer, v1::LOG_REOPENED,
                           absl::StrCat("old log ", old_key, " lost at ", lost->tree_size, " entries with root ",
                                        absl::Base64Escape(lost->root), ", common up to ", row->common_tree_size()),
                           std::move(batch));
}

// The key in force is the new log's, and the key store's copy a checkpoint of it.
absl::Status TakeNewKey(const v1::GatewayConfig& config, const v1::LogReopening& row, Store* store) {
  if (store->log_signer->name() != row.new_origin()) {
    auto signer = keys::TakeNextLogKey(config.key_store_dir(), *store->provider);
    if (!signer.ok()) return signer.status();
    store->log_signer = std::make_unique<crypto::NoteSigner>(*std::move(signer));
    store->log_hand_overs.clear();  // they led to the old log's key
  }
  if (absl::Status kept = keys::KeepLogPublicKey(config.key_store_dir(), *store->log_signer); !kept.ok()) return kept;
  const std::string copy_path = keys::CheckpointCopyPath(config.key_store_dir());
  const auto verifier = crypto::NoteVerifier::Parse(store->log_signer->VerifierKey());
  const auto copy = keys::ReadSmallFile(copy_path);
  if (verifier.ok() && copy.ok() && crypto::OpenCheckpoint(*copy, *verifier).ok()) return absl::OkStatus();
  return audit::ReplaceWithFirstCheckpoint(*store->log_signer, copy_path);
}

}  // namespace

absl::Status CarryOutReopening(const v1::GatewayConfig& config, storage::Committer* committer, Store* store) {
  auto row = audit::ReadReopening(store->engine->records());
  if (!row.ok() || !row->has_value()) return row.status();
  if ((*row)->new_origin().empty()) {
    if (absl::Status begun = BeginNewLog(config, committer, *store, &**row); !begun.ok()) return begun;
  }
  if (absl::Status taken = TakeNewKey(config, **row, store); !taken.ok()) return taken;
  if (absl::Status removed = keys::RemoveNextLogKey(config.key_store_dir()); !removed.ok()) return removed;
  storage::Batch done;
  done.Delete(storage::Table::kMeta, audit::kReopeningKey);
  return audit::CommitAndWait(committer, std::move(done));
}

}  // namespace otokura::gateway
