// An export as a folder: <recording id>.cms each, `manifest`, and `.export`, which says whose folder it is from the first moment.
#ifndef OTOKURA_CLIENT_COMMAND_EXPORT_FOLDER_H_
#define OTOKURA_CLIENT_COMMAND_EXPORT_FOLDER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/tlog/log_keys.h"
#include "proto/export/manifest.h"

namespace otokura::client {

class ExportFolder {
 public:
  explicit ExportFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // Makes it where it is missing. FAILED_PRECONDITION where it is another export's, or holds anything else.
  absl::Status Claim(const std::string& export_id) const;
  // Whether the whole object is there.
  absl::StatusOr<bool> Has(const std::string& recording_id, uint64_t bytes, const std::string& sha256) const;
  // Where an object is written until all of it came; and into its place then, durably.
  std::string UnfinishedPath(const std::string& recording_id) const;
  absl::Status Keep(const std::string& recording_id) const;

  // In one step.
  absl::Status WriteManifest(std::string_view note) const;
  // The manifest, where one of these keys signed it, every object of it is there as it says, and nothing else is. DATA_LOSS naming the
  // first file that is not as it should be.
  absl::StatusOr<exports::Manifest> Verify(const crypto::LogKeys& keys) const;
  // That every object is there as the manifest says.
  absl::Status CheckObjects(const exports::Manifest& manifest) const;

 private:
  absl::Status CheckNothingElse(const exports::Manifest& manifest) const;
  const std::string path_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_EXPORT_FOLDER_H_
