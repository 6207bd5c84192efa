#include "client/leaf_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace otokura::client {
namespace {

constexpr uint32_t kEntryVersion = 1;

}  // namespace

void LeafChecks::Check(std::string_view leaf, absl::FunctionRef<void(std::string_view problem)> problem) {
  const uint64_t sequence = next_++;
  if (!entry_.ParseFromArray(leaf.data(), static_cast<int>(leaf.size())) || entry_.version() == 0) {
    return problem("is no audit entry");
  }
  if (entry_.version() > kEntryVersion) {
    return problem(absl::StrCat("has version ", entry_.version(), ", this program reads ", kEntryVersion, "; use a newer one"));
  }
  if (entry_.sequence() != sequence) return problem(absl::StrCat("says that it is entry ", entry_.sequence()));
  if (entry_.time_unix_us() < last_time_unix_us_) problem("its time is before that of the entry before it");
  last_time_unix_us_ = std::max(last_time_unix_us_, entry_.time_unix_us());
  CheckAccess(sequence, problem);
}

void LeafChecks::CheckAccess(uint64_t sequence, absl::FunctionRef<void(std::string_view problem)> problem) {
  RecordingKey key;
  if (entry_.recording_id().size() != key.size()) {
    if (!entry_.recording_id().empty()) return problem("its recording id is not 16 bytes");
    if (entry_.access_number() != 0 || entry_.previous_sequence() != 0) problem("has an access number but no recording");
    return;
  }
  std::copy(entry_.recording_id().begin(), entry_.recording_id().end(), key.begin());
  Accesses& accesses = accesses_[key];
  if (entry_.access_number() != accesses.count + 1) {
    problem(absl::StrCat("says that it is access ", entry_.access_number(), " of its recording, but ", accesses.count, " came before"));
  } else if (entry_.previous_sequence() != accesses.last_sequence) {
    problem(absl::StrCat("names entry ", entry_.previous_sequence(), " as the one before about its recording, which is ",
                         accesses.last_sequence));
  }
  // On from what the entry says, so that one omission is reported once.
  accesses = {std::max(entry_.access_number(), accesses.count + 1), sequence};
}

}  // namespace otokura::client
