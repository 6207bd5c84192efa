// What a recorder says of a call, checked and as the first message of its stream.
#ifndef OTOKURA_CLIENT_CALL_INFO_H_
#define OTOKURA_CLIENT_CALL_INFO_H_

#include "absl/status/status.h"
#include "otokura/recorder.h"
#include "otokura/v1/ingest.pb.h"

namespace otokura::client {

// INVALID_ARGUMENT names the field and its rule, never its value. Rules that need normalising (numbers) are the gateway's.
absl::Status CheckCallInfo(const CallInfo& info);
v1::Open OpenOf(const CallInfo& info);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_CALL_INFO_H_
