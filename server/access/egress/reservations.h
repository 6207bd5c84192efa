// What was allowed to leave and has no durable entry yet: counted on top of the ledger, so that a budget holds however many ask at once.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_RESERVATIONS_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_RESERVATIONS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/access/egress/ledger_book.h"
#include "server/access/egress/usage.h"

namespace otokura::access {

// The windows in which a term is new to a subject: bit i for kWindows[i].
using WindowSet = uint8_t;

// Not thread-safe.
class Reservations {
 public:
  struct Share {  // of one subject
    std::string subject;
    uint64_t audio_bytes = 0;
    uint64_t rows = 0;
    std::vector<std::pair<TermKey, WindowSet>> terms{};  // each with the windows in which the ledger does not have it yet
  };

  // Returns its number, never 0.
  uint64_t Add(std::vector<Share> shares);
  // Nothing where there is no such one.
  void Remove(uint64_t number);

  Amounts In(v1::Window window, const std::string& subject) const;
  // Somebody's reservation counts this term already.
  bool Holds(const std::string& subject, const TermKey& term) const;
  size_t size() const { return by_number_.size(); }

 private:
  struct Held {
    int holders = 0;
    WindowSet counted = 0;
  };
  struct OfSubject {
    int reservations = 0;
    std::array<Amounts, kWindows.size()> amounts{};
    absl::flat_hash_map<TermKey, Held> terms;
  };
  void Count(const Share& share);
  void Discount(const Share& share);

  uint64_t next_number_ = 1;
  absl::flat_hash_map<uint64_t, std::vector<Share>> by_number_;
  absl::flat_hash_map<std::string, OfSubject> by_subject_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_RESERVATIONS_H_
