// What the command says when it fails, and to whom: one line for people, a number for programs.
#ifndef OTOKURA_CLIENT_COMMAND_EXIT_CODE_H_
#define OTOKURA_CLIENT_COMMAND_EXIT_CODE_H_

#include "absl/status/status.h"

namespace otokura::client {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;
inline constexpr int kExitTryAgain = 4;
inline constexpr int kExitDamaged = 5;

inline constexpr char kExitCodesHelp[] =
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 refused, or not to be found; 4 try again later; 5 damaged or not as it was sent.\n";

int ExitCodeOf(const absl::Status& status);

// Prints one line to standard error, with what to do about it, and returns the exit code.
int Fail(const absl::Status& status);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_EXIT_CODE_H_
