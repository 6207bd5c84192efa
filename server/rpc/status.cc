#include "server/rpc/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "server/recordings/errors.h"

namespace otokura::rpc {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message(status.message().substr(0, kStatusMessageBytesMax));
  const auto detail = status.GetPayload(recordings::kErrorDetailUrl);
  const bool fits = detail.has_value() && detail->size() <= kStatusDetailBytesMax;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message, fits ? std::string(*detail) : std::string());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.error_details().empty()) result.SetPayload(recordings::kErrorDetailUrl, absl::Cord(status.error_details()));
  return result;
}

}  // namespace otokura::rpc
