// A file that another machine collects: checkpoints, and the entries under them where asked for, as lines of JSON (ANCHORS.md).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_FILE_ANCHOR_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_FILE_ANCHOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/audit/anchors/anchor.h"
#include "server/audit/anchors/entry_feed.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::audit {

class FileAnchor final : public Anchor {
 public:
  struct Parts {
    std::string name;  // of the anchor: its cursor is kept under it
    std::string path;
    std::string origin;
    bool entries = false;
    storage::RecordReader* records = nullptr;  // borrowed, as the committer
    storage::Committer* committer = nullptr;
    std::function<void()> replaced;  // the file was removed, cut short, or another put in its place; a new one is written to
  };
  explicit FileAnchor(Parts parts) : parts_(std::move(parts)), feed_(parts_.name, parts_.records, parts_.committer) {}
  ~FileAnchor() override;

  absl::StatusOr<Acknowledgement> Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) override;

 private:
  // Opens what lies at the path, unless that is what is open.
  absl::Status Follow();
  absl::Status Append(const std::string& lines);
  void Close();

  const Parts parts_;
  EntryFeed feed_;
  int descriptor_ = -1;
  uint64_t size_ = 0;  // of the file, as we left it
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_FILE_ANCHOR_H_
