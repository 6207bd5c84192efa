#include "server/rpc/audit_queries.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/access/account_checks.h"
#include "server/access/gate.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {
namespace {

using audit::IndexField;

constexpr size_t kPageTokenBytesMax = 256;
constexpr int64_t kUnixMsMax = std::numeric_limits<int64_t>::max() / 1000;  // so that microseconds fit

// Where the next page begins, and the tree that the first one was read from.
struct Position {
  uint64_t before = 0;
  audit::Head tree;
};

std::string ToToken(const std::string& scope, const Position& position, const keys::SiteKeys& keys) {
  return keys.PageToken(scope,
                        absl::StrCat(position.before, "|", position.tree.tree_size, "|", absl::BytesToHexString(position.tree.root)));
}

absl::StatusOr<Position> ParseToken(const std::string& scope, const std::string& token, const keys::SiteKeys& keys) {
  if (token.size() > kPageTokenBytesMax)
    return absl::InvalidArgumentError("page_token is over 256 bytes; pass on next_page_token as it is");
  auto opened = keys.OpenPageToken(scope, token);
  if (!opened.ok()) return opened.status();
  const std::vector<std::string> parts = absl::StrSplit(*opened, '|');
  Position position;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &position.before) || !absl::SimpleAtoi(parts[1], &position.tree.tree_size) ||
      position.before == 0) {
    return absl::InvalidArgumentError("page_token is not one of this listing");
  }
  position.tree.root = absl::HexStringToBytes(parts[2]);
  return position;
}

// What a page token is good for. The page size is not part of it: a client may ask for the rest in larger pieces.
std::string TokenScope(const v1::ListAuditRequest& request) { return "audit-list|" + request.query().SerializeAsString(); }

std::string TokenScope(v1::CountAuditRequest request) {
  request.clear_page_token();
  return "audit-count|" + request.SerializeAsString();
}

absl::Status CheckTimes(const v1::AuditQuery& query) {
  for (const int64_t time : {query.from_unix_ms(), query.to_unix_ms()}) {
    if (time < 0 || time > kUnixMsMax)
      return absl::InvalidArgumentError("query.from_unix_ms and to_unix_ms must be milliseconds since 1970, or 0 for no bound");
  }
  if (query.to_unix_ms() != 0 && query.to_unix_ms() <= query.from_unix_ms()) {
    return absl::InvalidArgumentError("query.to_unix_ms must be later than from_unix_ms, or 0 for no bound");
  }
  return absl::OkStatus();
}

// Collects conditions and writes them down for the log.
class Conditions {
 public:
  absl::Status AddText(IndexField field, const char* name, const std::string& text, size_t bytes_max) {
    if (text.empty()) return absl::OkStatus();
    if (absl::Status status = access::CheckText(absl::StrCat("query.", name), text, bytes_max); !status.ok()) return status;
    Add({field, text}, name, text);
    return absl::OkStatus();
  }
  absl::Status AddRecording(const std::string& id) {
    if (id.empty()) return absl::OkStatus();
    auto recording = storage::RecordingId::Parse(id);
    if (!recording.ok())
      return absl::InvalidArgumentError("query.recording_id must be the 36 characters of a recording id, lower case with hyphens");
    Add({IndexField::kRecording, std::string(recording->bytes())}, "recording", id);
    return absl::OkStatus();
  }
  absl::Status AddAction(v1::AuditAction action) {
    if (action == v1::AUDIT_ACTION_UNSPECIFIED) return absl::OkStatus();
    if (!v1::AuditAction_IsValid(action)) return absl::InvalidArgumentError("query.action: not one that this gateway logs");
    Add(audit::ActionIs(action), "action", v1::AuditAction_Name(action));
    return absl::OkStatus();
  }
  absl::Status AddDecision(v1::AuditDecision decision) {
    if (decision == v1::AUDIT_DECISION_UNSPECIFIED) return absl::OkStatus();
    if (!v1::AuditDecision_IsValid(decision)) return absl::InvalidArgumentError("query.decision must be ALLOWED, DENIED or NOTED");
    Add(audit::DecisionIs(decision), "decision", v1::AuditDecision_Name(decision));
    return absl::OkStatus();
  }
  void AddTime(const char* name, int64_t unix_ms) {
    if (unix_ms != 0) Describe(name, absl::StrCat(unix_ms));
  }
  std::vector<audit::Condition> conditions;
  std::string description;

