// Thread-sanitizer builds only: the linker sends our calls of these functions through here (--wrap, one a WRAPPED line; CMakeLists.txt
// reads them from this file). Waiting for an absl::Condition is left out on purpose, because Abseil evaluates conditions on whichever
// thread unlocks: wait for a CondVar.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"

#define WRAPPED(symbol, result, ...)   \
  result __real_##symbol(__VA_ARGS__); \
  result __wrap_##symbol(__VA_ARGS__)

namespace {

void Announce(void* mutex, unsigned flags) { __tsan_mutex_pre_lock(mutex, flags); }
void Locked(void* mutex, unsigned flags) { __tsan_mutex_post_lock(mutex, flags, 0); }
void Unlocked(void* mutex, unsigned flags) {
  __tsan_mutex_pre_unlock(mutex, flags);
  __tsan_mutex_post_unlock(mutex, flags);
}

}  // namespace

extern "C" {

// absl::Mutex
WRAPPED(_ZN4absl7debian35Mutex4LockEv, void, void* mutex) {
  Announce(mutex, 0);
  __real__ZN4absl7debian35Mutex4LockEv(mutex);
  Locked(mutex, 0);
}
WRAPPED(_ZN4absl7debian35Mutex6UnlockEv, void, void* mutex) {
  Unlocked(mutex, 0);
  __real__ZN4absl7debian35Mutex6UnlockEv(mutex);
}
WRAPPED(_ZN4absl7debian35Mutex7TryLockEv, bool, void* mutex) {
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
  const bool locked = __real__ZN4absl7debian35Mutex7TryLockEv(mutex);
  Locked(mutex, locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed);
  return locked;
}
WRAPPED(_ZN4absl7debian35Mutex10ReaderLockEv, void, void* mutex) {
  Announce(mutex, __tsan_mutex_read_lock);
  __real__ZN4absl7debian35Mutex10ReaderLockEv(mutex);
  Locked(mutex, __tsan_mutex_read_lock);
}
WRAPPED(_ZN4absl7debian35Mutex12ReaderUnlockEv, void, void* mutex) {
  Unlocked(mutex, __tsan_mutex_read_lock);
  __real__ZN4absl7debian35Mutex12ReaderUnlockEv(mutex);
}
WRAPPED(_ZN4absl7debian35MutexD1Ev, void, void* mutex) {
  __real__ZN4absl7debian35MutexD1Ev(mutex);
  __tsan_mutex_destroy(mutex, 0);
}

// absl::CondVar: while it waits, the mutex is free.
WRAPPED(_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE, void, void* condition, void* mutex) {
  Unlocked(mutex, 0);
  __real__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(condition, mutex);
  Announce(mutex, 0);
  Locked(mutex, 0);
}
WRAPPED(_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE, bool, void* condition, void* mutex, absl::Duration timeout) {
  Unlocked(mutex, 0);
  const bool timed_out = __real__ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE(condition, mutex, timeout);
  Announce(mutex, 0);
  Locked(mutex, 0);
  return timed_out;
}
WRAPPED(_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE, bool, void* condition, void* mutex, absl::Time deadline) {
  Unlocked(mutex, 0);
  const bool timed_out = __real__ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE(condition, mutex, deadline);
  Announce(mutex, 0);
  Locked(mutex, 0);
  return timed_out;
}

// absl::Notification: what was done before Notify is seen after a wait.
WRAPPED(_ZN4absl7debian312Notification6NotifyEv, void, void* notification) {
  __tsan_release(notification);
  __real__ZN4absl7debian312Notification6NotifyEv(notification);
}
WRAPPED(_ZNK4absl7debian312Notification19WaitForNotificationEv, void, void* notification) {
  __real__ZNK4absl7debian312Notification19WaitForNotificationEv(notification);
  __tsan_acquire(notification);
}
WRAPPED(_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE, bool, void* notification, absl::Duration timeout) {
  const bool notified = __real__ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE(notification, timeout);
  __tsan_acquire(notification);
  return notified;
}
WRAPPED(_ZN4absl7debian315BlockingCounter14DecrementCountEv, bool, void* counter) {
  __tsan_release(counter);
  return __real__ZN4absl7debian315BlockingCounter14DecrementCountEv(counter);
}
WRAPPED(_ZN4absl7debian315BlockingCounter4WaitEv, void, void* counter) {
  __real__ZN4absl7debian315BlockingCounter4WaitEv(counter);
  __tsan_acquire(counter);
}

// absl::Status shares its text by counted reference; whoever drops the last one frees it after all others are done.
WRAPPED(_ZN4absl7debian36Status15UnrefNonInlinedEm, void, uintptr_t rep) {
  void* address = reinterpret_cast<void*>(rep & ~uintptr_t{3});
  __tsan_release(address);
  __tsan_acquire(address);
  __real__ZN4absl7debian36Status15UnrefNonInlinedEm(rep);
}

}  // extern "C"
