// The egress guard of a gateway, with what it needs of the store and the key store.
#ifndef OTOKURA_SERVER_OTOKURAD_EGRESS_H_
#define OTOKURA_SERVER_OTOKURAD_EGRESS_H_

#include <memory>

#include "absl/status/status.h"
#include "server/access/egress/charges.h"
#include "server/access/egress/guard.h"
#include "server/keys/pseudonym_keys.h"
#include "server/otokurad/store.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"

namespace otokura::gateway {

struct Egress {
  std::unique_ptr<keys::PseudonymKeys> pseudonyms;  // null where they cannot be read
  std::unique_ptr<access::EgressGuard> guard;
  std::unique_ptr<access::Charges> charges;
};

// All borrowed. What is wrong with any of it is reported and refuses releases, never the start: calls are taken in (I11).
Egress OpenEgress(const Store& store, const std::string& key_store_dir, const runtime::Clock* clock, access::BudgetSource budgets,
                  runtime::EventLog* events);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_EGRESS_H_
