#include "server/rpc/library_messages.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <atomic>
#include <string>
#include <string_view>

namespace otokura::rpc {
namespace {

std::atomic<uint64_t> refused_handshakes{0};
std::atomic<uint64_t> other_errors{0};

void CountGrpc(gpr_log_func_args* message) {
  if (message->severity != GPR_LOG_SEVERITY_ERROR) return;
  const bool handshake = std::string_view(message->message).find("Handshake failed") != std::string_view::npos;
  (handshake ? refused_handshakes : other_errors).fetch_add(1, std::memory_order_relaxed);
}

void CountProtobuf(google::protobuf::LogLevel level, const char*, int, const std::string&) {
  if (level >= google::protobuf::LOGLEVEL_ERROR) other_errors.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void CountLibraryMessages() {
  gpr_set_log_function(CountGrpc);
  google::protobuf::SetLogHandler(CountProtobuf);
}

LibraryMessageCounts TakeLibraryMessageCounts() { return {refused_handshakes.exchange(0), other_errors.exchange(0)}; }

}  // namespace otokura::rpc
