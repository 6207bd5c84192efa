// Carries out what two officers confirmed: the log goes on under a new origin and key (server/audit/reopening.h).
#ifndef OTOKURA_SERVER_OTOKURAD_LOG_REOPENING_H_
#define OTOKURA_SERVER_OTOKURAD_LOG_REOPENING_H_

#include "absl/status/status.h"
#include "otokura/v1/config.pb.h"
#include "server/otokurad/store.h"
#include "server/storage/committer.h"

namespace otokura::gateway {

// At the start, before anything is published; `store->log_signer` is the new one afterwards. Does nothing where nothing was confirmed.
// After a crash anywhere in it, the next start ends it: the new key lies beside the old one before the entry LOG_REOPENED, which names it,
// is durable; only then it takes the old one's place.
absl::Status CarryOutReopening(const v1::GatewayConfig& config, storage::Committer* committer, Store* store);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_LOG_REOPENING_H_
