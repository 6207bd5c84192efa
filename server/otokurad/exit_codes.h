// How `otokurad` ends, for scripts and service units; --help lists them.
#ifndef OTOKURA_SERVER_OTOKURAD_EXIT_CODES_H_
#define OTOKURA_SERVER_OTOKURAD_EXIT_CODES_H_

namespace otokura::gateway {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfiguration = 3;  // it breaks a rule: `check-config` says which
inline constexpr int kExitDamage = 4;         // fsck found some

inline constexpr char kExitCodesText[] =
    "Exit codes: 0 done; 1 failed, the reason is on standard error; 2 wrong usage; 3 the configuration breaks a rule; 4 fsck found damage.";

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_EXIT_CODES_H_
