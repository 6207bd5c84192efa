// Thread-sanitizer builds of tests that drive gRPC: what a thread did before it started an operation of a call is seen by the callback of
// that operation. Debian's gRPC is not built for the sanitizer and hands over through atomics that it does not see; these two functions of
// its core, put in front of the real ones, tell it. Every operation of a call counts as started before every callback of it that follows.
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* operations, size_t count, void* tag, void* reserved) {
  static const auto real = reinterpret_cast<decltype(&grpc_call_start_batch)>(dlsym(RTLD_NEXT, "grpc_call_start_batch"));
  __tsan_release(call);
  return real(call, operations, count, tag, reserved);
}

// What the C++ layer calls first of all when an operation is over.
void grpc_call_unref(grpc_call* call) {
  static const auto real = reinterpret_cast<decltype(&grpc_call_unref)>(dlsym(RTLD_NEXT, "grpc_call_unref"));
  __tsan_acquire(call);
  real(call);
}

}  // extern "C"