 private:
  void Add(audit::Condition condition, const char* name, const std::string& text) {
    conditions.push_back(std::move(condition));
    Describe(name, text);
  }
  void Describe(const char* name, const std::string& text) {
    absl::StrAppend(&description, description.empty() ? "" : " ", name, "=", text);
  }
};

absl::Status Collect(const v1::AuditQuery& query, Conditions* into) {
  absl::Status status = into->AddRecording(query.recording_id());
  status.Update(into->AddText(IndexField::kAccount, "account", query.account(), access::kAccountNameBytesMax));
  status.Update(into->AddText(IndexField::kCompany, "company", query.company(), access::kNameBytesMax));
  status.Update(into->AddText(IndexField::kContract, "contract", query.contract(), access::kAccountNameBytesMax));
  status.Update(into->AddAction(query.action()));
  status.Update(into->AddDecision(query.decision()));
  status.Update(into->AddText(IndexField::kPurpose, "purpose", query.purpose(), access::kPurposeBytesMax));
  status.Update(into->AddText(IndexField::kReference, "reference", query.reference(), access::kReferenceBytesMax));
  into->AddTime("from", query.from_unix_ms());
  into->AddTime("to", query.to_unix_ms());
  return status;
}

absl::Status CheckDescription(const std::string& description) {
  if (description.size() <= audit::kCommittedValueBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("query: ", description.size(), " bytes when written out, at most ",
                                                 audit::kCommittedValueBytesMax, "; ask for less at once"));
}

absl::StatusOr<IndexField> ParseField(int field) {
  if (field != v1::AUDIT_FIELD_UNSPECIFIED && v1::AuditField_IsValid(field)) return static_cast<IndexField>(field);
  return absl::InvalidArgumentError("by: not a field that this gateway counts by");
}

// Sets `by` and writes it down for the log.
absl::Status CollectFields(const v1::CountAuditRequest& request, Count* count) {
  if (request.by_size() > static_cast<int>(audit::Counting::kFieldsMax)) {
    return absl::InvalidArgumentError(absl::StrCat("by: at most ", audit::Counting::kFieldsMax, " fields"));
  }
  std::string& description = count->asked.description;
  for (const int number : request.by()) {
    auto field = ParseField(number);
    if (!field.ok()) return field.status();
    if (std::find(count->by.begin(), count->by.end(), *field) != count->by.end()) return absl::InvalidArgumentError("by: each field once");
    count->by.push_back(*field);
    absl::StrAppend(&description, description.empty() ? "" : " ", "by=", v1::AuditField_Name(number));
  }
  return CheckDescription(description);
}

}  // namespace

absl::StatusOr<ParsedQuery> ParseQuery(const v1::AuditQuery& query) {
  if (absl::Status times = CheckTimes(query); !times.ok()) return times;
  Conditions conditions;
  if (absl::Status status = Collect(query, &conditions); !status.ok()) return status;
  if (absl::Status status = CheckDescription(conditions.description); !status.ok()) return status;
  ParsedQuery parsed;
  parsed.query.conditions = std::move(conditions.conditions);
  parsed.query.from_unix_us = query.from_unix_ms() * 1000;
  parsed.query.to_unix_us = query.to_unix_ms() * 1000;
  parsed.description = std::move(conditions.description);
  return parsed;
}

