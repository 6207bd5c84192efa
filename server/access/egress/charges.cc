#include "server/access/egress/charges.h"

#include <utility>

#include "server/access/egress/budgets.h"
#include "server/access/gate.h"

namespace otokura::access {
namespace {

bool IsOfRows(Action action) {
  return action == Action::kSearch || action == Action::kSearchPersonal || action == Action::kShow || action == Action::kShowPersonal;
}

void AddAll(const std::vector<std::string>& pseudonyms, google::protobuf::RepeatedPtrField<std::string>* field) {
  for (const std::string& pseudonym : pseudonyms) field->Add(std::string(pseudonym));
}

// What the entry says was reserved.
absl::Status SayWanted(const Ask& ask, v1::AuditEntry* leaf) {
  if (TakesAudio(ask)) leaf->set_reserved_bytes(ask.audio_bytes);
  if (IsOfRows(ask.action)) leaf->set_reserved_rows(ask.rows);
  if (ask.action == Action::kSearchPersonal) AddAll(ask.term_pseudonyms, leaf->mutable_term_pseudonyms());
  if (!TakesAudio(ask) && ask.action != Action::kShowPersonal) return absl::OkStatus();
  if (!ask.caller_pseudonyms) return absl::InternalError("gate: a release of a recording that does not say whose call it was");
  absl::StatusOr<std::vector<std::string>> callers = ask.caller_pseudonyms();
  if (!callers.ok()) return callers.status();
  AddAll(*callers, leaf->mutable_caller_pseudonyms());
  return absl::OkStatus();
}

}  // namespace

std::vector<BudgetSubject> Charges::SubjectsOf(const ChargedDraft& draft, v1::Role role) const {
  return SubjectsOfRelease(budgets_, *keys_, draft.particulars, draft.leaf, role, draft.approver_role);
}

absl::Status Charges::Reserve(const Caller& caller, const Ask& ask, ChargedDraft* draft, BudgetRefusal* refusal) {
  if (!TakesAudio(ask) && !IsOfRows(ask.action)) return absl::OkStatus();
  v1::AuditEntry& leaf = draft->leaf;
  if (absl::Status said = SayWanted(ask, &leaf); !said.ok()) return said;
  const std::vector<BudgetSubject> subjects = SubjectsOf(*draft, caller.account().role());
  absl::StatusOr<Reserved> reserved = guard_->Reserve(subjects, {leaf.reserved_bytes(), leaf.reserved_rows(), TermsOf(leaf)}, refusal);
  if (!reserved.ok()) return reserved.status();
  leaf.set_window_time_unix_us(absl::ToUnixMicros(reserved->window_time));
  std::vector<std::string> charged;
  for (const BudgetSubject& subject : subjects) charged.push_back(subject.id);
  draft->event = EventOf(leaf, std::move(charged));
  draft->reservation = reserved->number;
  return absl::OkStatus();
}

void Charges::Stored(uint64_t sequence, const v1::AuditEntry& leaf, const std::string& approver) {
  if (leaf.window_time_unix_us() == 0) return;
  absl::MutexLock lock(&mutex_);
  if (open_.size() == kOpenReleasesMax) return;
  open_[sequence] = {
      leaf.reserved_bytes(), leaf.reserved_rows(), leaf.window_time_unix_us(), leaf.centre(), leaf.grant_id(), leaf.export_id(), approver};
}

void Charges::Settle(uint64_t of_sequence, ChargedDraft* draft) {
  OpenRelease open;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = open_.find(of_sequence);
    if (found == open_.end()) return;
    open = std::move(found->second);
    open_.erase(found);
  }
  v1::AuditEntry& leaf = draft->leaf;
  leaf.set_reserved_bytes(open.bytes);
  leaf.set_reserved_rows(open.rows);
  leaf.set_window_time_unix_us(open.window_time_unix_us);
  leaf.set_centre(open.centre);
  leaf.set_grant_id(open.grant_id);
  leaf.set_export_id(open.export_id);
  draft->particulars.approver = open.approver;
  draft->event = EventOf(leaf, draft->particulars, budgets_.chain, *keys_);
}

}  // namespace otokura::access
