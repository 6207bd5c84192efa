#include "server/otokurad/fsck.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "crypto/secret.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/log_keys.h"
#include "nlohmann/json.hpp"
#include "server/access/contract_rows.h"
#include "server/access/egress/ledger_upkeep.h"
#include "server/access/policy_rows.h"
#include "server/audit/index_upkeep.h"
#include "server/audit/log.h"
#include "server/audit/verify_tiles.h"
#include "server/keys/log_key.h"
#include "server/otokurad/check_config.h"
#include "server/otokurad/exit_codes.h"
#include "server/otokurad/store.h"
#include "server/recordings/fsck.h"
#include "server/runtime/clock.h"

namespace otokura::gateway {
namespace {

using Json = nlohmann::ordered_json;

void PrintLine(const Json& line) { std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n"; }

void Print(const recordings::FsckFinding& finding, bool json) {
  if (json) {
    PrintLine({{"where", finding.where}, {"problem", finding.problem}});
  } else {
    std::cout << finding.where << ": " << finding.problem << "\n";
  }
}

void Print(const recordings::FsckReport& report, bool json) {
  if (json) {
    PrintLine({{"recordings", report.recordings},
               {"live_recordings", report.live_recordings},
               {"objects", report.objects},
               {"chunks_verified", report.chunks_verified},
               {"log_entries", report.log_entries},
               {"findings", report.findings}});
    return;
  }
  std::cout << report.recordings << " recordings (" << report.live_recordings << " live), " << report.objects << " audio objects, "
            << report.chunks_verified << " chunks verified, " << report.log_entries
            << " log entries: " << (report.findings == 0 ? "clean" : absl::StrCat(report.findings, " findings")) << "\n";
}

absl::Status CheckTiles(const Store& store, const v1::GatewayConfig& config,
                        absl::FunctionRef<void(std::string_view where, std::string_view problem)> problem) {
  const auto newest = crypto::NoteVerifier::Parse(store.log_signer->VerifierKey());
  if (!newest.ok()) return newest.status();
  const auto log_keys = crypto::LogKeys::Whole(store.log_hand_overs, *newest);
  if (!log_keys.ok()) return log_keys.status();
  return audit::VerifyTiles(store.engine->records(), *log_keys, keys::CheckpointCopyPath(config.key_store_dir()), problem);
}

// The one in force bears its signatures, and is the one that the log names.
absl::Status CheckStoredPolicy(Store& store) {
  const std::unique_ptr<runtime::Clock> clock = runtime::MakeSystemClock();
  const auto log = audit::Log::Open(&store.engine->records(), &store.keys->site(), clock.get());
  if (!log.ok()) return log.status();
  return access::ReadPolicy(store.engine->records(), store.keys->site(), **log).status();
}

absl::Status RebuildIndex(Store& store, bool json) {
  uint64_t unreadable = 0;
  const auto rebuilt =
      audit::IndexUpkeep(&store.engine->records(), &store.keys->site())
          .Rebuild(&store.engine->records(), [&unreadable](uint64_t /*sequence*/, std::string_view /*problem*/) { ++unreadable; });
  if (!rebuilt.ok()) return rebuilt.status();
  if (json) {
    PrintLine({{"index_entries", rebuilt->entries}, {"index_rows", rebuilt->rows}, {"index_unreadable_entries", unreadable}});
  } else {
    std::cout << "index of the log rebuilt: " << rebuilt->rows << " rows of " << rebuilt->entries << " entries; " << unreadable
              << " entries cannot be read\n";
  }
  return absl::OkStatus();
}

absl::StatusOr<access::LedgerUpkeep> LedgerOf(const Store& store) {
  absl::StatusOr<access::ContractParents> parents = access::ReadContractParents(store.engine->records(), store.keys->site());
  if (!parents.ok()) return parents.status();
  return access::LedgerUpkeep(&store.engine->records(), &store.keys->site(),
                              [parents = *std::move(parents)](std::string_view contract) { return access::ChainOf(parents, contract); });
}

absl::Status RebuildLedger(Store& store, bool json) {
  const auto upkeep = LedgerOf(store);
  if (!upkeep.ok()) return upkeep.status();
  const auto rebuilt = upkeep->Rebuild(&store.engine->records(), [](std::string_view problem) { std::cerr << problem << "\n"; });
  if (!rebuilt.ok()) return rebuilt.status();
  if (json) {
    PrintLine({{"ledger_rows", rebuilt->rows}});
  } else {
    std::cout << "egress ledger made anew: " << rebuilt->rows << " rows\n";
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "otokurad fsck: " << status.message() << "\n";
  return exit_code;
}

}  // namespace

int Fsck(const FsckArguments& arguments) {
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return Fail(locked, kExitFailed);
  if (absl::Status forbidden = crypto::ForbidCoreDumps(); !forbidden.ok()) return Fail(forbidden, kExitFailed);
  const auto config = CheckedConfiguration(arguments.config_path);
  if (!config.ok()) return Fail(config.status(), kExitConfiguration);
  auto store = OpenStore(*config, arguments.rebuild_index || arguments.rebuild_ledger ? StoreUse::kServe : StoreUse::kCheck);
  if (!store.ok()) return Fail(store.status(), kExitFailed);
  if (arguments.rebuild_index) {
    if (absl::Status rebuilt = RebuildIndex(*store, arguments.json); !rebuilt.ok()) return Fail(rebuilt, kExitFailed);
  }
  if (arguments.rebuild_ledger) {
    if (absl::Status rebuilt = RebuildLedger(*store, arguments.json); !rebuilt.ok()) return Fail(rebuilt, kExitFailed);
  }
  const auto print = [&arguments](const recordings::FsckFinding& finding) { Print(finding, arguments.json); };
  auto report = recordings::Fsck(*store->engine, *store->keys, {arguments.deep}, print);
  if (!report.ok()) return Fail(report.status(), kExitFailed);
  const absl::Status tiles = CheckTiles(*store, *config, [&](std::string_view where, std::string_view problem) {
    ++report->findings;
    print({std::string(where), std::string(problem)});
  });
  if (!tiles.ok()) return Fail(tiles, kExitFailed);
  const auto upkeep = LedgerOf(*store);
  if (!upkeep.ok()) return Fail(upkeep.status(), kExitFailed);
  const absl::Status ledger = upkeep->Check([&](std::string_view problem) {
    ++report->findings;
    print({"ledger", std::string(problem)});
  });
  if (!ledger.ok()) return Fail(ledger, kExitFailed);
  if (const absl::Status policy = CheckStoredPolicy(*store); !policy.ok()) {
    ++report->findings;
    print({"policy", std::string(policy.message())});
  }
  Print(*report, arguments.json);
  return report->findings == 0 ? kExitDone : kExitDamage;
}

}  // namespace otokura::gateway
