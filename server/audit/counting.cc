#include <algorithm>

#include "absl/time/time.h"
#include "server/audit/queries.h"

namespace otokura::audit {
namespace {

int64_t StartOf(Counting::Per per, int64_t time_unix_us) {
  const absl::Duration length = per == Counting::Per::kHour ? absl::Hours(1) : absl::Hours(24);
  const int64_t length_us = absl::ToInt64Microseconds(length);
  return per == Counting::Per::kAll ? 0 : time_unix_us - time_unix_us % length_us;
}

template <typename Fields, typename FieldOf>
bool AnySealed(const Fields& fields, FieldOf field_of) {
  return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return IsSealed(field_of(field)); });
}

}  // namespace

Counting::Group Counting::GroupOf(const v1::AuditEntry& leaf, const std::optional<v1::AuditDetails>& details) const {
  Group group{StartOf(per_, leaf.time_unix_us()), {}};
  for (const IndexField field : by_) group.values.push_back(IndexValue(field, leaf, details.has_value() ? *details : v1::AuditDetails()));
  return group;
}

bool Counting::Add(const v1::AuditEntry& leaf, const std::optional<v1::AuditDetails>& details) {
  Group group = GroupOf(leaf, details);
  auto sum = groups_.find(group);
  if (sum == groups_.end()) {
    if (groups_.size() == kGroupsMax) return false;
    sum = groups_.emplace(std::move(group), Sum()).first;
  }
  const bool summary = leaf.decision() == v1::DENIED && leaf.rows() > 0;
  sum->second.entries += 1;
  sum->second.times += summary ? leaf.rows() : 1;
  sum->second.delivered_bytes += leaf.delivered_bytes();
  return true;
}

absl::StatusOr<bool> Counting::Step(const keys::ReleasePermit& permit) {
  if (absl::Status status = queries_->CheckReady(permit); !status.ok()) return status;
  const bool with_details = AnySealed(by_, [](IndexField field) { return field; }) ||
                            AnySealed(query_.conditions, [](const Condition& condition) { return condition.field; });
  absl::StatusOr<Queries::Course> course = queries_->Plan(query_);
  if (!course.ok()) return course.status();
  ++steps_;
  uint64_t end = course->end;
  for (uint64_t counted = 0; counted < kStepEntriesMax; ++counted) {
    absl::StatusOr<Intersection::Found> found = course->entries.NewestBelow(end, kStepIndexRowsMax);
    if (!found.ok()) return found.status();
    if (!found->entry.has_value()) {
      query_.before = found->gave_up ? found->below : 0;
      return query_.before == 0 || steps_ == kStepsMax;
    }
    end = *found->entry;
    absl::StatusOr<std::optional<Queries::Entry>> entry = queries_->Confirm(permit, end, query_.conditions, with_details);
    if (!entry.ok()) return entry.status();
    if (!entry->has_value()) continue;
    if (!Add((*entry)->leaf, (*entry)->listed.details)) {
      query_.before = end + 1;
      return true;
    }
  }
  query_.before = end;
  return end == 0 || steps_ == kStepsMax;
}

}  // namespace otokura::audit
