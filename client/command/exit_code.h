// What the command says when it fails, and to whom: one line for people, a number for programs.
#ifndef OTOKURA_CLIENT_COMMAND_EXIT_CODE_H_
#define OTOKURA_CLIENT_COMMAND_EXIT_CODE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace otokura::client {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;
inline constexpr int kExitTryAgain = 4;
inline constexpr int kExitDamaged = 5;

// What every --help ends with: the exit codes and a working example.
std::string Footer(std::string_view example);

int ExitCodeOf(const absl::Status& status);

// Prints one line to standard error, with what to do about it, and returns the exit code.
int Fail(const absl::Status& status);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_EXIT_CODE_H_
