#include "server/recordings/open_request.h"

#include "absl/strings/str_cat.h"
#include "crypto/sha256.h"
#include "server/recordings/limits.h"

namespace otokura::recordings {
namespace {

// Absent is fine; present must normalise.
absl::Status AddIndexValue(crypto::IndexField field, const std::string& value, OpenRequest* request) {
  if (value.empty()) return absl::OkStatus();
  auto normalised = crypto::Normalise(field, value);
  if (!normalised.ok()) return normalised.status();
  request->index_values.emplace_back(field, *std::move(normalised));
  return absl::OkStatus();
}

absl::Status CheckStart(int64_t start_unix_ms, const v1::LimitsConfig& limits, absl::Time now) {
  if (start_unix_ms == 0) return absl::OkStatus();
  const absl::Time start = absl::FromUnixMillis(start_unix_ms);
  if (start > now + absl::Seconds(limits.recorder_skew_seconds())) {
    return absl::InvalidArgumentError(absl::StrCat("recorder_start_unix_ms: more than ", limits.recorder_skew_seconds(),
                                                   " s ahead of the gateway's clock; set the recorder's clock"));
  }
  if (start < now - absl::Hours(limits.recorder_start_age_hours())) {
    return absl::InvalidArgumentError(absl::StrCat("recorder_start_unix_ms: more than ", limits.recorder_start_age_hours(), " hours ago"));
  }
  return absl::OkStatus();
}

absl::Status CheckSizes(const v1::Open& open, const v1::Account& recorder) {
  if (open.metadata().call_id().empty())
    return absl::InvalidArgumentError("metadata.call_id: required; the recorder's own id of this call");
  if (open.metadata().call_id().size() > kCallIdBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("metadata.call_id: longer than ", kCallIdBytesMax, " bytes"));
  }
  if (open.metadata().notes().size() > kNotesBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("metadata.notes: longer than ", kNotesBytesMax, " bytes"));
  if (!v1::Leg_IsValid(open.leg()) || open.leg() == v1::LEG_UNSPECIFIED)
    return absl::InvalidArgumentError("leg: unknown; say mixed, caller or agent");
  if (!open.resume_token().empty() && open.resume_token().size() != kResumeTokenBytes) {
    return absl::InvalidArgumentError(absl::StrCat("resume_token: must be the ", kResumeTokenBytes, " bytes that Opened gave"));
  }
  if (open.acknowledged_bytes() > recorder.recorder().call_bytes_max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("acknowledged_bytes: more than a call may have, ", recorder.recorder().call_bytes_max()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OpenRequest> CheckOpen(const v1::Open& open, const v1::Account& recorder, const v1::LimitsConfig& limits, absl::Time now) {
  if (absl::Status sizes = CheckSizes(open, recorder); !sizes.ok()) return sizes;
  if (absl::Status start = CheckStart(open.recorder_start_unix_ms(), limits, now); !start.ok()) return start;
  OpenRequest request;
  request.open = open;
  const v1::PersonalMetadata& metadata = open.metadata();
  const std::pair<crypto::IndexField, const std::string*> fields[] = {
      {crypto::IndexField::kCallId, &metadata.call_id()},
      {crypto::IndexField::kCallerNumber, &metadata.caller_number()},
      {crypto::IndexField::kBasicPensionNumber, &metadata.basic_pension_number()},
      {crypto::IndexField::kAgent, &metadata.agent()}};
  for (const auto& [field, value] : fields) {
    if (absl::Status added = AddIndexValue(field, *value, &request); !added.ok()) return added;
  }
  request.call_identity = recorder.name();
  request.call_identity.append(1, '\0')
      .append(request.index_values.front().second)
      .append(1, '\0')
      .append(1, static_cast<char>(open.leg()));
  request.retention_class = open.retention_class().empty() ? recorder.recorder().retention_classes(0) : open.retention_class();
  if (!open.resume_token().empty()) request.token_sha256 = crypto::Sha256(open.resume_token());
  return request;
}

}  // namespace otokura::recordings
