// The folders of a site that is being made: removed again unless it is finished.
#ifndef OTOKURA_SERVER_OTOKURAD_UNFINISHED_SITE_H_
#define OTOKURA_SERVER_OTOKURAD_UNFINISHED_SITE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/config.pb.h"

namespace otokura::gateway {

class UnfinishedSite {
 public:
  // Makes both folders (0700) and marks them as unfinished. FAILED_PRECONDITION where either holds anything.
  static absl::StatusOr<UnfinishedSite> Create(const v1::GatewayConfig& config);
  UnfinishedSite(UnfinishedSite&& other) noexcept;
  UnfinishedSite& operator=(UnfinishedSite&&) = delete;
  ~UnfinishedSite();

  // Takes the mark away: from here on it is a site.
  absl::Status Finish() &&;

 private:
  struct Folder {
    std::string path;
    bool made = false;  // by us: then the folder itself goes too
  };
  explicit UnfinishedSite(std::string mark_path) : mark_path_(std::move(mark_path)) {}
  absl::Status Take(const char* field, const std::string& path);

  std::string mark_path_;
  std::vector<Folder> folders_;
};

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_UNFINISHED_SITE_H_
