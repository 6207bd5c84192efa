#include "client/command/recording_text.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace otokura::client {

std::string FormatText(const AudioFormat& format) { return absl::StrCat(std::string(Name(format.encoding)), ":", format.sample_rate_hz); }

nlohmann::json ToJson(const Recording& recording) {
  nlohmann::json gaps = nlohmann::json::array();
  for (const Gap& gap : recording.gaps) gaps.push_back({{"offset", gap.offset}, {"length", gap.length}, {"reason", Name(gap.reason)}});
  return {{"recording_id", recording.id},
          {"state", Name(recording.state)},
          {"opened", Rfc3339(recording.opened)},
          {"sealed", Rfc3339(recording.sealed)},
          {"centre", recording.centre},
          {"queue", recording.queue},
          {"leg", Name(recording.leg)},
          {"format", Name(recording.format.encoding)},
          {"sample_rate_hz", recording.format.sample_rate_hz},
          {"audio_bytes", recording.audio_bytes},
          {"duration_ms", recording.duration.count()},
          {"audio_sha256", Hex(recording.audio_sha256)},
          {"gaps", gaps},
          {"retention_class", recording.retention_class},
          {"digest_check", Name(recording.digest_check)},
          {"supplement_of", recording.supplement_of},
          {"recorder_start", Rfc3339(recording.recorder_start)},
          {"parts", recording.parts},
          {"recorder", recording.recorder}};
}

nlohmann::json ToJson(const PersonalMetadata& personal) {
  return {{"call_id", personal.call_id},
          {"caller_number", personal.caller_number},
          {"basic_pension_number", personal.basic_pension_number},
          {"agent", personal.agent},
          {"notes", personal.notes}};
}

std::string JsonLine(const nlohmann::json& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"; }

void PrintJson(const nlohmann::json& value) { std::fputs(JsonLine(value).c_str(), stdout); }

}  // namespace otokura::client
