#include "server/otokurad/egress.h"

#include <utility>

#include "server/access/egress/ledger_rows.h"

namespace otokura::gateway {
namespace {

absl::StatusOr<std::unique_ptr<access::WindowClock>> OpenWindowClock(const Store& store, const runtime::Clock* clock) {
  if (absl::Status complete = access::CheckLedgerIsComplete(store.engine->records()); !complete.ok()) return complete;
  auto boot_id = access::ReadBootId();
  if (!boot_id.ok()) return boot_id.status();
  return access::WindowClock::Open(store.engine->records(), clock, *std::move(boot_id));
}

}  // namespace

Egress OpenEgress(const Store& store, const std::string& key_store_dir, const runtime::Clock* clock, access::BudgetSource budgets,
                  runtime::EventLog* events) {
  Egress egress;
  if (auto pseudonyms = keys::PseudonymKeys::Open(key_store_dir, store.provider.get()); pseudonyms.ok()) {
    egress.pseudonyms = *std::move(pseudonyms);
  } else {
    events->Failure("pseudonym-keys-not-read", pseudonyms.status());
  }
  auto window_clock = OpenWindowClock(store, clock);
  if (!window_clock.ok()) events->Failure("egress-ledger-not-opened", window_clock.status());
  egress.guard = std::make_unique<access::EgressGuard>(&store.engine->records(), clock, std::move(window_clock));
  egress.charges = std::make_unique<access::Charges>(egress.guard.get(), &store.keys->site(), std::move(budgets));
  return egress;
}

}  // namespace otokura::gateway
