#include "server/access/error_detail.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace otokura::access {

absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail) {
  status.SetPayload(kErrorDetailUrl, absl::Cord(detail.SerializeAsString()));
  return status;
}

absl::Status LimitReachedError(std::string_view limit, uint64_t maximum, std::string_view remedy, absl::Time retry_at) {
  v1::ErrorDetail detail;
  detail.mutable_limit_reached()->set_limit(std::string(limit));
  detail.mutable_limit_reached()->set_maximum(maximum);
  if (retry_at != absl::InfinitePast()) detail.mutable_limit_reached()->set_retry_at_unix_ms(absl::ToUnixMillis(retry_at));
  return WithDetail(absl::ResourceExhaustedError(absl::StrCat(std::string(limit), ": the limit is ", maximum, "; ", std::string(remedy))),
                    detail);
}

}  // namespace otokura::access
