// An export as decisions ask about it (DESIGN §8): who may take which recordings, for whom, until when.
#ifndef OTOKURA_SERVER_ACCESS_EXPORT_H_
#define OTOKURA_SERVER_ACCESS_EXPORT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "otokura/v1/export.pb.h"
#include "otokura/v1/policy.pb.h"
#include "proto/policy/rules.h"
#include "server/access/contracts.h"
#include "server/storage/recording_id.h"

namespace otokura::access {

// A UUIDv7, as a recording's id is: in the order in which exports were requested, and it tells nothing else.
using ExportId = storage::RecordingId;

// What somebody would take under one.
struct ExportUse {
  std::string_view account;
  std::string_view person;
  storage::RecordingId recording;
};

// Whoever takes under an export holds it as it stands, so that its end reaches streams in flight. Thread-safe.
class ExportStanding {
 public:
  // `certificate`: PEM, of the recipient when it was requested. `contracts` is borrowed.
  ExportStanding(v1::Export kept, std::string certificate, const Contracts* contracts);

  std::shared_ptr<const v1::Export> kept() const;
  const std::string& certificate() const { return certificate_; }
  // Takes it in as it is stored now, unless memory has it newer.
  void Adopt(v1::Export kept);

  // Whether that account took it upon itself, and the recording is one of it.
  bool Names(const ExportUse& use) const;
  // FAILED_PRECONDITION where nobody may take anything under it at that time, and the word for the log in `*rule`: "export-state", or
  // "recipient" as CheckRecipient.
  absl::Status CheckTakeable(const policy::Rules& rules, absl::Time now, std::string* rule) const;
  // FAILED_PRECONDITION unless the policy still has its recipient, with that certificate, and something can be sealed to it.
  absl::Status CheckRecipient(const policy::Rules& rules, absl::Time now) const;

 private:
  const std::string certificate_;
  const Contracts* const contracts_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const v1::Export> kept_ ABSL_GUARDED_BY(mutex_);
};

// Who is to be sealed to under that name. FAILED_PRECONDITION where the policy names nobody so, the certificate is not valid at that time,
// or the company is of a contract on record, at whatever tier and in whatever state.
absl::StatusOr<v1::Recipient> RecipientFor(const policy::Rules& rules, const Contracts& contracts, std::string_view name, absl::Time now);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EXPORT_H_
