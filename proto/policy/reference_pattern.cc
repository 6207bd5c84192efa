#include "proto/policy/reference_pattern.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace otokura::policy {
namespace {

// The largest number in the braces that begin behind `at`; 1 where there is none.
uint64_t RepetitionsAt(std::string_view pattern, size_t at) {
  uint64_t largest = 1, number = 0;
  for (; at < pattern.size() && (absl::ascii_isdigit(static_cast<unsigned char>(pattern[at])) || pattern[at] == ','); ++at) {
    number =
        pattern[at] == ',' ? 0 : std::min<uint64_t>(number * 10 + static_cast<uint64_t>(pattern[at] - '0'), kPatternRepetitionsMax + 1);
    largest = std::max(largest, number);
  }
  return largest;
}

// What is inside brackets is counted too, which errs on the safe side. Back-references, which glibc takes in extended expressions, make
// matching exponential.
absl::Status CheckCost(std::string_view pattern) {
  uint64_t repetitions = 1;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '{') repetitions *= RepetitionsAt(pattern, i + 1);
    if (repetitions > kPatternRepetitionsMax) {
      return absl::InvalidArgumentError(absl::StrCat("its repetitions multiply to more than ", kPatternRepetitionsMax, "; ask for fewer"));
    }
    if (pattern[i] != '\\') continue;
    if (++i < pattern.size() && absl::ascii_isalnum(static_cast<unsigned char>(pattern[i])))
      return absl::InvalidArgumentError(
          "holds a backslash before a letter or digit, which has no meaning of its own in POSIX; leave it out");
  }
  return absl::OkStatus();
}

std::string ErrorText(int code, const regex_t* compiled) {
  char text[128];
  regerror(code, compiled, text, sizeof text);
  return text;
}

}  // namespace

absl::StatusOr<ReferencePattern> ReferencePattern::Compile(std::string_view pattern) {
  if (pattern.empty()) return ReferencePattern(nullptr);
  if (pattern.size() > kPatternBytesMax)
    return absl::InvalidArgumentError(absl::StrCat(pattern.size(), " bytes; at most ", kPatternBytesMax));
  if (absl::Status cost = CheckCost(pattern); !cost.ok()) return cost;
  auto compiled = std::make_unique<regex_t>();
  if (const int failed = regcomp(compiled.get(), std::string(pattern).c_str(), REG_EXTENDED); failed != 0) {
    return absl::InvalidArgumentError(absl::StrCat("no POSIX extended regular expression: ", ErrorText(failed, compiled.get())));
  }
  return ReferencePattern(std::shared_ptr<const regex_t>(compiled.release(), [](const regex_t* expression) {
    regfree(const_cast<regex_t*>(expression));
    delete expression;
  }));
}

// POSIX gives the leftmost, longest match: where any match takes the whole, so does that one. Putting "^(" and ")$" around a pattern would
// not do, as an unmatched parenthesis in it is an ordinary character.
bool ReferencePattern::Matches(std::string_view reference) const {
  if (compiled_ == nullptr) return true;
  if (reference.find('\0') != std::string_view::npos) return false;
  regmatch_t match;
  return regexec(compiled_.get(), std::string(reference).c_str(), 1, &match, 0) == 0 && match.rm_so == 0 &&
         static_cast<size_t>(match.rm_eo) == reference.size();
}

}  // namespace otokura::policy
