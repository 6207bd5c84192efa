// Key bytes in memory: locked, excluded from dumps, wiped on release (DESIGN §6).
#ifndef OTOKURA_CRYPTO_SECRET_H_
#define OTOKURA_CRYPTO_SECRET_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::crypto {

// Room for the keys of 15,000 live calls (two 32-byte blocks each, arena granularity included) and the epoch cache. A power of two,
// below the 8 MiB RLIMIT_MEMLOCK that Debian 12 gives an ordinary process.
inline constexpr size_t kSecretArenaBytes = size_t{4} << 20;
inline constexpr size_t kSecretBytesMax = 16384;  // one secret: the longest HKDF output; keys and passphrases are far smaller

// LockSecretMemory sets the arena up, once a process; later calls return the first result. Refuses (FAILED_PRECONDITION) where
// the memory cannot be locked: keys in swappable memory are never an option. Any thread.
absl::Status LockSecretMemory();

// ForbidCoreDumps sets RLIMIT_CORE to 0 and clears PR_SET_DUMPABLE, so neither a crash nor another process of the user reads keys.
absl::Status ForbidCoreDumps();

// SecretBytes owns key bytes in the locked arena. It cannot be printed, copied by accident, or compared in variable time.
// An empty (moved-from or default) object has size 0. Not for concurrent mutation; concurrent reads are fine.
// Every maker fails with FAILED_PRECONDITION before LockSecretMemory, RESOURCE_EXHAUSTED when the arena is full.
class SecretBytes {
 public:
  SecretBytes() = default;
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  static absl::StatusOr<SecretBytes> Random(size_t bytes);
  static absl::StatusOr<SecretBytes> Zeroed(size_t bytes);
  // The caller still owns `bytes` and should wipe it.
  static absl::StatusOr<SecretBytes> CopyOf(std::string_view bytes);
  absl::StatusOr<SecretBytes> Duplicate() const;

  size_t size() const { return size_; }
  // The view is valid while this object lives. One grep for Expose lists every place that reads keys.
  std::string_view Expose() const { return {reinterpret_cast<const char*>(data_), size_}; }
  uint8_t* ExposeMutable() { return data_; }
  bool EqualsInConstantTime(std::string_view other) const;

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Wipes ordinary memory in a way the compiler keeps.
void Wipe(void* data, size_t bytes);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_SECRET_H_
