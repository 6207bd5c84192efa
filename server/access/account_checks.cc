#include "server/access/account_checks.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "crypto/blind_index.h"
#include "crypto/certificate.h"
#include "crypto/unicode.h"
#include "server/access/audio_formats.h"
#include "server/access/roles.h"

namespace otokura::access {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

absl::Status Invalid(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(absl::string_view(field.data(), field.size()), ": ", absl::string_view(what.data(), what.size())));
}

bool Contains(const Names& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

bool IsScoped(v1::Role role) { return role == v1::OPERATOR || role == v1::SUPERVISOR; }

absl::Status CheckNames(std::string_view field, const Names& names, int names_max) {
  const std::string prefix(field);
  if (names.size() > names_max) return Invalid(field, absl::StrCat(names.size(), " of them, at most ", names_max));
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (absl::Status status = CheckText(prefix, name, kNameBytesMax); !status.ok()) return status;
    if (!seen.insert(name).second) return Invalid(field, "one is named twice; name each once");
  }
  return absl::OkStatus();
}

absl::Status CheckOutputOnly(const v1::Account& account) {
  if (!account.spki_sha256().empty()) return Invalid("account.spki_sha256", "must be empty; the key is taken from certificate_pem");
  const bool has_history = account.created_unix_ms() != 0 || account.revision() != 0 || !account.suspended_reason().empty() ||
                           !account.proposed_by().empty() || !account.confirmed_by().empty() || account.has_renewal();
  if (account.state() != v1::Account::STATE_UNSPECIFIED || has_history) {
    return Invalid("account", "state, times, reasons, revision and who proposed and confirmed it are the gateway's to say; leave them out");
  }
  return absl::OkStatus();
}

absl::Status CheckPerson(const v1::Account& account) {
  if (account.role() == v1::RECORDER) {
    if (account.person_id().empty() && account.agent().empty() && account.contract().empty()) return absl::OkStatus();
    return Invalid("account.person_id", "a recorder is a machine; leave person_id, agent and contract empty");
  }
  if (absl::Status status = CheckText("account.person_id", account.person_id(), kNameBytesMax); !status.ok()) return status;
  if (account.role() != v1::CONTRACTOR && !account.contract().empty()) {
    return Invalid("account.contract", "only contractors are under a contract; leave it out");
  }
  if (account.role() == v1::CONTRACTOR && account.company().empty()) return Invalid("account.company", "required for a contractor");
  if (account.role() == v1::CONTRACTOR && !IsAccountName(account.contract())) {
    return Invalid("account.contract", "required for a contractor: the name of its company's contract");
  }
  if (account.company().empty()) return absl::OkStatus();
  return CheckText("account.company", account.company(), kNameBytesMax);
}

// A scope may only narrow. Where a role's rights know no centre, a narrower one would promise a limit that nothing keeps.
absl::Status CheckScope(const v1::Account& account) {
  if (account.scope() == v1::SCOPE_UNSPECIFIED) return absl::OkStatus();
  if (!IsScoped(account.role())) return Invalid("account.scope", "only for operators and supervisors; leave it out");
  if (account.scope() != v1::OWN && account.scope() != v1::CENTRE)
    return Invalid("account.scope", "may only narrow the role's: OWN or CENTRE");
  if (account.scope() == v1::OWN && account.agent().empty()) return Invalid("account.agent", "required for scope OWN");
  return absl::OkStatus();
}

absl::Status CheckCentres(const v1::Account& account, const v1::GatewayConfig& config) {
  if (absl::Status status = CheckNames("account.centres", account.centres(), kAccountCentresMax); !status.ok()) return status;
  for (const std::string& centre : account.centres()) {
    const bool known = std::any_of(config.centres().begin(), config.centres().end(),
                                   [&](const auto& known_centre) { return known_centre.name() == centre; });
    if (!known) return Invalid("account.centres", "one is not a centre of this gateway; see its configuration");
  }
  if (account.centres().empty() && (IsScoped(account.role()) || account.role() == v1::RECORDER)) {
    return Invalid("account.centres", absl::StrCat("at least one is required for a ", RoleName(account.role()).data()));
  }
  return absl::OkStatus();
}

