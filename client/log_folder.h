// A log as a folder, laid out as c2sp.org/tlog-tiles serves it: checkpoint, tile/<level>/…, tile/entries/…; and
// hand-over/<n>, where the key of the log handed over (crypto/tlog/log_keys.h).
#ifndef OTOKURA_CLIENT_LOG_FOLDER_H_
#define OTOKURA_CLIENT_LOG_FOLDER_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/tlog/tile.h"

namespace otokura::client {

class LogFolder {
 public:
  explicit LogFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // Makes it where it is missing.
  absl::Status Create() const;
  // Nothing where there is none yet.
  absl::StatusOr<std::optional<std::string>> ReadCheckpoint() const;
  // Makes all that was written before durable, then the checkpoint, in one step.
  absl::Status WriteCheckpoint(std::string_view note) const;

  // From the log's first key to its newest, oldest first: hand-over/1, hand-over/2, … None where the log has had one key.
  absl::StatusOr<std::vector<std::string>> ReadHandOvers() const;
  // Each in one step.
  absl::Status WriteHandOvers(const std::vector<std::string>& notes) const;

  // The whole file. NOT_FOUND where there is none.
  absl::StatusOr<std::string> ReadTile(const crypto::TileCoordinates& tile) const;
  // In one step; durable with the next checkpoint.
  absl::Status WriteTile(const crypto::TileCoordinates& tile, std::string_view bytes) const;
  // Partial tiles of what is a full one now.
  absl::Status RemovePartials(int level, uint64_t index) const;

  // Every file under tile/, by its path in the folder.
  absl::Status ForEachFile(const std::function<void(const std::string& path)>& file) const;

 private:
  const std::string path_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_LOG_FOLDER_H_
