#include "server/access/policy_loading.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "proto/policy/signed_policy.h"
#include "server/audit/commit_and_wait.h"

namespace otokura::access {
namespace {

Decision Deny(std::string_view rule, absl::Status refusal) { return {false, std::string(rule), std::move(refusal)}; }

absl::Status NobodySigns() {
  return absl::FailedPreconditionError(
      "policy: this site was initialised without policy_signers, so that nobody can sign a policy; the shipped one stays in force");
}

absl::Status NotGreater(uint64_t serial, uint64_t in_force) {
  return absl::FailedPreconditionError(absl::StrCat("policy: serial ", serial, " is not greater than ", in_force,
                                                    ", which is in force; give it a greater one and sign it again"));
}

}  // namespace

Decision PolicyLoading::Examine(const std::string& note, Change* change, std::string* sha256) const {
  if (note.size() > kPolicyNoteBytesMax) {
    return Deny("policy-document",
                absl::InvalidArgumentError(absl::StrCat("note: ", note.size(), " bytes; at most ", kPolicyNoteBytesMax)));
  }
  auto before = Read();
  if (!before.ok()) return Deny("policy-damaged", before.status());
  if (before->rules->signers().empty()) return Deny("policy-signatures", NobodySigns());
  auto verified = policy::CheckSignatures(note, before->rules->signers());
  if (!verified.ok()) return Deny("policy-signatures", verified.status());
  *sha256 = crypto::Sha256(verified->text);
  auto rules = policy::CompileNext(verified->text);
  if (!rules.ok()) return Deny("policy-document", rules.status());
  if ((*rules)->serial() <= before->rules->serial()) return Deny("policy-serial", NotGreater((*rules)->serial(), before->rules->serial()));
  if (absl::Status suits = parts_.suits_accounts ? parts_.suits_accounts(**rules) : absl::OkStatus(); !suits.ok())
    return Deny("duties-of-person", std::move(suits));
  *change = {*std::move(before), {std::nullopt, note, *std::move(rules), std::move(verified->signed_by)}};
  return {true, "allowed", absl::OkStatus()};
}

absl::Status PolicyLoading::Commit(const Change& change, std::unique_ptr<audit::Draft> entry) {
  storage::RecordCommit commit;
  commit.batch.may_use_reserve = true;  // it may be what puts an end to something
  ReplacePolicy(change.before, change.after.document, &commit.batch);
  commit.entries.push_back(std::move(entry));
  absl::Status committed = audit::CommitAndWait(parts_.committer, std::move(commit));
  if (absl::IsAborted(committed))
    return absl::FailedPreconditionError("policy: another one was loaded meanwhile; look at it and load again");
  if (absl::IsUnavailable(committed))
    return absl::UnavailableError("policy: the store failed and it is not known whether it was loaded; ask for the one in force");
  if (committed.ok()) parts_.policy->Replace(change.after.rules);
  return committed;
}

void PolicyLoading::Load(const Caller& caller, const std::string& note, Done done) {
  Ask ask;
  ask.action = Action::kLoadPolicy;
  // What nobody signed may be anything that somebody typed: its digest, by which one could guess at it, goes beside the leaf.
  ask.requested_id = absl::BytesToHexString(crypto::Sha256(policy::TextOf(note)));
  Change change;
  Decision decision = parts_.gate->DecideNow(caller, ask);
  absl::Status committed;
  if (decision.allowed) {
    absl::MutexLock lock(&mutex_);
    decision = Examine(note, &change, &ask.policy_sha256);
    if (decision.allowed) committed = Commit(change, DraftFor(caller, ask, decision));
  }
  if (!decision.allowed) return parts_.gate->Refuse(caller, ask, decision, done);
  if (!committed.ok()) return done(committed);
  done(std::move(change.after));
}

void PolicyLoading::Show(const Caller& caller, Done done) {
  Ask ask;
  ask.action = Action::kShowPolicy;
  auto stored = std::make_shared<absl::StatusOr<StoredPolicy>>(Read());
  parts_.gate->Note(caller, ask, [stored, done = std::move(done)](const absl::StatusOr<uint64_t>& sequence) {
    done(sequence.ok() ? *std::move(stored) : sequence.status());
  });
}

absl::Status PolicyLoading::Refresh() {
  absl::MutexLock lock(&mutex_);
  auto stored = Read();
  if (!stored.ok()) {
    parts_.policy->SetDamaged(stored.status());
  } else if (!parts_.policy->Intact().ok() || parts_.policy->Get()->sha256() != stored->rules->sha256()) {
    parts_.policy->Replace(std::move(stored->rules));
  }
  return stored.status();
}

}  // namespace otokura::access
