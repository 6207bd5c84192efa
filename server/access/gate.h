// Where a request is allowed or denied, and where permits come from (DESIGN §4 "A call is heard", I2, I6).
#ifndef OTOKURA_SERVER_ACCESS_GATE_H_
#define OTOKURA_SERVER_ACCESS_GATE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/access.pb.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/recording.pb.h"
#include "server/access/caller.h"
#include "server/access/egress/budget_refusal.h"
#include "server/access/egress/charges.h"
#include "server/access/gate_watch.h"
#include "server/access/grant.h"
#include "server/access/log_ceilings.h"
#include "server/access/policy_in_force.h"
#include "server/access/refusal_floods.h"
#include "server/access/roles.h"
#include "server/audit/log.h"
#include "server/audit/refusal_history.h"
#include "server/keys/release_permit.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"

namespace otokura::access {

class Cases;
class ExportStanding;

inline constexpr size_t kReferenceBytesMax = 128;
inline constexpr size_t kPurposeBytesMax = 32;

// The facts about a recording that a decision needs.
struct Resource {
  storage::RecordingId id;
  std::string centre;
  bool own = false;      // its agent is the caller's agent
  absl::Time came_in{};  // when the call was opened
};

// What somebody asks for.
struct Ask {
  Action action = Action::kShow;
  std::optional<Resource> resource;      // absent: there is no such recording (answers as out of scope)
  std::string requested_id;              // as asked, for the details of a refusal
  std::vector<std::string> concerned;    // a change that takes a second person: the ids of those who cannot be it
  std::vector<v1::Role> person_roles{};  // kAddAccount, kConfirmAccount, kRestoreAccount: all that the person would have, over its accounts
  std::vector<std::string> contract_tree{};  // kApproveGrant: the ids of all who work for a company of the requester's contract tree
  std::string grant_id{};                    // 16 bytes: the grant that there is, of what is asked about one
  std::string export_id{};                   // likewise, of exports
  bool withdraws = false;                    // kRevokeGrant, kRevokeExport: it is the caller's, who may end it by the right to request one
  bool declines = false;                     // kApproveGrant, kApproveExport: says no
  // kRequestExport, logged as EXPORT: under which the recording is taken. Null: there is none that is the caller's.
  std::shared_ptr<const ExportStanding> taken_under{};
  v1::Justification justification;
  uint64_t offset = 0;  // LISTEN, DOWNLOAD
  uint64_t length = 0;
  // What budgets are to be charged for, if it is allowed.
  uint64_t audio_bytes = 0;  // LISTEN, DOWNLOAD, EXPORT: what of the recording lies in the range asked for
  uint32_t rows = 0;         // the searches and SHOW: recordings shown at most
  std::function<absl::StatusOr<std::vector<std::string>>()> caller_pseudonyms{};    // of the recording's caller; asked once it is allowed
  std::vector<std::string> term_pseudonyms{};                                       // kSearchPersonal
  std::function<absl::StatusOr<std::vector<std::string>>()> personal_pseudonyms{};  // all that a case may name the recording by
  bool own_term = false;                                                            // kSearchPersonal: by the caller's own agent
  v1::PersonalField term = v1::PERSONAL_FIELD_UNSPECIFIED;                          // kSearchPersonal: what is searched by
  std::string policy_sha256;                                                        // kLoadPolicy: of a text that its signers signed
  // The policy that this was prepared under, where something was: the decision must be under the same. Null: the one in force.
  std::shared_ptr<const Rules> rules{};
  v1::AuditAction logged_as = v1::AUDIT_ACTION_UNSPECIFIED;  // where one right covers several actions of the log: which of them this is
};

struct Decision {
  bool allowed = false;
  std::string rule;       // a fixed word: "role", "purpose", "reference", "field", "scope-or-absent", "own-account", "same-person",
                          // "duties-of-person", "contract-tree", those of Caller::AdmissionAt, "log-unproven", "policy-damaged", "budget",
                          // "ledger", "case", "own-case", "export-state", "recipient", "allowed"; recording: "centre", "queue",
                          // "retention-class", "format"; loading a policy: "policy-document", "policy-signatures", "policy-serial"
  absl::Status refusal;   // what the caller is told; OK when allowed
  std::string purpose{};  // as stated, where it is a word of the policy: what the log may hold in clear
  std::shared_ptr<const Grant> grant{};   // under which it is allowed; null: it needed none
  std::optional<BudgetRefusal> budget{};  // rule "budget"
};

// Whether it takes a recording's audio out: listening, downloading, and what is taken under an export.
bool TakesAudio(const Ask& ask);
// The answer for a recording, or an export, that is not there and for one out of reach alike (I6).
Decision DenyScopeOrAbsent();

// The scope in which this caller may do it: the role's, narrowed by the account. SCOPE_UNSPECIFIED: not at all.
v1::Scope EffectiveScope(const Rules& rules, const Caller& caller, Action action);
// Pure: the whole decision for one ask. `grant` is the newest of the caller's person; null: it never had one.
Decision Decide(const Rules& rules, const Caller& caller, const Ask& ask, absl::Time now,
                const std::shared_ptr<const Grant>& grant = nullptr);
// Whether a recording lies in that scope of the caller.
bool InScope(const Caller& caller, v1::Scope scope, const Resource& resource);

struct RecordAsk {
  std::string_view centre;
  std::string_view queue;
  std::string_view retention_class;  // empty takes the first
  v1::AudioFormat format;
};
// Pure: whether this recorder may open this call.
Decision DecideRecord(const Rules& rules, const Caller& caller, const RecordAsk& ask, absl::Time now);

// Thread-safe. Borrowed parts must outlive it, the committer also its callbacks; `done` runs on the committer's thread, or before the call
// returns, and must only hand over.
//
// Every refusal is an entry, durable before it is told; of a flood of them (refusal_floods.h) the first few are, and the others are counted
// into summaries. Somebody refused too often is told to wait (RESOURCE_EXHAUSTED with the time) instead of why. Whatever is allowed is
// never held up by this.
class Gate {
 public:
  // `may_release`, where given, is asked before anything of a recording is released, searches included: while it says no, or the policy is
  // damaged, the refusal is logged and given to the caller. Recording, accounts and whatever reads the log, which is how one finds out why,
  // go on (I11). `charges`, where given, is borrowed: nothing is released beyond its budgets. `grants`, where given, is borrowed: without
  // it no contractor hears anything.
  Gate(storage::Committer* committer, runtime::Clock* clock, const PolicyInForce* policy, const RefusalLimits& limits = {},
       std::function<absl::Status()> may_release = nullptr, Charges* charges = nullptr, const GrantsInForce* grants = nullptr);
  ~Gate();

