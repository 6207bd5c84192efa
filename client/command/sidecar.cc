#include "client/command/sidecar.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

using nlohmann::json;

absl::Status Take(const std::string& field, const json& value, Sidecar* sidecar) {
  PersonalMetadata& personal = sidecar->personal;
  const struct {
    const char* name;
    std::string* text;
  } texts[] = {{"call_id", &personal.call_id},
               {"caller_number", &personal.caller_number},
               {"basic_pension_number", &personal.basic_pension_number},
               {"agent", &personal.agent},
               {"notes", &personal.notes}};
  if (field == "start_unix_ms") {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > (uint64_t{1} << 52))
      return absl::InvalidArgumentError("sidecar: start_unix_ms must be a whole number");
    sidecar->start = Time(std::chrono::milliseconds(value.get<int64_t>()));
    return absl::OkStatus();
  }
  if (!value.is_string()) return absl::InvalidArgumentError(absl::StrCat("sidecar: ", field.substr(0, 64), " must be text in quotes"));
  for (const auto& known : texts) {
    if (field != known.name) continue;
    *known.text = value.get<std::string>();
    return absl::OkStatus();
  }
  if (field == "queue") {
    sidecar->queue = value.get<std::string>();
    return absl::OkStatus();
  }
  if (field != "leg") return absl::InvalidArgumentError(absl::StrCat("sidecar: unknown field '", field.substr(0, 64), "'"));
  auto leg = ParseLeg(value.get<std::string>());
  if (!leg.ok()) return leg.status();
  sidecar->leg = *leg;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Sidecar> ParseSidecar(std::string_view text) {
  if (text.size() > kSidecarBytesMax) return absl::InvalidArgumentError(absl::StrCat("sidecar: larger than ", kSidecarBytesMax, " bytes"));
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return absl::InvalidArgumentError("sidecar: not one JSON object");
  Sidecar sidecar;
  for (const auto& [field, value] : parsed.items()) {
    if (absl::Status taken = Take(field, value, &sidecar); !taken.ok()) return taken;
  }
  return sidecar;
}

}  // namespace otokura::client
