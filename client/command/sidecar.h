// FILE.json beside a recording in a watched folder: what the telephone system knows of the call.
#ifndef OTOKURA_CLIENT_COMMAND_SIDECAR_H_
#define OTOKURA_CLIENT_COMMAND_SIDECAR_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "otokura/recording.h"

namespace otokura::client {

inline constexpr size_t kSidecarBytesMax = 64 * 1024;  // a few hundred bytes in practice

struct Sidecar {
  PersonalMetadata personal;  // call_id may be empty
  std::optional<std::string> queue;
  Leg leg = Leg::kMixed;
  Time start;  // the epoch where it does not say
};

// An object with any of: call_id, caller_number, basic_pension_number, agent, notes, queue, leg (text), start_unix_ms (a number).
// INVALID_ARGUMENT for anything else: a misspelt field would be a caller who is never found.
absl::StatusOr<Sidecar> ParseSidecar(std::string_view json);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_SIDECAR_H_
