// The ledger's arithmetic: what events do to what was counted before. The same for the rows that are kept and for those made again from the
// log, so that the two are equal to the byte.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_BOOK_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_BOOK_H_

#include <compare>
#include <map>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/access/egress/ledger_event.h"
#include "server/access/egress/usage.h"

namespace otokura::access {

// Nothing of longer ago counts in any window.
absl::Duration LongestCounted();

// When each subject last met a term. Ordered, because it is stored.
using Seen = std::map<std::string, absl::Time>;

struct TermKey {
  Measure measure;
  std::string value;
  auto operator<=>(const TermKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const TermKey& key) {
    return H::combine(std::move(state), key.measure, key.value);
  }
};

// A row of the ledger.
struct SlotKey {
  std::string subject;
  WindowSlot slot;
  auto operator<=>(const SlotKey&) const = default;
};

// What changed.
struct Touched {
  std::set<SlotKey> slots;
  std::set<TermKey> terms;
};

// Not thread-safe. An event needs the usage of its subjects, and what is seen of its terms, to be there, else they are taken to be empty.
struct LedgerBook {
  absl::flat_hash_map<std::string, Usage> usages;  // by subject
  absl::flat_hash_map<TermKey, Seen> seen;

  void Apply(const LedgerEvent& event, Touched* touched);
};

// The keys of what is seen of this term: under this year's pseudonym, and the one before it.
TermKey KeyOf(const Term& term);
TermKey KeyBefore(const Term& term);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_LEDGER_BOOK_H_
