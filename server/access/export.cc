#include "server/access/export.h"

#include <algorithm>
#include <utility>

#include "crypto/certificate.h"
#include "server/access/approval.h"

namespace otokura::access {
namespace {

absl::Status CheckCompany(const Contracts& contracts, const v1::Recipient& recipient) {
  if (!contracts.IsParty(recipient.company())) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "recipient: its company is of a contract on record, and nothing is exported to contractors; have the policy name another");
}

absl::Status CheckInTime(const crypto::Certificate& certificate, absl::Time now) {
  if (now >= absl::FromUnixSeconds(certificate.not_before_unix_s) && now < absl::FromUnixSeconds(certificate.not_after_unix_s))
    return absl::OkStatus();
  return absl::FailedPreconditionError("recipient: its certificate expired, or is not valid yet; have the policy name a valid one");
}

absl::Status NoSuchRecipient() {
  return absl::FailedPreconditionError("recipient: not one that the policy names; `otokura admin policy show` has them");
}

}  // namespace

ExportStanding::ExportStanding(v1::Export kept, std::string certificate, const Contracts* contracts)
    : certificate_(std::move(certificate)), contracts_(contracts), kept_(std::make_shared<const v1::Export>(std::move(kept))) {}

std::shared_ptr<const v1::Export> ExportStanding::kept() const {
  absl::MutexLock lock(&mutex_);
  return kept_;
}

void ExportStanding::Adopt(v1::Export kept) {
  absl::MutexLock lock(&mutex_);
  if (kept.revision() > kept_->revision()) kept_ = std::make_shared<const v1::Export>(std::move(kept));
}

bool ExportStanding::Names(const ExportUse& use) const {
  const std::shared_ptr<const v1::Export> kept = this->kept();
  return kept->account() == use.account && kept->person_id() == use.person &&
         std::find(kept->recording_ids().begin(), kept->recording_ids().end(), use.recording.Text()) != kept->recording_ids().end();
}

absl::Status ExportStanding::CheckTakeable(const policy::Rules& rules, absl::Time now, std::string* rule) const {
  *rule = "export-state";
  if (!approval::IsActive(*kept(), now))
    return absl::FailedPreconditionError("id: nobody approved it yet, or it is over; look at it with `otokura export show`");
  *rule = "recipient";
  return CheckRecipient(rules, now);
}

absl::Status ExportStanding::CheckRecipient(const policy::Rules& rules, absl::Time now) const {
  const std::shared_ptr<const v1::Export> kept = this->kept();
  const v1::Recipient* const recipient = rules.RecipientNamed(kept->recipient());
  if (recipient == nullptr) return NoSuchRecipient();
  const auto certificate = crypto::ParseCertificate(recipient->certificate());
  if (!certificate.ok() || certificate->sha256 != kept->recipient_sha256() || recipient->company() != kept->recipient_company()) {
    return absl::FailedPreconditionError("recipient: the policy has another company or certificate for it now; ask for the export anew");
  }
  if (absl::Status in_time = CheckInTime(*certificate, now); !in_time.ok()) return in_time;
  return CheckCompany(*contracts_, *recipient);
}

absl::StatusOr<v1::Recipient> RecipientFor(const policy::Rules& rules, const Contracts& contracts, std::string_view name, absl::Time now) {
  const v1::Recipient* const recipient = rules.RecipientNamed(name);
  if (recipient == nullptr) return NoSuchRecipient();
  const auto certificate = crypto::ParseCertificate(recipient->certificate());
  if (!certificate.ok()) return certificate.status();
  if (absl::Status in_time = CheckInTime(*certificate, now); !in_time.ok()) return in_time;
  if (absl::Status company = CheckCompany(contracts, *recipient); !company.ok()) return company;
  return *recipient;
}

}  // namespace otokura::access
