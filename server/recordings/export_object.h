// A recording on its way out under an export: a WAV file, sealed to the recipient as it is read.
#ifndef OTOKURA_SERVER_RECORDINGS_EXPORT_OBJECT_H_
#define OTOKURA_SERVER_RECORDINGS_EXPORT_OBJECT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/cms_sealer.h"
#include "crypto/sha256.h"
#include "otokura/v1/export.pb.h"
#include "otokura/v1/stored.pb.h"

namespace otokura::recordings {

// Movable; one thread at a time.
class ExportObject {
 public:
  // OUT_OF_RANGE where the audio is too long for a WAV file.
  static absl::StatusOr<ExportObject> Create(std::string_view certificate_pem, const v1::RecordingRecord& record);

  // The next of the audio. What of the object is ready then, perhaps nothing.
  absl::StatusOr<std::string> Add(std::string_view audio);
  // The rest of the object, once all audio was added; of which then Describe tells.
  absl::StatusOr<std::string> Finish();
  v1::ExportedObject Describe(absl::Time taken) const;

 private:
  ExportObject(crypto::CmsSealer sealer, v1::ExportedObject described);
  absl::StatusOr<std::string> Counted(absl::StatusOr<std::string> sealed);

  crypto::CmsSealer sealer_;
  v1::ExportedObject described_;
  std::string head_;  // of the file, until the first audio comes
  crypto::Sha256Stream digest_;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_EXPORT_OBJECT_H_
