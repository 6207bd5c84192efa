// The rules that a policy keeps, whoever signed it. `Rules::Compile` is the way in.
#ifndef OTOKURA_PROTO_POLICY_CHECKS_H_
#define OTOKURA_PROTO_POLICY_CHECKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "otokura/v1/policy.pb.h"

namespace otokura::policy {

inline constexpr int kPurposesMax = 64;
inline constexpr int kCentreRulesMax = 1024;
inline constexpr int kClausesMax = 32;
inline constexpr size_t kWordBytesMax = 32;                              // of a purpose or clause
inline constexpr size_t kCentreBytesMax = 64;                            // as config.proto bounds a centre's name
inline constexpr uint64_t kBudgetMax = uint64_t{1'000'000'000'000'000};  // a petabyte of audio; sums of budgets stay far from overflow
inline constexpr size_t kProblemsMax = 20;                               // told of one text; a message to a client has its limits

// What is wrong, as one line: a message to a terminal is no more.
class Problems {
 public:
  void Add(std::string field, std::string problem);
  // The status for all of them; OK for none.
  absl::Status Take() const;

 private:
  std::vector<std::string> lines_;
};

// INVALID_ARGUMENT with lines and columns where it is not protobuf text of a Policy behind the first line.
absl::StatusOr<v1::Policy> ParsePolicy(std::string_view text);

absl::Status CheckPolicy(const v1::Policy& policy);

// ---- parts of it

void CheckBudgets(const std::string& field, const google::protobuf::RepeatedPtrField<v1::Budget>& budgets, Problems* problems);
// That recordings and audio bytes are bounded in this window.
void RequireBudget(const std::string& field, const google::protobuf::RepeatedPtrField<v1::Budget>& budgets, v1::Window window,
                   Problems* problems);

}  // namespace otokura::policy

#endif  // OTOKURA_PROTO_POLICY_CHECKS_H_