  // Borrowed; before the first request. Without it no purpose is ever served by a case.
  void HoldToCases(const Cases* cases) { cases_ = cases; }
  // Borrowed; before the first request.
  void TellOfDecisions(GateWatch* watch) { watch_ = watch; }

  // The decision as it is now, of which nothing is logged yet: for whoever commits the entry with a change of its own, or refuses.
  Decision DecideNow(const Caller& caller, const Ask& ask) const;
  // Logs or counts the refusal, then gives it to `told`, or what is to be told in its place.
  void Refuse(const Caller& caller, const Ask& ask, const Decision& decision, std::function<void(absl::Status)> told);
  // Tells the watch of what was decided; only for whoever then commits the entry that says so itself, and calls what this gives, if
  // anything.
  GateWatch::Logged Tell(const Caller& caller, const Ask& ask, const Decision& decision) const;
  // Whether what was allowed is allowed still, under the policy in force now: asked before every message of a stream, so that a suspension,
  // a revocation, a right taken away or a log that is not proven cuts it.
  absl::Status StillAllows(const Caller& caller, const Ask& ask) const;
  // The policy in force.
  std::shared_ptr<const Rules> rules() const { return policy_->Get(); }

  // Decides, makes the entry durable, then gives the permit, or the refusal. UNAVAILABLE where the entry cannot be written: nothing leaves.
  // For kShow, kShowPersonal → Released::kMetadata; kListen, kDownload, and kRequestExport where something is taken → kAudio; kListAudit,
  // kCountAudit, kFollowAudit, kExportAudit, kListIncidents → kAuditDetails.
  void Release(const Caller& caller, Ask ask, std::function<void(absl::StatusOr<keys::ReleasePermit>)> done);
  // Searches, proofs, receipts, account and key actions: an entry without a permit. Gives the entry's sequence.
  void Note(const Caller& caller, const Ask& ask, std::function<void(absl::StatusOr<uint64_t>)> done);