absl::Status CheckQueues(const v1::Account& account, const v1::GatewayConfig& config) {
  if (absl::Status status = CheckNames("account.queues", account.queues(), kAccountQueuesMax); !status.ok()) return status;
  for (const std::string& queue : account.queues()) {
    const bool known = std::any_of(config.centres().begin(), config.centres().end(), [&](const v1::CentreConfig& centre) {
      return Contains(account.centres(), centre.name()) && Contains(centre.queues(), queue);
    });
    if (!known) return Invalid("account.queues", "one is not a queue of the account's centres; see the gateway's configuration");
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status BoundOrDefault(std::string_view field, T value, T maximum, T otherwise, T* out) {
  if (value > maximum) return Invalid(field, absl::StrCat(value, ", at most ", maximum));
  *out = value == 0 ? otherwise : value;
  return absl::OkStatus();
}

absl::Status FillRates(v1::RecorderLimits* limits) {
  uint32_t open_calls = 0;
  uint32_t opens = 0;
  uint64_t call_bytes = 0;
  uint64_t day_bytes = 0;
  absl::Status status =
      BoundOrDefault("account.recorder.open_calls_max", limits->open_calls_max(), kOpenCallsMax, kOpenCallsDefault, &open_calls);
  status.Update(BoundOrDefault("account.recorder.opens_per_minute_max", limits->opens_per_minute_max(), kOpensPerMinuteMax,
                               kOpensPerMinuteDefault, &opens));
  status.Update(
      BoundOrDefault<uint64_t>("account.recorder.call_bytes_max", limits->call_bytes_max(), kCallBytesMax, kCallBytesDefault, &call_bytes));
  status.Update(
      BoundOrDefault<uint64_t>("account.recorder.day_bytes_max", limits->day_bytes_max(), kDayBytesMax, kDayBytesDefault, &day_bytes));
  limits->set_open_calls_max(open_calls);
  limits->set_opens_per_minute_max(opens);
  limits->set_call_bytes_max(call_bytes);
  limits->set_day_bytes_max(day_bytes);
  return status;
}

absl::Status CheckFormats(const v1::RecorderLimits& limits) {
  if (limits.formats().empty() || limits.formats_size() > kAccountFormatsMax) {
    return Invalid("account.recorder.formats", absl::StrCat(limits.formats_size(), " of them, must be 1 to ", kAccountFormatsMax));
  }
  for (const v1::AudioFormat& format : limits.formats()) {
    if (absl::Status status = CheckAudioFormat(format); !status.ok()) return Invalid("account.recorder.formats", status.ToString());
  }
  return absl::OkStatus();
}

absl::Status CheckRetention(const v1::RecorderLimits& limits, const v1::GatewayConfig& config) {
  const std::string_view field = "account.recorder.retention_classes";
  if (limits.retention_classes().empty()) return Invalid(field, "at least one is required");
  if (absl::Status status = CheckNames(field, limits.retention_classes(), kAccountRetentionClassesMax); !status.ok()) return status;
  for (const std::string& name : limits.retention_classes()) {
    const bool known = std::any_of(config.retention_classes().begin(), config.retention_classes().end(),
                                   [&](const auto& one) { return one.name() == name; });
    if (!known) return Invalid(field, "one is not a retention class of this gateway; see its configuration");
  }
  return absl::OkStatus();
}

absl::Status FillRecorder(const v1::GatewayConfig& config, v1::Account* account) {
  if (account->role() != v1::RECORDER) {
    if (!account->has_recorder() && account->queues().empty()) return absl::OkStatus();
    return Invalid("account.recorder", "limits and queues are for recorders only; leave them out");
  }
  if (absl::Status status = CheckQueues(*account, config); !status.ok()) return status;
  if (absl::Status status = CheckFormats(account->recorder()); !status.ok()) return status;
  if (absl::Status status = CheckRetention(account->recorder(), config); !status.ok()) return status;
  return FillRates(account->mutable_recorder());
}

absl::Status NormaliseAgent(v1::Account* account) {
  if (account->agent().empty()) return absl::OkStatus();
  absl::StatusOr<std::string> normalised = crypto::Normalise(crypto::IndexField::kAgent, account->agent());
  if (!normalised.ok()) return Invalid("account.agent", "must be 1 to 64 bytes of text without control characters");
  account->set_agent(*std::move(normalised));
  return absl::OkStatus();
}

}  // namespace

bool IsAccountName(std::string_view name) {
  const auto lower_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > kAccountNameBytesMax || !lower_or_digit(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return lower_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

std::string AccountUri(std::string_view trust_domain, std::string_view name) {
  return std::string("spiffe://").append(trust_domain).append("/account/").append(name);
}

absl::StatusOr<std::string> KeyToPin(std::string_view certificate_pem, std::string_view account_name, const v1::GatewayConfig& config,
                                     absl::Time now) {
  absl::StatusOr<crypto::Certificate> certificate = crypto::ParseCertificate(certificate_pem);
  if (!certificate.ok()) return Invalid("certificate_pem", "not a PEM certificate of at most 16 KiB");
  const std::string uri = AccountUri(config.trust_domain(), account_name);
  if (certificate->uris.size() != 1 || certificate->uris.front() != uri) {
    return Invalid("certificate_pem", absl::StrCat("its only URI must be ", uri, "; have one issued for this account"));
  }
  if (absl::ToUnixSeconds(now) >= certificate->not_after_unix_s) return Invalid("certificate_pem", "expired; have a new one issued");
  return certificate->spki_sha256;
}

absl::Status CheckText(std::string_view field, std::string_view text, size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return Invalid(field, absl::StrCat(text.size(), " bytes; must be 1 to ", bytes_max));
  const std::optional<std::u32string> code_points = crypto::DecodeUtf8(text);
  if (!code_points.has_value()) return Invalid(field, "not UTF-8");
  if (std::any_of(code_points->begin(), code_points->end(), crypto::IsControl))
    return Invalid(field, "contains control characters; leave them out");
  return absl::OkStatus();
}

absl::StatusOr<v1::Account> CheckedAccount(const v1::AddAccountRequest& request, const v1::GatewayConfig& config, absl::Time now) {
  v1::Account account = request.account();
  if (!IsAccountName(account.name())) {
    return Invalid("account.name", "must be 1 to 63 of a-z 0-9 . _ - and start with a letter or digit");
  }
  if (RoleName(account.role()).empty()) return Invalid("account.role", "required, one of those in admin.proto");
  if (absl::Status status = CheckOutputOnly(account); !status.ok()) return status;
  if (absl::Status status = CheckPerson(account); !status.ok()) return status;
  if (absl::Status status = NormaliseAgent(&account); !status.ok()) return status;
  if (absl::Status status = CheckScope(account); !status.ok()) return status;
  if (absl::Status status = CheckCentres(account, config); !status.ok()) return status;
  if (absl::Status status = FillRecorder(config, &account); !status.ok()) return status;
  absl::StatusOr<std::string> key = KeyToPin(request.certificate_pem(), account.name(), config, now);
  if (!key.ok()) return key.status();
  account.set_spki_sha256(*std::move(key));
  account.set_state(v1::Account::ACTIVE);
  account.set_created_unix_ms(absl::ToUnixMillis(now));
  return account;
}

}  // namespace otokura::access
