// The form that a reference must have: a POSIX extended regular expression out of a policy, bounded before it is compiled.
#ifndef OTOKURA_PROTO_POLICY_REFERENCE_PATTERN_H_
#define OTOKURA_PROTO_POLICY_REFERENCE_PATTERN_H_

#include <regex.h>

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"

namespace otokura::policy {

inline constexpr size_t kPatternBytesMax = 128;
// Repetitions are written out when a pattern is compiled, nested ones into each other: "((a{255}){255}){255}" would take gigabytes.
inline constexpr uint64_t kPatternRepetitionsMax = 1024;

class ReferencePattern {
 public:
  // The empty pattern takes anything. INVALID_ARGUMENT.
  static absl::StatusOr<ReferencePattern> Compile(std::string_view pattern);

  // Whether all of the reference is of this form. Safe from any thread.
  bool Matches(std::string_view reference) const;

 private:
  explicit ReferencePattern(std::shared_ptr<const regex_t> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const regex_t> compiled_;  // null takes anything
};

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_REFERENCE_PATTERN_H_
