// What a decision needs to know of a recording.
#ifndef OTOKURA_SERVER_RECORDINGS_RESOURCE_H_
#define OTOKURA_SERVER_RECORDINGS_RESOURCE_H_

#include "otokura/v1/stored.pb.h"
#include "server/access/gate.h"
#include "server/keys/key_hierarchy.h"

namespace otokura::recordings {

// `own`: the record carries the tag of the caller's agent id in its epoch.
access::Resource ResourceOf(const v1::RecordingRecord& record, const access::Caller& caller, const keys::KeyHierarchy& keys);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_RESOURCE_H_
