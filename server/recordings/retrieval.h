// Audio goes out (DESIGN §4): logged, permitted, checked against manifest and log, opened chunk by chunk, and logged again.
#ifndef OTOKURA_SERVER_RECORDINGS_RETRIEVAL_H_
#define OTOKURA_SERVER_RECORDINGS_RETRIEVAL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "otokura/v1/access.pb.h"
#include "otokura/v1/export.pb.h"
#include "server/access/caller.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// One step of what goes out.
struct RetrievalMessage {
  std::optional<v1::RetrieveHeader> header{};  // first, once, and alone
  std::string bytes{};                         // of the audio; where it is taken under an export, of the sealed object
  std::optional<v1::ExportedObject> object{};  // with the last bytes of what is taken under an export
};

// What a retrieval needs of its transport. Called from the executor's threads, never two calls at once for one stream.
class RetrievalPeer {
 public:
  virtual ~RetrievalPeer() = default;
  // One message; the next comes only after OnSent.
  virtual void Send(RetrievalMessage message) = 0;
  // The last call.
  virtual void End(absl::Status status) = 0;
};

// Thread-safe; each call only posts.
class RetrievalStream {
 public:
  virtual ~RetrievalStream() = default;
  virtual void OnSent() = 0;
  virtual void OnCancel() = 0;
};

class Retrieval {
 public:
  static std::unique_ptr<Retrieval> Create(Site site);
  virtual ~Retrieval() = default;
  // `action` is kListen or kDownload.
  virtual std::shared_ptr<RetrievalStream> Start(access::Caller caller, access::Action action, v1::RetrieveRequest request,
                                                 std::shared_ptr<RetrievalPeer> peer) = 0;
  // One recording under an export, sealed to its recipient.
  virtual std::shared_ptr<RetrievalStream> Take(access::Caller caller, v1::TakeExportRequest request,
                                                std::shared_ptr<RetrievalPeer> peer) = 0;
  // No new retrievals; returns when those in flight have ended or `grace` is over (then they are cut, and the cut is logged).
  virtual void Drain(absl::Duration grace) = 0;
};

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_RETRIEVAL_H_
