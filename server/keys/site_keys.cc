#include "server/keys/site_keys.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "crypto/cobblestone.h"
#include "crypto/hkdf.h"
#include "crypto/key_wrap.h"
#include "crypto/sha256.h"
#include "server/keys/contexts.h"

namespace otokura::keys {
namespace {

constexpr size_t kRowKeyBytes = 16;
constexpr size_t kIndexTagBytes = 16;
constexpr size_t kTokenMacBytes = 16;
constexpr size_t kPageTokenBytesMax = 256;

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::string PageTokenMac(const crypto::SecretBytes& key, std::string_view query, std::string_view position) {
  return crypto::HmacSha256(key, Context(crypto::Sha256(query), position)).substr(0, kTokenMacBytes);
}

}  // namespace

SiteKeys::SiteKeys(crypto::SecretBytes accounts, crypto::SecretBytes account_names, crypto::SecretBytes audit_details,
                   crypto::SecretBytes audit_index, crypto::SecretBytes ledger, crypto::SecretBytes page_tokens)
    : accounts_(std::move(accounts)),
      account_names_(std::move(account_names)),
      audit_details_(std::move(audit_details)),
      audit_index_(std::move(audit_index)),
      ledger_(std::move(ledger)),
      page_tokens_(std::move(page_tokens)) {}

absl::StatusOr<SiteKeys> SiteKeys::Create(const crypto::SecretBytes& site_key) {
  auto accounts = crypto::HkdfExpand(site_key, "otokura/v1/accounts-key", crypto::kKeyBytes);
  if (!accounts.ok()) return accounts.status();
  auto names = crypto::HkdfExpand(site_key, "otokura/v1/account-names-key", crypto::kKeyBytes);
  if (!names.ok()) return names.status();
  auto details = crypto::HkdfExpand(site_key, "otokura/v1/audit-details-key", crypto::kKeyBytes);
  if (!details.ok()) return details.status();
  auto index = crypto::HkdfExpand(site_key, "otokura/v1/audit-index-key", crypto::kKeyBytes);
  if (!index.ok()) return index.status();
  auto ledger = crypto::HkdfExpand(site_key, "otokura/v1/ledger-key", crypto::kKeyBytes);
  if (!ledger.ok()) return ledger.status();
  auto tokens = crypto::HkdfExpand(site_key, "otokura/v1/page-token-key", crypto::kKeyBytes);
  if (!tokens.ok()) return tokens.status();
  return SiteKeys(*std::move(accounts), *std::move(names), *std::move(details), *std::move(index), *std::move(ledger), *std::move(tokens));
}

std::string SiteKeys::AccountRowKey(std::string_view account_name) const {
  return crypto::HmacSha256(account_names_, account_name).substr(0, kRowKeyBytes);
}

absl::StatusOr<std::string> SiteKeys::SealAccount(std::string_view row_key, std::string_view account_record) const {
  return crypto::SealMessage(accounts_, Context("otokura/v1/account", row_key), account_record);
}

absl::StatusOr<std::string> SiteKeys::OpenAccount(std::string_view row_key, std::string_view sealed) const {
  return crypto::OpenMessage(accounts_, Context("otokura/v1/account", row_key), sealed);
}

absl::StatusOr<std::string> SiteKeys::SealAuditDetails(std::string_view commitments, std::string_view details) const {
  return crypto::SealMessage(audit_details_, Context("otokura/v1/audit-details", commitments), details);
}

absl::StatusOr<std::string> SiteKeys::OpenAuditDetails(const ReleasePermit& permit, std::string_view commitments,
                                                       std::string_view sealed) const {
  if (!permit.PermitsAuditDetails()) return absl::PermissionDeniedError("permit: not for audit details");
  return OpenDetails(commitments, sealed);
}

absl::StatusOr<std::string> SiteKeys::OpenAuditDetails(const IndexingPass& /*pass*/, std::string_view commitments,
                                                       std::string_view sealed) const {
  return OpenDetails(commitments, sealed);
}

std::string SiteKeys::AuditIndexTag(uint8_t field, std::string_view value) const {
  return crypto::HmacSha256(audit_index_, std::string(1, static_cast<char>(field)).append(value)).substr(0, kIndexTagBytes);
}

std::string SiteKeys::LedgerTag(uint8_t kind, std::string_view name) const {
  return crypto::HmacSha256(ledger_, std::string(1, static_cast<char>(kind)).append(name)).substr(0, kIndexTagBytes);
}

absl::StatusOr<std::string> SiteKeys::OpenDetails(std::string_view commitments, std::string_view sealed) const {
  return crypto::OpenMessage(audit_details_, Context("otokura/v1/audit-details", commitments), sealed);
}

std::string SiteKeys::PageToken(std::string_view query, std::string_view position) const {
  return absl::WebSafeBase64Escape(PageTokenMac(page_tokens_, query, position).append(position));
}

absl::StatusOr<std::string> SiteKeys::OpenPageToken(std::string_view query, std::string_view token) const {
  const absl::Status foreign = absl::InvalidArgumentError("page_token: not of this search; start again without it");
  std::string bytes;
  if (token.size() > kPageTokenBytesMax || !absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &bytes) ||
      bytes.size() < kTokenMacBytes) {
    return foreign;
  }
  const std::string position = bytes.substr(kTokenMacBytes);
  if (!EqualInConstantTime(std::string_view(bytes).substr(0, kTokenMacBytes), PageTokenMac(page_tokens_, query, position))) return foreign;
  return position;
}

}  // namespace otokura::keys
