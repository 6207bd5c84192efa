#include "client/convert.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace otokura::client {

int64_t UnixMillis(Time time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count(); }
Time FromUnixMillis(int64_t unix_ms) { return Time(std::chrono::milliseconds(unix_ms)); }

v1::AudioFormat ToProto(const AudioFormat& format) {
  v1::AudioFormat proto;
  proto.set_encoding(static_cast<v1::AudioFormat::Encoding>(format.encoding));
  proto.set_sample_rate_hz(format.sample_rate_hz);
  proto.set_channels(1);
  return proto;
}

AudioFormat FromProto(const v1::AudioFormat& format) {
  return {.encoding = static_cast<Encoding>(format.encoding()), .sample_rate_hz = format.sample_rate_hz()};
}

v1::PersonalMetadata ToProto(const PersonalMetadata& personal) {
  v1::PersonalMetadata proto;
  proto.set_call_id(personal.call_id);
  proto.set_caller_number(personal.caller_number);
  proto.set_basic_pension_number(personal.basic_pension_number);
  proto.set_agent(personal.agent);
  proto.set_notes(personal.notes);
  return proto;
}

PersonalMetadata FromProto(const v1::PersonalMetadata& personal) {
  return {.call_id = personal.call_id(),
          .caller_number = personal.caller_number(),
          .basic_pension_number = personal.basic_pension_number(),
          .agent = personal.agent(),
          .notes = personal.notes()};
}

Gap FromProto(const v1::AudioGap& gap) {
  return {.offset = gap.offset(), .length = gap.length(), .reason = static_cast<GapReason>(gap.reason())};
}

Recording FromProto(const v1::RecordingSummary& summary) {
  Recording recording{.id = summary.recording_id(),
                      .state = static_cast<RecordingState>(summary.state()),
                      .opened = FromUnixMillis(summary.opened_unix_ms()),
                      .sealed = FromUnixMillis(summary.sealed_unix_ms()),
                      .centre = summary.centre(),
                      .queue = summary.queue(),
                      .leg = static_cast<Leg>(summary.leg()),
                      .format = FromProto(summary.format()),
                      .audio_bytes = summary.audio_bytes(),
                      .duration = std::chrono::milliseconds(summary.duration_ms()),
                      .audio_sha256 = summary.audio_sha256(),
                      .gaps = {},
                      .retention_class = summary.retention_class(),
                      .digest_check = static_cast<DigestCheck>(summary.digest_check()),
                      .supplement_of = summary.supplement_of(),
                      .recorder_start = FromUnixMillis(summary.recorder_start_unix_ms()),
                      .parts = summary.parts(),
                      .recorder = summary.recorder()};
  for (const v1::AudioGap& gap : summary.gaps()) recording.gaps.push_back(FromProto(gap));
  return recording;
}

std::string RecordingIdText(std::string_view id) {
  if (id.size() != 16) return "";
  const std::string hex = absl::BytesToHexString(absl::string_view(id.data(), id.size()));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-", hex.substr(20));
}

}  // namespace otokura::client
