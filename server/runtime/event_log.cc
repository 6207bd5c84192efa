#include "server/runtime/event_log.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace otokura::runtime {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const EventField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return std::string(text->substr(0, kEventTextBytesMax));
  return std::visit([](const auto& value) { return Json(value); }, field.value);
}

void WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody is left to be told
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void EventLog::Failure(std::string_view event, const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  const absl::string_view message = status.message();
  Error(event, {{"code", std::string_view(code)}, {"message", std::string_view(message.data(), message.size())}});
}

void EventLog::Write(std::string_view severity, std::string_view event, std::initializer_list<EventField> fields) {
  Json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
  line["severity"] = severity;
  line["event"] = event;
  for (const EventField& field : fields) line[std::string(field.name)] = ToJson(field);
  // Bytes that are not UTF-8 are replaced: an event must never be lost for its text.
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  absl::MutexLock lock(&mutex_);
  WriteAll(descriptor_, text);
}

}  // namespace otokura::runtime
