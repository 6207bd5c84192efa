// Whether what is wanted fits into a budget: one arithmetic for the guard, which decides, and for a rehearsal, which tells how it would.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_FIT_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_FIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "otokura/v1/policy.pb.h"
#include "server/access/egress/ledger_book.h"
#include "server/access/egress/reservations.h"
#include "server/access/egress/usage.h"

namespace otokura::access {

// When the subject met a term last, of what each `seen` of it says.
void TakeLater(const Seen& seen, const std::string& subject, std::optional<absl::Time>* met);
// In which windows a term last met then is new.
WindowSet NewSince(const std::optional<absl::Time>& met, absl::Time now);

// A budget that does not hold what is asked for.
struct Excess {
  v1::Window window;
  Measure measure;
  uint64_t limit;
  uint64_t beyond;  // so much less would fit
  bool in_flight;   // it would fit but for what is reserved
};
// The first in the order of the budgets. `reserved`: of the subject in that window, on top of what is counted.
std::optional<Excess> FirstExcess(const std::vector<v1::Budget>& budgets, const Usage& counted,
                                  absl::FunctionRef<Amounts(v1::Window)> reserved, const Reservations::Share& share, absl::Time now);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_FIT_H_
