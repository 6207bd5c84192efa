// What an entry of the log does to the egress ledger. The ledger is the sum of these, in the order of the log, and of nothing else: so it
// can be made again from the log (DESIGN §8).
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_EVENT_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_EVENT_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "otokura/v1/audit.pb.h"
#include "server/access/egress/usage.h"
#include "server/audit/log.h"
#include "server/keys/site_keys.h"

namespace otokura::access {

enum class SubjectKind : uint8_t {
  kAccount = 1,
  kPerson = 2,
  kContract = 3,
  kCentre = 4,
  kApprover = 5,
  kExporter = 6,
  kExportApprover = 7
};  // stored
std::string_view SubjectKindName(SubjectKind kind);

// 16 bytes, a keyed hash: the ledger's rows name nobody.
std::string SubjectId(SubjectKind kind, std::string_view name, const keys::SiteKeys& keys);

// Something that is counted once in a window however often it is met.
struct Term {
  Measure measure;       // kRecordings, kCallers or kSearchTerms
  std::string value;     // 16 bytes: a recording's id, a pseudonym
  std::string before{};  // the same under the pseudonym key of the year before; empty where there is none
};

struct LedgerEvent {
  absl::Time at;  // window time: of the charge, also where this gives back what it took
  std::vector<std::string> subjects;
  bool gives_back = false;   // else it takes
  uint64_t audio_bytes = 0;  // taken or given back
  uint64_t rows = 0;
  std::vector<Term> terms{};  // a charge's
};

// The contract and those above it, nearest first.
using ContractChain = std::function<std::vector<std::string>(std::string_view contract)>;

// Of a leaf that charges.
std::vector<Term> TermsOf(const v1::AuditEntry& leaf);
// Nothing where the entry charges nobody. `subjects`: whom it charges.
std::optional<LedgerEvent> EventOf(const v1::AuditEntry& leaf, std::vector<std::string> subjects);
std::optional<LedgerEvent> EventOf(const v1::AuditEntry& leaf, const audit::Particulars& particulars, const ContractChain& chain,
                                   const keys::SiteKeys& keys);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_EVENT_H_
