// Thread-sanitizer builds only: the program defines these functions of Abseil itself, so that the dynamic linker leads everybody's calls of
// them here, gRPC's and Abseil's own included: hence of each kind only the innermost. CMakeLists.txt reads the INTERPOSED lines. Conditions
// are evaluated by whichever thread unlocks, after it has said so: in our own code, wait for a CondVar.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"

#define INTERPOSED(symbol, result, ...) result symbol(__VA_ARGS__)
// Abseil's own, found once.
#define REAL(symbol)                                                                         \
  ([] {                                                                                      \
    static const auto real = reinterpret_cast<decltype(&symbol)>(dlsym(RTLD_NEXT, #symbol)); \
    return real;                                                                             \
  }())

namespace {

void Announce(void* mutex, unsigned flags) { __tsan_mutex_pre_lock(mutex, flags); }
// After whoever unlocked it last, and hence after whoever made it: the sanitizer looks at the mutex's own memory before it takes that in.
void Locked(void* mutex, unsigned flags) {
  if ((flags & __tsan_mutex_try_lock_failed) == 0) __tsan_acquire(mutex);
  __tsan_mutex_post_lock(mutex, flags, 0);
}
void Unlocked(void* mutex, unsigned flags) {
  __tsan_mutex_pre_unlock(mutex, flags);
  __tsan_mutex_post_unlock(mutex, flags);
}

}  // namespace

extern "C" {

// absl::Mutex. The timed LockWhen return with the lock held either way.
INTERPOSED(_ZN4absl7debian35Mutex4LockEv, void, void* mutex) {
  Announce(mutex, 0);
  REAL(_ZN4absl7debian35Mutex4LockEv)(mutex);
  Locked(mutex, 0);
}
INTERPOSED(_ZN4absl7debian35Mutex6UnlockEv, void, void* mutex) {
  Unlocked(mutex, 0);
  REAL(_ZN4absl7debian35Mutex6UnlockEv)(mutex);
}
INTERPOSED(_ZN4absl7debian35Mutex7TryLockEv, bool, void* mutex) {
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
  const bool locked = REAL(_ZN4absl7debian35Mutex7TryLockEv)(mutex);
  Locked(mutex, locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed);
  return locked;
}
INTERPOSED(_ZN4absl7debian35Mutex10ReaderLockEv, void, void* mutex) {
  Announce(mutex, __tsan_mutex_read_lock);
  REAL(_ZN4absl7debian35Mutex10ReaderLockEv)(mutex);
  Locked(mutex, __tsan_mutex_read_lock);
}
INTERPOSED(_ZN4absl7debian35Mutex12ReaderUnlockEv, void, void* mutex) {
  Unlocked(mutex, __tsan_mutex_read_lock);
  REAL(_ZN4absl7debian35Mutex12ReaderUnlockEv)(mutex);
}
INTERPOSED(_ZN4absl7debian35Mutex13ReaderTryLockEv, bool, void* mutex) {
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock | __tsan_mutex_read_lock);
  const bool locked = REAL(_ZN4absl7debian35Mutex13ReaderTryLockEv)(mutex);
  Locked(mutex, __tsan_mutex_read_lock | (locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed));
  return locked;
}
INTERPOSED(_ZN4absl7debian35MutexD1Ev, void, void* mutex) {
  REAL(_ZN4absl7debian35MutexD1Ev)(mutex);
  __tsan_mutex_destroy(mutex, 0);
}

// Waits with the mutex held: meanwhile it is free. The last argument is Abseil's KernelTimeout, one 64-bit number.
INTERPOSED(_ZN4absl7debian37CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal13KernelTimeoutE, bool, void* condition,
           void* mutex, int64_t timeout) {
  Unlocked(mutex, 0);
  const bool timed_out =
      REAL(_ZN4absl7debian37CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal13KernelTimeoutE)(condition, mutex, timeout);
  Announce(mutex, 0);
  Locked(mutex, 0);
  return timed_out;
}
INTERPOSED(_ZN4absl7debian35Mutex11AwaitCommonERKNS0_9ConditionENS0_24synchronization_internal13KernelTimeoutE, bool, void* mutex,
           const void* condition, int64_t timeout) {
  Unlocked(mutex, 0);
  const bool reached =
      REAL(_ZN4absl7debian35Mutex11AwaitCommonERKNS0_9ConditionENS0_24synchronization_internal13KernelTimeoutE)(mutex, condition, timeout);
  Announce(mutex, 0);
  Locked(mutex, 0);
  return reached;
}
INTERPOSED(_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE, void, void* mutex, const void* condition) {
  Announce(mutex, 0);
  REAL(_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE)(mutex, condition);
  Locked(mutex, 0);
}
INTERPOSED(_ZN4absl7debian35Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE, bool, void* mutex, const void* condition,
           absl::Duration timeout) {
  Announce(mutex, 0);
  const bool reached = REAL(_ZN4absl7debian35Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE)(mutex, condition, timeout);
  Locked(mutex, 0);
  return reached;
}
INTERPOSED(_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE, bool, void* mutex, const void* condition,
           absl::Time deadline) {
  Announce(mutex, 0);
  const bool reached = REAL(_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE)(mutex, condition, deadline);
  Locked(mutex, 0);
  return reached;
}

// absl::Notification, BlockingCounter: what was done before is seen after a wait, which takes no lock where it is over already.
INTERPOSED(_ZN4absl7debian312Notification6NotifyEv, void, void* notification) {
  __tsan_release(notification);
  REAL(_ZN4absl7debian312Notification6NotifyEv)(notification);
}
INTERPOSED(_ZNK4absl7debian312Notification19WaitForNotificationEv, void, void* notification) {
  REAL(_ZNK4absl7debian312Notification19WaitForNotificationEv)(notification);
  __tsan_acquire(notification);
}
INTERPOSED(_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE, bool, void* notification,
           absl::Duration timeout) {
  const bool notified = REAL(_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(notification, timeout);
  __tsan_acquire(notification);
  return notified;
}
INTERPOSED(_ZN4absl7debian315BlockingCounter14DecrementCountEv, bool, void* counter) {
  __tsan_release(counter);
  return REAL(_ZN4absl7debian315BlockingCounter14DecrementCountEv)(counter);
}
INTERPOSED(_ZN4absl7debian315BlockingCounter4WaitEv, void, void* counter) {
  REAL(_ZN4absl7debian315BlockingCounter4WaitEv)(counter);
  __tsan_acquire(counter);
}

// absl::Status shares its text by counted reference; whoever drops the last one frees it after all others are done.
INTERPOSED(_ZN4absl7debian36Status15UnrefNonInlinedEm, void, uintptr_t rep) {
  void* address = reinterpret_cast<void*>(rep & ~uintptr_t{3});
  __tsan_release(address);
  __tsan_acquire(address);
  REAL(_ZN4absl7debian36Status15UnrefNonInlinedEm)(rep);
}

}  // extern "C"
