#include "server/otokurad/log_key_hand_over.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/secret.h"
#include "crypto/tlog/log_keys.h"
#include "nlohmann/json.hpp"
#include "server/audit/commit_and_wait.h"
#include "server/audit/log.h"
#include "server/audit/publisher.h"
#include "server/keys/log_key.h"
#include "server/otokurad/check_config.h"
#include "server/otokurad/exit_codes.h"
#include "server/otokurad/store.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"
#include "server/storage/committer.h"

namespace otokura::gateway {
namespace {

// The store's log, and what publishes it with the key that hands over.
struct OpenedLog {
  std::unique_ptr<runtime::Clock> clock = runtime::MakeSystemClock();
  runtime::EventLog events{STDERR_FILENO};
  std::unique_ptr<audit::Log> log;
  std::unique_ptr<storage::Committer> committer;
  std::unique_ptr<audit::Publisher> publisher;

  absl::Status Open(const Store& store, const std::string& copy_path) {
    auto opened = audit::Log::Open(&store.engine->records(), &store.keys->site(), clock.get());
    if (!opened.ok()) return opened.status();
    log = *std::move(opened);
    committer = storage::Committer::Create(store.engine.get(), log.get());
    audit::Publisher::Parts parts;
    parts.records = &store.engine->records();
    parts.committer = committer.get();
    parts.log = log.get();
    parts.signer = store.log_signer.get();
    parts.hand_overs = store.log_hand_overs;
    parts.copy_path = copy_path;
    parts.events = &events;
    publisher = std::make_unique<audit::Publisher>(std::move(parts));
    return publisher->Publish();
  }
};

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "otokurad log-key hand-over: " << status.message() << "\n";
  return exit_code;
}

}  // namespace

absl::StatusOr<LogKeyHandedOver> HandOverLogKey(const v1::GatewayConfig& config) {
  auto store = OpenStore(config, StoreUse::kServe);
  if (!store.ok()) return store.status();
  OpenedLog log;
  // Nothing is handed over of a log that does not extend what was published of it.
  if (absl::Status published = log.Open(*store, keys::CheckpointCopyPath(config.key_store_dir())); !published.ok()) return published;
  auto next = keys::DrawLogKey(store->log_signer->name(), *store->provider);
  if (!next.ok()) return next.status();
  storage::Batch nothing_else;
  nothing_else.may_use_reserve = true;
  const absl::Status logged =
      audit::CommitFact(log.committer.get(), v1::KEY_HANDED_OVER, next->signer.VerifierKey(), std::move(nothing_else));
  if (!logged.ok()) return logged;
  if (absl::Status published = log.publisher->Publish(); !published.ok()) return published;
  const audit::Head head = log.log->head();
  auto hand_over = crypto::SignHandOver(*store->log_signer, next->signer, head.tree_size, head.root);
  if (!hand_over.ok()) return hand_over.status();
  LogKeyHandedOver handed_over{head.tree_size, store->log_signer->VerifierKey(), next->signer.VerifierKey()};
  const absl::Status replaced = keys::ReplaceLogKey(config.key_store_dir(), *std::move(next), *std::move(hand_over));
  if (!replaced.ok()) return replaced;
  const auto signer = keys::OpenLogKey(config.key_store_dir(), *store->provider);
  if (!signer.ok()) return signer.status();
  if (absl::Status kept = keys::KeepLogPublicKey(config.key_store_dir(), *signer); !kept.ok()) return kept;
  return handed_over;
}

int HandOverLogKey(const std::string& config_path, bool json) {
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return Fail(locked, kExitFailed);
  if (absl::Status forbidden = crypto::ForbidCoreDumps(); !forbidden.ok()) return Fail(forbidden, kExitFailed);
  const auto config = CheckedConfiguration(config_path);
  if (!config.ok()) return Fail(config.status(), kExitConfiguration);
  const auto handed_over = HandOverLogKey(*config);
  if (!handed_over.ok()) return Fail(handed_over.status(), kExitFailed);
  if (json) {
    std::cout << nlohmann::ordered_json(
                     {{"tree_size", handed_over->tree_size}, {"from", handed_over->from}, {"verifier_key", handed_over->to}})
                     .dump()
              << "\n";
  } else {
    std::cout << "the log's key handed over at entry " << handed_over->tree_size << "; from now on it is " << handed_over->to
              << "\nwho holds the one before follows by itself: `otokura audit key` shows the way\n";
  }
  return kExitDone;
}

}  // namespace otokura::gateway
