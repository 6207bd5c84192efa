// Keys that live as long as the site: account records, audit details, page tokens. Derived from the site key (crypto/FORMAT.md).
#ifndef OTOKURA_SERVER_KEYS_SITE_KEYS_H_
#define OTOKURA_SERVER_KEYS_SITE_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret.h"
#include "server/keys/release_permit.h"

namespace otokura::audit {
class IndexUpkeep;
class RefusalHistory;
}  // namespace otokura::audit

namespace otokura::access {
class LedgerUpkeep;
}

namespace otokura::keys {

// The right to open details without a permit, for the gateway's own ends: to check or rebuild the index over them, which gives out rows and
// never a value, to count at a start who was refused how often, and to add the egress ledger up again.
class IndexingPass {
  friend class audit::IndexUpkeep;
  friend class audit::RefusalHistory;
  friend class access::LedgerUpkeep;
  IndexingPass() = default;
};

// Immutable; safe from any thread.
class SiteKeys {
 public:
  static absl::StatusOr<SiteKeys> Create(const crypto::SecretBytes& site_key);

  std::string AccountRowKey(std::string_view account_name) const;  // 16 bytes, keyed hash
  absl::StatusOr<std::string> SealAccount(std::string_view row_key, std::string_view account_record) const;
  absl::StatusOr<std::string> OpenAccount(std::string_view row_key, std::string_view sealed) const;

  // Details are bound to the commitments of their leaf: audit::CommitmentsDigest.
  absl::StatusOr<std::string> SealAuditDetails(std::string_view commitments, std::string_view details) const;
  // PERMISSION_DENIED where the permit is not for audit details.
  absl::StatusOr<std::string> OpenAuditDetails(const ReleasePermit& permit, std::string_view commitments, std::string_view sealed) const;
  absl::StatusOr<std::string> OpenAuditDetails(const IndexingPass& pass, std::string_view commitments, std::string_view sealed) const;
  // What the log's index keeps in place of the value: 16 bytes, keyed hash.
  std::string AuditIndexTag(uint8_t field, std::string_view value) const;

  // What the egress ledger keeps in place of a name: 16 bytes, keyed hash.
  std::string LedgerTag(uint8_t kind, std::string_view name) const;

  // A page token binds a position to its query: base64url of position ‖ 16 bytes of HMAC over (query, position). INVALID_ARGUMENT for a
  // token of another query.
  std::string PageToken(std::string_view query, std::string_view position) const;
  absl::StatusOr<std::string> OpenPageToken(std::string_view query, std::string_view token) const;

 private:
  SiteKeys(crypto::SecretBytes accounts, crypto::SecretBytes account_names, crypto::SecretBytes audit_details,
           crypto::SecretBytes audit_index, crypto::SecretBytes ledger, crypto::SecretBytes page_tokens);
  absl::StatusOr<std::string> OpenDetails(std::string_view commitments, std::string_view sealed) const;
  crypto::SecretBytes accounts_;
  crypto::SecretBytes account_names_;
  crypto::SecretBytes audit_details_;
  crypto::SecretBytes audit_index_;
  crypto::SecretBytes ledger_;
  crypto::SecretBytes page_tokens_;
};

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_SITE_KEYS_H_
