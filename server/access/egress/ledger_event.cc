#include "server/access/egress/ledger_event.h"

#include <algorithm>

namespace otokura::access {
namespace {

using Pseudonyms = google::protobuf::RepeatedPtrField<std::string>;

void AddPseudonyms(Measure measure, const Pseudonyms& pseudonyms, std::vector<Term>* terms) {
  if (pseudonyms.empty()) return;
  terms->push_back({measure, pseudonyms[0], pseudonyms.size() > 1 ? pseudonyms[1] : ""});
}

}  // namespace

std::string_view SubjectKindName(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::kAccount:
      return "account";
    case SubjectKind::kPerson:
      return "person";
    case SubjectKind::kContract:
      return "contract";
    case SubjectKind::kCentre:
      return "centre";
    case SubjectKind::kApprover:
      return "approver";
    case SubjectKind::kExporter:
      return "exporter";
    case SubjectKind::kExportApprover:
      return "export-approver";
  }
  return "";
}

std::string SubjectId(SubjectKind kind, std::string_view name, const keys::SiteKeys& keys) {
  return keys.LedgerTag(static_cast<uint8_t>(kind), name);
}

std::vector<Term> TermsOf(const v1::AuditEntry& leaf) {
  std::vector<Term> terms;
  // A recording counts as met where its caller's person came near: heard, downloaded, or shown with personal metadata.
  if (!leaf.caller_pseudonyms().empty()) terms.push_back({Measure::kRecordings, leaf.recording_id()});
  AddPseudonyms(Measure::kCallers, leaf.caller_pseudonyms(), &terms);
  AddPseudonyms(Measure::kSearchTerms, leaf.term_pseudonyms(), &terms);
  return terms;
}

namespace {

// Exports use no other budget but the centre's.
std::vector<std::string> SubjectsOf(const v1::AuditEntry& leaf, const audit::Particulars& who, const ContractChain& chain,
                                    const keys::SiteKeys& keys) {
  const bool is_export = !leaf.export_id().empty();
  std::vector<std::string> subjects;
  const auto add = [&](SubjectKind kind, std::string_view name) {
    if (!name.empty()) subjects.push_back(SubjectId(kind, name, keys));
  };
  if (!is_export) add(SubjectKind::kAccount, who.account);
  add(is_export ? SubjectKind::kExporter : SubjectKind::kPerson, who.person);
  if (!is_export && !who.contract.empty()) {
    for (const std::string& contract : chain(who.contract)) add(SubjectKind::kContract, contract);
  }
  add(is_export ? SubjectKind::kExportApprover : SubjectKind::kApprover, who.approver);
  add(SubjectKind::kCentre, leaf.centre());
  return subjects;
}

}  // namespace

std::optional<LedgerEvent> EventOf(const v1::AuditEntry& leaf, const audit::Particulars& particulars, const ContractChain& chain,
                                   const keys::SiteKeys& keys) {
  if (leaf.window_time_unix_us() == 0) return std::nullopt;
  return EventOf(leaf, SubjectsOf(leaf, particulars, chain, keys));
}

std::optional<LedgerEvent> EventOf(const v1::AuditEntry& leaf, std::vector<std::string> subjects) {
  if (leaf.window_time_unix_us() == 0) return std::nullopt;
  LedgerEvent event;
  event.at = absl::FromUnixMicros(leaf.window_time_unix_us());
  event.gives_back = leaf.action() == v1::DELIVERED;
  event.audio_bytes = leaf.reserved_bytes();
  event.rows = leaf.reserved_rows();
  if (event.gives_back) {
    event.audio_bytes -= std::min(event.audio_bytes, leaf.delivered_bytes());
    event.rows -= std::min<uint64_t>(event.rows, leaf.rows());
  } else {
    event.terms = TermsOf(leaf);
  }
  event.subjects = std::move(subjects);
  return event;
}

}  // namespace otokura::access
