// What a process holds more than before, a stream.
#ifndef OTOKURA_TESTS_FAULT_MEMORY_GROWTH_H_
#define OTOKURA_TESTS_FAULT_MEMORY_GROWTH_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace otokura::fault {

// Sanitizers add shadow, red zones and a quarantine of what was freed.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr uint64_t kInstrumentation = 8;
#else
inline constexpr uint64_t kInstrumentation = 1;
#endif

// 1,000, or what OTOKURA_STREAMS says.
int Streams();

// VmRSS once it has stopped growing: the highest figure, when none above it came for two seconds.
uint64_t SettledBytes(pid_t process);

// Prints the growth a stream and expects at most `bytes_max` of it, beside `once_bytes_max` for what comes once: threads, buffers of the
// connection, pools.
void ExpectBounded(const std::string& what, uint64_t before, uint64_t after, uint64_t bytes_max, uint64_t once_bytes_max);

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_MEMORY_GROWTH_H_
