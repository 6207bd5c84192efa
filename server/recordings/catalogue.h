// Finding recordings and showing what is known of one (DESIGN §5 blind index, §8).
#ifndef OTOKURA_SERVER_RECORDINGS_CATALOGUE_H_
#define OTOKURA_SERVER_RECORDINGS_CATALOGUE_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "otokura/v1/access.pb.h"
#include "server/access/caller.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// Thread-safe; `done` runs on the executor once everything about the request is in the log.
class Catalogue {
 public:
  static std::unique_ptr<Catalogue> Create(Site site);
  virtual ~Catalogue() = default;
  virtual void Search(access::Caller caller, v1::SearchRequest request, std::function<void(absl::StatusOr<v1::SearchResponse>)> done) = 0;
  virtual void Show(access::Caller caller, v1::ShowRequest request, std::function<void(absl::StatusOr<v1::ShowResponse>)> done) = 0;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_CATALOGUE_H_