absl::StatusOr<Listing> ParseListing(const v1::ListAuditRequest& request, const keys::SiteKeys& keys) {
  auto asked = ParseQuery(request.query());
  if (!asked.ok()) return asked.status();
  if (request.page_size() > kAuditPageRowsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size ", request.page_size(), " is over ", kAuditPageRowsMax, "; ask for less at a time"));
  }
  Listing listing{.asked = *std::move(asked), .sequence = {}, .tree = {}};
  if (request.page_size() != 0) listing.limit = request.page_size();
  if (request.has_sequence()) {
    if (!listing.asked.description.empty() || !request.page_token().empty())
      return absl::InvalidArgumentError("sequence: one entry by its number takes neither query nor page_token");
    listing.sequence = request.sequence();
    listing.asked.description = absl::StrCat("entry=", request.sequence());
  }
  if (request.page_token().empty()) return listing;
  auto position = ParseToken(TokenScope(request), request.page_token(), keys);
  if (!position.ok()) return position.status();
  listing.asked.query.before = position->before;
  listing.tree = std::move(position->tree);
  return listing;
}

v1::ListedEntry ToMessage(audit::Listed listed) {
  v1::ListedEntry entry;
  entry.set_leaf(std::move(listed.leaf));
  if (listed.details.has_value()) *entry.mutable_details() = *std::move(listed.details);
  return entry;
}

v1::ListAuditResponse FormatListing(const v1::ListAuditRequest& request, audit::Page page, const audit::Head& tree,
                                    const keys::SiteKeys& keys) {
  v1::ListAuditResponse response;
  response.set_tree_size(tree.tree_size);
  response.set_root_sha256(tree.root);
  uint64_t next_before = page.next_before;
  size_t bytes = 0;
  for (audit::Listed& listed : page.entries) {
    const uint64_t sequence = listed.sequence;
    v1::ListedEntry entry = ToMessage(std::move(listed));
    bytes += entry.ByteSizeLong();
    if (bytes > kListingBytesMax && response.entries_size() > 0) {
      next_before = sequence + 1;
      break;
    }
    *response.add_entries() = std::move(entry);
  }
  if (next_before != 0) response.set_next_page_token(ToToken(TokenScope(request), {next_before, tree}, keys));
  return response;
}

absl::StatusOr<Count> ParseCount(const v1::CountAuditRequest& request, const keys::SiteKeys& keys) {
  auto asked = ParseQuery(request.query());
  if (!asked.ok()) return asked.status();
  Count count{.asked = *std::move(asked), .by = {}, .tree = {}};
  if (absl::Status status = CollectFields(request, &count); !status.ok()) return status;
  if (!v1::AuditPeriod_IsValid(request.per())) return absl::InvalidArgumentError("per: must be all time, hour or day");
  count.per = static_cast<audit::Counting::Per>(request.per());
  if (request.page_token().empty()) return count;
  auto position = ParseToken(TokenScope(request), request.page_token(), keys);
  if (!position.ok()) return position.status();
  count.asked.query.before = position->before;
  count.tree = std::move(position->tree);
  return count;
}

v1::CountAuditResponse FormatCount(const v1::CountAuditRequest& request, const Count& count, const audit::Counting& counted,
                                   const audit::Head& tree, const keys::SiteKeys& keys) {
  v1::CountAuditResponse response;
  response.set_tree_size(tree.tree_size);
  response.set_root_sha256(tree.root);
  for (const auto& [group, sum] : counted.groups()) {
    v1::CountedGroup* const line = response.add_groups();
    line->set_start_unix_ms(group.start_unix_us / 1000);
    for (size_t i = 0; i < count.by.size(); ++i) line->add_values(audit::IndexValueText(count.by[i], group.values[i]));
    line->set_entries(sum.entries);
    line->set_times(sum.times);
    line->set_delivered_bytes(sum.delivered_bytes);
  }
  if (counted.next_before() != 0) response.set_next_page_token(ToToken(TokenScope(request), {counted.next_before(), tree}, keys));
  return response;
}

}  // namespace otokura::rpc
