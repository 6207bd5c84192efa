// Duties that no role may have together (DESIGN I9). README documents the table; a test compares the two.
#ifndef OTOKURA_PROTO_POLICY_DUTIES_H_
#define OTOKURA_PROTO_POLICY_DUTIES_H_

#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "proto/policy/actions.h"

namespace otokura::policy {

struct Duty {
  std::string_view name;
  absl::Span<const Action> actions;
};

struct IncompatibleDuties {
  Duty first;
  Duty second;
};
absl::Span<const IncompatibleDuties> IncompatiblePairs();

// What a role never has, whatever a policy says.
struct RoleBar {
  v1::Role role;
  Action action;
};
absl::Span<const RoleBar> RoleBars();

// Two rights of one role that may not meet; nothing where all may.
struct Conflict {
  Action first;
  std::string_view first_duty;
  Action second;
  std::string_view second_duty;
};
std::optional<Conflict> FindConflict(absl::Span<const Action> rights);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_DUTIES_H_
