#include "crypto/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

// Smallest block of the arena: one key.
constexpr size_t kArenaBlockBytes = 32;

// OpenSSL's own "initialised" is true for an unlocked arena as well, so that alone would let secrets into swappable memory.
std::atomic<bool> arena_locked{false};

absl::Status SetUpArena() {
  if (CRYPTO_secure_malloc_initialized() == 1) {
    return absl::FailedPreconditionError(
        "secret memory: this process has already set up OpenSSL's secure heap, and whether it is locked cannot be told; call "
        "LockSecretMemory first");
  }
  const int result = CRYPTO_secure_malloc_init(kSecretArenaBytes, kArenaBlockBytes);
  if (result == 1) {
    arena_locked.store(true, std::memory_order_release);
    return absl::OkStatus();
  }
  if (result == 2) CRYPTO_secure_malloc_done();
  return absl::FailedPreconditionError(
      absl::StrCat("secret memory: cannot lock ", kSecretArenaBytes,
                   " bytes, so keys could reach the swap; raise RLIMIT_MEMLOCK (ulimit -l, systemd LimitMEMLOCK=) to 8 MiB or more"));
}

absl::StatusOr<uint8_t*> Allocate(size_t bytes) {
  if (!arena_locked.load(std::memory_order_acquire)) {
    return absl::FailedPreconditionError("secret memory: LockSecretMemory has not succeeded in this process");
  }
  if (bytes > kSecretBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("secret: ", bytes, " bytes, at most ", kSecretBytesMax));
  }
  void* data = OPENSSL_secure_zalloc(bytes);
  if (data == nullptr) return absl::ResourceExhaustedError("secret memory: the locked arena is full; close some calls");
  return static_cast<uint8_t*>(data);
}

}  // namespace

absl::Status LockSecretMemory() {
  static const absl::Status* const result = new absl::Status(SetUpArena());
  return *result;
}

absl::Status ForbidCoreDumps() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return absl::ErrnoToStatus(errno, "core dumps: setrlimit(RLIMIT_CORE)");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return absl::ErrnoToStatus(errno, "core dumps: prctl(PR_SET_DUMPABLE)");
  return absl::OkStatus();
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  SecretBytes taken(std::move(other));
  std::swap(data_, taken.data_);
  std::swap(size_, taken.size_);
  return *this;
}

SecretBytes::~SecretBytes() { OPENSSL_secure_clear_free(data_, size_); }

absl::StatusOr<SecretBytes> SecretBytes::Zeroed(size_t bytes) {
  SecretBytes secret;
  absl::StatusOr<uint8_t*> data = Allocate(bytes);
  if (!data.ok()) return data.status();
  secret.data_ = *data;
  secret.size_ = bytes;
  return secret;
}

absl::StatusOr<SecretBytes> SecretBytes::Random(size_t bytes) {
  absl::StatusOr<SecretBytes> secret = Zeroed(bytes);
  if (!secret.ok()) return secret;
  AbortUnless(RAND_priv_bytes_ex(nullptr, secret->data_, bytes, 0) == 1, "random generation");
  return secret;
}

absl::StatusOr<SecretBytes> SecretBytes::CopyOf(std::string_view bytes) {
  absl::StatusOr<SecretBytes> secret = Zeroed(bytes.size());
  if (secret.ok() && !bytes.empty()) std::memcpy(secret->data_, bytes.data(), bytes.size());
  return secret;
}

absl::StatusOr<SecretBytes> SecretBytes::Duplicate() const { return CopyOf(Expose()); }

bool SecretBytes::EqualsInConstantTime(std::string_view other) const {
  return other.size() == size_ && (size_ == 0 || CRYPTO_memcmp(data_, other.data(), size_) == 0);
}

void Wipe(void* data, size_t bytes) { OPENSSL_cleanse(data, bytes); }

}  // namespace otokura::crypto
