// What the gateway tells its operator: one JSON object a line. Not the audit log, and never a personal datum, a secret or audio (I1).
#ifndef OTOKURA_SERVER_RUNTIME_EVENT_LOG_H_
#define OTOKURA_SERVER_RUNTIME_EVENT_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace otokura::runtime {

inline constexpr size_t kEventTextBytesMax = 512;  // a field; error messages of ours are shorter, and a line stays below PIPE_BUF for most

// Signed and unsigned whole numbers stay apart, so that no size ever shows as negative.
struct EventField {
  std::string_view name;
  std::variant<bool, int64_t, uint64_t, double, std::string_view> value;
};

// Safe from any thread: a line is written with one call.
class EventLog {
 public:
  explicit EventLog(int descriptor) : descriptor_(descriptor) {}

  void Info(std::string_view event, std::initializer_list<EventField> fields = {}) { Write("info", event, fields); }
  void Warning(std::string_view event, std::initializer_list<EventField> fields = {}) { Write("warning", event, fields); }
  void Error(std::string_view event, std::initializer_list<EventField> fields = {}) { Write("error", event, fields); }
  // For statuses of our own making: their messages hold no secrets (DESIGN §11).
  void Failure(std::string_view event, const absl::Status& status);

 private:
  void Write(std::string_view severity, std::string_view event, std::initializer_list<EventField> fields);

  const int descriptor_;
  absl::Mutex mutex_;  // lines of several threads do not mix
};

}  // namespace otokura::runtime

#endif  // OTOKURA_SERVER_RUNTIME_EVENT_LOG_H_
