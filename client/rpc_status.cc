#include "client/rpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "otokura/recording.h"

namespace otokura::client {

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  // gRPC's own wording of "nobody answers" names neither cause nor cure.
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && message.find("Socket closed") != std::string::npos) {
    message = "the gateway closed the connection (stopped, or it does not trust this certificate: see its log of refused handshakes)";
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  if (!status.error_details().empty()) result.SetPayload(kErrorDetailUrl, absl::Cord(status.error_details()));
  return result;
}

std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorDetailUrl);
  v1::ErrorDetail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

}  // namespace otokura::client
