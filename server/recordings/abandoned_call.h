// A call whose recorder stayed away is sealed as incomplete (DESIGN §4).
#ifndef OTOKURA_SERVER_RECORDINGS_ABANDONED_CALL_H_
#define OTOKURA_SERVER_RECORDINGS_ABANDONED_CALL_H_

#include <functional>
#include <memory>

#include "otokura/v1/stored.pb.h"
#include "server/recordings/ingest_stream.h"

namespace otokura::recordings {

// Whether nobody writes the call and nobody has for longer than the limit. What this process did not see itself counts from its start.
bool IsAbandoned(const IngestShared& shared, const v1::RecordingRecord& record);

// Takes the call, seals it as INCOMPLETE and runs `ended`, whatever came of it: what fails is tried again by the next sweep.
void SealAbandonedCall(std::shared_ptr<IngestShared> shared, const v1::RecordingRecord& record, std::function<void()> ended);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_ABANDONED_CALL_H_