  // Changes that commit their own entry: gives it where the change is allowed. Otherwise gives null, and the refusal to `refused` once it
  // is logged.
  std::unique_ptr<audit::Draft> Permit(const Caller& caller, const Ask& ask, std::function<void(absl::Status)> refused);

  // How a release ended; closes the entry `of_sequence`. Best effort is not enough: when it cannot be written, `done` says so and the
  // caller reports health.
  struct Delivered {
    uint64_t of_sequence = 0;
    storage::RecordingId recording;  // all zero: none
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint32_t rows = 0;
    std::string outcome;          // gRPC code name
    std::string object_sha256{};  // EXPORT: of the sealed object, where all of it was handed over
    storage::Batch with_it{};     // committed in the same write
  };
  void Close(const Caller& caller, Delivered delivered, std::function<void(absl::Status)> done);

  // A refusal that never reached a decision (unknown account, recorder refused).
  void Refused(v1::AuditAction action, std::string_view rule, std::string_view role, audit::Particulars particulars);
  // So many of them, of which nothing more is known; they are in the minute's summary.
  void RefusedUnseen(v1::AuditAction action, std::string_view rule, uint32_t count);

  // Before the first request: goes on from what refusals have taken of the log today, as though there had been no restart. Stops where all
  // allowance is used up, so it reads no more entries than that holds. After an error something is missing of it.
  absl::Status TakeUpCeilings(const audit::RefusalHistory& history);

  // Writes the summaries of minutes that have ended; called about once a minute, so that the end of a flood shows too.
  void SummariseRefusals();

  // Whether anything of recordings may be released now.
  absl::Status MayRelease() const;

 private:
  using Allowed = std::function<void(absl::StatusOr<uint64_t> sequence)>;

  enum class Asked : uint8_t { kFirst, kAgain };  // the latter of what was allowed, and may have ended since
  Decision DecideUnder(const Rules& rules, const Caller& caller, const Ask& ask, Asked asked) const;
  Decision JudgeReason(const Rules& rules, const Caller& caller, const Ask& ask, Asked asked) const;
  // Decides, charges and logs; gives the entry's sequence once it is durable, or the refusal.
  void Allow(const Caller& caller, const Ask& ask, Allowed done);
  using Written = std::function<void(const absl::Status& status, std::optional<uint64_t> sequence)>;
  void Log(std::unique_ptr<audit::Draft> draft, RefusalFloods::Summary counted_otherwise, Written written);
  void WriteSummary(RefusalFloods::Summary summary);

  storage::Committer* const committer_;
  runtime::Clock* const clock_;
  const PolicyInForce* const policy_;
  const std::function<absl::Status()> may_release_;
  Charges* const charges_;
  const GrantsInForce* const grants_;
  const Cases* cases_ = nullptr;
  GateWatch* watch_ = nullptr;
  const std::shared_ptr<RefusalFloods> floods_;  // shared with the callbacks of commits, which may come after the gate is gone
};

// The entry for an ask and its decision, without a place in the log yet.
std::unique_ptr<ChargedDraft> DraftFor(const Caller& caller, const Ask& ask, const Decision& decision);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GATE_H_
