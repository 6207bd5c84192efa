#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/otokurad/configuration_checks.h"

namespace otokura::gateway {
namespace {

constexpr int kCentresMax = 1000;         // a search over all of a caller's centres walks an index each
constexpr int kQueuesMax = 1000;          // of one centre
constexpr size_t kNameBytesMax = 64;      // parts of keys of the index
constexpr int kRetentionClassesMax = 64;  // each has a key a month, and a search by a person computes a tag for every key
constexpr size_t kClassBytesMax = 32;
constexpr uint32_t kRetentionYearsMax = 100;

// Control characters would break the index, whose keys part names by a zero byte, and every listing that shows them.
absl::Status CheckName(const std::string& name) {
  if (name.empty() || name.size() > kNameBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("must be 1 to ", kNameBytesMax, " bytes"));
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); })) {
    return absl::InvalidArgumentError("must not contain control characters");
  }
  return absl::OkStatus();
}

void CheckQueues(const std::string& field, const v1::CentreConfig& centre, ProblemList& problems) {
  if (centre.queues_size() > kQueuesMax) problems.Add(absl::StrCat(field, ".queues"), absl::StrCat("are more than ", kQueuesMax));
  std::set<std::string> seen;
  for (int i = 0; i < centre.queues_size(); ++i) {
    const std::string queue_field = absl::StrCat(field, ".queues[", i, "]");
    problems.AddUnlessOk(queue_field, CheckName(centre.queues(i)));
    if (!seen.insert(centre.queues(i)).second) problems.Add(queue_field, "is there twice");
  }
}

void CheckCentres(const v1::GatewayConfig& config, ProblemList& problems) {
  if (config.centres_size() == 0) problems.Add("centres", "at least one is required");
  if (config.centres_size() > kCentresMax) return problems.Add("centres", absl::StrCat("are more than ", kCentresMax));
  std::set<std::string> seen;
  for (int i = 0; i < config.centres_size(); ++i) {
    const std::string field = absl::StrCat("centres[", i, "]");
    problems.AddUnlessOk(absl::StrCat(field, ".name"), CheckName(config.centres(i).name()));
    if (!seen.insert(config.centres(i).name()).second) problems.Add(absl::StrCat(field, ".name"), "is there twice");
    CheckQueues(field, config.centres(i), problems);
  }
}

bool IsClassName(const std::string& name) {
  return !name.empty() && name.size() <= kClassBytesMax && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

void CheckRetentionClasses(const v1::GatewayConfig& config, ProblemList& problems) {
  if (config.retention_classes_size() == 0) problems.Add("retention_classes", "at least one is required");
  if (config.retention_classes_size() > kRetentionClassesMax)
    return problems.Add("retention_classes", absl::StrCat("are more than ", kRetentionClassesMax));
  std::set<std::string> seen;
  for (int i = 0; i < config.retention_classes_size(); ++i) {
    const v1::RetentionClassConfig& retention_class = config.retention_classes(i);
    const std::string field = absl::StrCat("retention_classes[", i, "]");
    if (!IsClassName(retention_class.name())) problems.Add(absl::StrCat(field, ".name"), "must be 1 to 32 of a-z, 0-9 and '-'");
    if (!seen.insert(retention_class.name()).second) problems.Add(absl::StrCat(field, ".name"), "is there twice");
    if (retention_class.years() < 1 || retention_class.years() > kRetentionYearsMax)
      problems.Add(absl::StrCat(field, ".years"), "must be 1 to 100");
  }
}

}  // namespace

void CheckNames(const v1::GatewayConfig& config, ProblemList& problems) {
  CheckCentres(config, problems);
  CheckRetentionClasses(config, problems);
}

}  // namespace otokura::gateway
