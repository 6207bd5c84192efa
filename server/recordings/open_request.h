// An Open, checked at the door: every field bounded and in its normal form before anything is done with it.
#ifndef OTOKURA_SERVER_RECORDINGS_OPEN_REQUEST_H_
#define OTOKURA_SERVER_RECORDINGS_OPEN_REQUEST_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/blind_index.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/ingest.pb.h"

namespace otokura::recordings {

struct OpenRequest {
  v1::Open open;
  std::string retention_class;  // the one asked for, or the account's first
  std::string call_identity;    // recorder ‖ 0 ‖ call id ‖ 0 ‖ leg: what makes it the same call
  std::string token_sha256;     // empty without a token
  std::vector<std::pair<crypto::IndexField, std::string>> index_values;  // normalised, only the fields that are set
};

// INVALID_ARGUMENT names the field; never the value of a personal one.
absl::StatusOr<OpenRequest> CheckOpen(const v1::Open& open, const v1::Account& recorder, const v1::LimitsConfig& limits, absl::Time now);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_OPEN_REQUEST_H_
