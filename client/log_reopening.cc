#include "otokura/log_reopening.h"

#include "client/unary.h"
#include "otokura/v1/admin.grpc.pb.h"

namespace otokura::client {

absl::StatusOr<LogReopening> ReopenLog(const ConnectionOptions& connection, const std::string& lost_checkpoint, const std::string& reason) {
  auto stub = Connect<v1::Admin>(connection);
  if (!stub.ok()) return stub.status();
  v1::ReopenLogRequest request;
  request.set_lost_checkpoint(lost_checkpoint);
  request.set_reason(reason);
  const auto response = Ask(stub->get(), &v1::Admin::Stub::ReopenLog, request);
  if (!response.ok()) return response.status();
  return LogReopening{response->confirmed(), response->lost_tree_size(), response->common_tree_size()};
}

}  // namespace otokura::client
