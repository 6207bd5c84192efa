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

std::optional<LedgerEvent> EventOf(const v1::AuditEntry& leaf, const audit::Particulars& particulars, const ContractChain& chain,
                                   const keys::SiteKeys& keys) {
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
  event.subjects.push_back(SubjectId(SubjectKind::kAccount, particulars.account, keys));
  if (!particulars.person.empty()) event.subjects.push_back(SubjectId(SubjectKind::kPerson, particulars.person, keys));
  if (!particulars.contract.empty()) {
    for (const std::string& contract : chain(particulars.contract)) {
      event.subjects.push_back(SubjectId(SubjectKind::kContract, contract, keys));
    }
  }
  if (!particulars.approver.empty()) event.subjects.push_back(SubjectId(SubjectKind::kApprover, particulars.approver, keys));
  if (!leaf.centre().empty()) event.subjects.push_back(SubjectId(SubjectKind::kCentre, leaf.centre(), keys));
  return event;
}

}  // namespace otokura::access
