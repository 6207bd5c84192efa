// Recordings as rows of the store: keys of every table that names one, and the record itself.
#ifndef OTOKURA_SERVER_RECORDINGS_ROWS_H_
#define OTOKURA_SERVER_RECORDINGS_ROWS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/blind_index.h"
#include "otokura/v1/recording.pb.h"
#include "otokura/v1/stored.pb.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

inline constexpr uint32_t kRecordVersion = 1;
inline constexpr std::string_view kLivePrefix = "live/";      // kMeta: "live/" ‖ id → "", as long as the recording is LIVE
inline constexpr std::string_view kIntakePrefix = "intake/";  // kMeta: "intake/" ‖ recorder → IntakeDay

// A record and its exact stored bytes, which are the precondition of every change to it.
struct StoredRecord {
  v1::RecordingRecord record;
  std::string bytes;
};

// NOT_FOUND; FAILED_PRECONDITION from a newer version; DATA_LOSS where it does not parse or is another recording's.
absl::StatusOr<StoredRecord> ReadRecord(const storage::RecordReader& records, const storage::RecordingId& id);
storage::RecordingId IdOf(const v1::RecordingRecord& record);
v1::RecordingSummary Summarise(const v1::RecordingRecord& record);

std::string CentrePrefix(std::string_view centre);                         // ‖ id is the key in kByCentre
std::string QueuePrefix(std::string_view centre, std::string_view queue);  // ‖ id is the key in kByQueue
std::string TagPrefix(crypto::IndexField field, std::string_view tag);     // ‖ id is the key in kTags
std::string LiveKey(const storage::RecordingId& id);

// Puts the rows of a new recording: the record, its index rows, its call row and its live row.
void PutNew(const v1::RecordingRecord& record, storage::Batch* batch);
// Whether the record carries this tag.
bool HasTag(const v1::RecordingRecord& record, crypto::IndexField field, std::string_view tag);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_ROWS_H_
