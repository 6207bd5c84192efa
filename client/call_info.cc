#include "client/call_info.h"

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/utf8.h"

namespace otokura::client {
namespace {

constexpr size_t kNameBytesMax = 64;     // recording.proto: names
constexpr size_t kCallIdBytesMax = 128;  // recording.proto: PersonalMetadata
constexpr size_t kNotesBytesMax = 1024;

absl::Status CheckText(const char* field, const std::string& value, size_t bytes_max, bool required) {
  if (required && value.empty()) return absl::InvalidArgumentError(absl::StrCat(field, " is missing"));
  if (value.size() > bytes_max)
    return absl::InvalidArgumentError(absl::StrCat(field, " has ", value.size(), " bytes; at most ", bytes_max));
  if (!IsUtf8(value)) return absl::InvalidArgumentError(absl::StrCat(field, " is not UTF-8"));
  return absl::OkStatus();
}

absl::Status CheckFormat(const AudioFormat& format) {
  if (format.encoding == Encoding::kUnspecified) return absl::InvalidArgumentError("format has no encoding; say PCMU, PCMA or L16");
  const bool wide = format.encoding == Encoding::kL16 && format.sample_rate_hz == 16000;
  if (format.sample_rate_hz != 8000 && !wide) {
    return absl::InvalidArgumentError(absl::StrCat("sample rate ", format.sample_rate_hz, " Hz: it must be 8000, or 16000 for L16"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCallInfo(const CallInfo& info) {
  const struct {
    const char* field;
    const std::string& value;
    size_t bytes_max;
    bool required;
  } texts[] = {
      {"call_id", info.personal.call_id, kCallIdBytesMax, true},
      {"caller_number", info.personal.caller_number, kNameBytesMax, false},
      {"basic_pension_number", info.personal.basic_pension_number, kNameBytesMax, false},
      {"agent", info.personal.agent, kNameBytesMax, false},
      {"notes", info.personal.notes, kNotesBytesMax, false},
      {"centre", info.centre, kNameBytesMax, true},
      {"queue", info.queue, kNameBytesMax, false},
      {"retention_class", info.retention_class, kNameBytesMax, false},
  };
  for (const auto& text : texts) {
    if (absl::Status fit = CheckText(text.field, text.value, text.bytes_max, text.required); !fit.ok()) return fit;
  }
  if (info.leg == Leg::kUnspecified) return absl::InvalidArgumentError("leg is missing; say mixed, caller or agent");
  return CheckFormat(info.format);
}

v1::Open OpenOf(const CallInfo& info) {
  v1::Open open;
  *open.mutable_metadata() = ToProto(info.personal);
  open.set_leg(static_cast<v1::Leg>(info.leg));
  *open.mutable_format() = ToProto(info.format);
  open.set_centre(info.centre);
  open.set_queue(info.queue);
  open.set_retention_class(info.retention_class);
  open.set_recorder_start_unix_ms(UnixMillis(info.start));
  return open;
}

}  // namespace otokura::client
