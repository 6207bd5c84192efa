#include "server/access/grant.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "server/access/approval.h"

namespace otokura::access {
namespace {

// A person's later grant has the greater id; ids are fixed in length, so their texts compare as they do.
bool IsNewer(const v1::Grant& kept, const v1::Grant& held) {
  return std::tuple(std::string_view(kept.id()), kept.revision()) > std::tuple(std::string_view(held.id()), held.revision());
}

}  // namespace

std::shared_ptr<const Grant> MakeGrant(v1::Grant kept) {
  auto grant = std::make_shared<Grant>();
  for (const std::string& text : kept.recording_ids()) {
    if (auto id = storage::RecordingId::Parse(text); id.ok()) grant->recordings.push_back(*id);
  }
  grant->kept = std::move(kept);
  return grant;
}

bool Permits(const Grant& grant, const GrantUse& use, absl::Time now) {
  const v1::Grant& kept = grant.kept;
  return approval::IsActive(kept, now) && kept.account() == use.account && kept.person_id() == use.person &&
         kept.contract() == use.contract && kept.justification().purpose() == use.purpose &&
         std::find(grant.recordings.begin(), grant.recordings.end(), use.recording) != grant.recordings.end();
}

std::shared_ptr<const Grant> GrantsInForce::Of(std::string_view person) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = by_person_.find(absl::string_view(person.data(), person.size()));
  return found == by_person_.end() ? nullptr : found->second;
}

void GrantsInForce::Adopt(v1::Grant kept) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<const Grant>& held = by_person_[kept.person_id()];
  if (held == nullptr || IsNewer(kept, held->kept)) held = MakeGrant(std::move(kept));
}

}  // namespace otokura::access
