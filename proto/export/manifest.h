// The text of an export's manifest, which the key of the log signs (server/access/FORMAT.md). Its first two lines make it nothing else that
// this key signs: a checkpoint begins with the log's origin, and its second line is a number.
#ifndef OTOKURA_PROTO_EXPORT_MANIFEST_H_
#define OTOKURA_PROTO_EXPORT_MANIFEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/export.pb.h"

namespace otokura::exports {

inline constexpr size_t kManifestObjectsMax = 1'000;  // as many recordings as an export can have (policy.proto)

struct ManifestObject {
  std::string recording_id{};  // text form; the object's file is this and ".cms"
  uint64_t bytes = 0;
  std::string sha256{};  // 32 bytes, as below
  std::string audio_sha256{};
  uint64_t audio_bytes = 0;
  std::string encoding{};  // AudioFormat.Encoding by name
  uint32_t sample_rate_hz = 0;
  absl::Time opened{};
  std::string centre{};
};

struct Manifest {
  std::string log{};  // name of the key that signs
  std::string export_id{};
  std::string recipient{};
  std::string recipient_sha256{};
  std::string purpose{};
  absl::Time made{};
  uint64_t recordings = 0;  // of the export; more than there are objects where not all were taken
  std::vector<ManifestObject> objects{};
};

std::string ManifestText(std::string_view log, const v1::Export& kept, absl::Time made);
// INVALID_ARGUMENT where it is not exactly of the form, DATA_LOSS never: whose it is, the signature says.
absl::StatusOr<Manifest> ParseManifest(std::string_view text);

std::string ObjectFileName(std::string_view recording_id);

}  // namespace otokura::exports

#endif  // OTOKURA_PROTO_EXPORT_MANIFEST_H_
