// The refusals that the log holds since a moment: what the gate counts on from after a restart.
#ifndef OTOKURA_SERVER_AUDIT_REFUSAL_HISTORY_H_
#define OTOKURA_SERVER_AUDIT_REFUSAL_HISTORY_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "otokura/v1/audit.pb.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::audit {

// Opens details without a permit: what it gives out stays inside the gate.
class RefusalHistory {
 public:
  // Borrowed, must outlive this.
  RefusalHistory(const storage::RecordReader* records, const keys::SiteKeys* keys, const Log* log)
      : records_(records), keys_(keys), log_(log) {}

  using Refusal = absl::FunctionRef<bool(const v1::AuditEntry& leaf, const v1::AuditDetails& details)>;
  // Newest first, summaries of floods too, until `refusal` returns false. An error says that there may be more.
  absl::Status Since(absl::Time since, Refusal refusal) const;

 private:
  const storage::RecordReader* const records_;
  const keys::SiteKeys* const keys_;
  const Log* const log_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_REFUSAL_HISTORY_H_
