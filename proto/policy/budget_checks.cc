#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "proto/policy/checks.h"

namespace otokura::policy {
namespace {

struct Limit {
  const char* name;
  bool (v1::Budget::*is_set)() const;
  uint64_t (v1::Budget::*value)() const;
};
constexpr Limit kLimits[] = {
    {"recordings", &v1::Budget::has_recordings, &v1::Budget::recordings},
    {"callers", &v1::Budget::has_callers, &v1::Budget::callers},
    {"audio_bytes", &v1::Budget::has_audio_bytes, &v1::Budget::audio_bytes},
    {"search_terms", &v1::Budget::has_search_terms, &v1::Budget::search_terms},
    {"rows", &v1::Budget::has_rows, &v1::Budget::rows},
};

void CheckBudget(const std::string& field, const v1::Budget& budget, Problems* problems) {
  bool limits_anything = false;
  for (const Limit& limit : kLimits) {
    if (!(budget.*limit.is_set)()) continue;
    limits_anything = true;
    if ((budget.*limit.value)() > kBudgetMax) problems->Add(absl::StrCat(field, ".", limit.name), absl::StrCat("over ", kBudgetMax));
  }
  if (!limits_anything) problems->Add(field, "limits nothing; give it a limit, or leave it out");
}

}  // namespace

void CheckBudgets(const std::string& field, const google::protobuf::RepeatedPtrField<v1::Budget>& budgets, Problems* problems) {
  std::set<v1::Window> windows;
  for (int i = 0; i < budgets.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    if (budgets[i].window() == v1::WINDOW_UNSPECIFIED || !v1::Window_IsValid(budgets[i].window()))
      problems->Add(absl::StrCat(at, ".window"), "required: HOUR, DAY, DAYS_30 or DAYS_365");
    if (!windows.insert(budgets[i].window()).second) problems->Add(absl::StrCat(at, ".window"), "is there twice; one budget a window");
    CheckBudget(at, budgets[i], problems);
  }
}

void RequireBudget(const std::string& field, const google::protobuf::RepeatedPtrField<v1::Budget>& budgets, v1::Window window,
                   Problems* problems) {
  const auto budget = std::find_if(budgets.begin(), budgets.end(), [window](const v1::Budget& b) { return b.window() == window; });
  if (budget != budgets.end() && budget->has_recordings() && budget->has_audio_bytes()) return;
  problems->Add(field, absl::StrCat(v1::Window_Name(window), " must limit recordings and audio_bytes"));
}

}  // namespace otokura::policy
