#include "client/command/export_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command/exit_code.h"
#include "client/command/export_folder.h"
#include "client/command/interrupt.h"
#include "client/command/log_key.h"
#include "client/command/progress.h"
#include "client/command/recording_text.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "otokura/exports.h"

namespace otokura::client {
namespace {

struct RunOptions {
  std::string id, folder, key, hand_overs;
};

// Of each recording, for the bar over all of them.
constexpr uint64_t kStepsOfOne = 1000;

class Run {
 public:
  Run(const std::string& folder, Exports* exports) : folder_(folder), exports_(exports) {}

  // Whole objects that are there stay; what is not whole is taken again from its beginning, under a fresh key.
  absl::StatusOr<exports::Manifest> TakeAll(const std::string& id) {
    absl::StatusOr<Export> kept = exports_->Show(id);
    if (!kept.ok()) return kept.status();
    if (absl::Status claimed = folder_.Claim(kept->id); !claimed.ok()) return claimed;
    total_ = kept->recording_ids.size() * kStepsOfOne;
    for (const std::string& recording : kept->recording_ids) {
      absl::StatusOr<bool> there = IsThere(*kept, recording);
      if (!there.ok()) return there.status();
      if (absl::Status taken = *there ? absl::OkStatus() : Take(kept->id, recording); !taken.ok()) return taken;
      done_ += kStepsOfOne;
      progress_.Show(done_, total_);
    }
    return WriteManifest(kept->id);
  }

 private:
  absl::StatusOr<bool> IsThere(const Export& kept, const std::string& recording) const {
    const auto taken =
        std::find_if(kept.taken.begin(), kept.taken.end(), [&](const ExportedObject& object) { return object.recording_id == recording; });
    if (taken == kept.taken.end()) return false;
    return folder_.Has(recording, taken->bytes, taken->sha256);
  }

  absl::Status Take(const std::string& id, const std::string& recording) {
    const std::string path = folder_.UnfinishedPath(recording);
    absl::StatusOr<FileDescriptor> file = OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    if (!file.ok()) return file.status();
    ObjectSink sink;
    sink.write = [&](std::string_view sealed) {
      return Interrupted() ? absl::CancelledError("interrupted; run it again to go on") : WriteAll(file->get(), sealed, path);
    };
    sink.progress = [&](uint64_t done, uint64_t total) { progress_.Show(done_ + (total == 0 ? 0 : done * kStepsOfOne / total), total_); };
    absl::Status taken = exports_->Take(id, recording, sink).status();
    if (taken.ok() && ::fsync(file->get()) != 0) taken = FileError("sync", path, errno);
    if (taken.ok()) taken = folder_.Keep(recording);
    if (!taken.ok()) ::unlink(path.c_str());
    return taken;
  }

  absl::StatusOr<exports::Manifest> WriteManifest(const std::string& id) const {
    absl::StatusOr<std::string> note = exports_->Manifest(id);
    if (!note.ok()) return note.status();
    absl::StatusOr<exports::Manifest> manifest = exports::ParseManifest(note->substr(0, note->find("\n\n") + 1));
    if (!manifest.ok()) return manifest;
    // Somebody may have run it into another folder meanwhile.
    if (absl::Status objects = folder_.CheckObjects(*manifest); !objects.ok()) return objects;
    if (absl::Status written = folder_.WriteManifest(*note); !written.ok()) return written;
    return manifest;
  }

  const ExportFolder folder_;
  Exports* const exports_;
  Progress progress_;
  uint64_t done_ = 0, total_ = 0;
};

void Print(const exports::Manifest& manifest, const Session& session) {
  uint64_t bytes = 0;
  for (const exports::ManifestObject& object : manifest.objects) bytes += object.bytes;
  if (session.json) {
    return PrintJson({{"export", manifest.export_id},
                      {"recipient", manifest.recipient},
                      {"recipient_sha256", Hex(manifest.recipient_sha256)},
                      {"purpose", manifest.purpose},
                      {"recordings", manifest.recordings},
                      {"objects", manifest.objects.size()},
                      {"bytes", bytes}});
  }
  std::printf("export %s for %s: %zu of %" PRIu64 " recordings, %" PRIu64 " bytes sealed\n", manifest.export_id.c_str(),
              manifest.recipient.c_str(), manifest.objects.size(), manifest.recordings, bytes);
}

int Told(const absl::StatusOr<exports::Manifest>& manifest, const Session& session) {
  if (!manifest.ok()) return Fail(manifest.status());
  Print(*manifest, session);
  return kExitDone;
}

int TakeOut(const RunOptions& options, const Session& session) {
  auto exports = Exports::Create(session.connection);
  if (!exports.ok()) return Fail(exports.status());
  CatchInterrupts();
  absl::StatusOr<exports::Manifest> taken = Run(options.folder, exports->get()).TakeAll(options.id);
  return Told(taken, session);
}

int Verify(const RunOptions& options, const Session& session) {
  const auto keys = ReadLogKeys(options.key, options.hand_overs);
  if (!keys.ok()) return Fail(keys.status());
  return Told(ExportFolder(options.folder).Verify(*keys), session);
}

}  // namespace

void AddExportRun(CLI::App* command, Session* session) {
  auto options = std::make_shared<RunOptions>();
  command->add_option("id", options->id, "export id")->required();
  command->add_option("folder", options->folder, "where the objects and the manifest go; run again, it goes on")->required();
  command->footer(Footer("otokura export run 01a2013c-5ac4-7984-9723-0effe47e9048 ./for-the-court"));
  command->callback([options, session] { session->run = [options, session] { return TakeOut(*options, *session); }; });
}

void AddExportVerify(CLI::App* command, Session* session) {
  auto options = std::make_shared<RunOptions>();
  command->add_option("folder", options->folder, "what `otokura export run` wrote")->required();
  AddLogKey(command, &options->key, &options->hand_overs);
  command->footer(Footer("otokura export verify ./for-the-court --key tokyo.example+1a2b3c4d+AX…"));
  command->callback([options, session] { session->run = [options, session] { return Verify(*options, *session); }; });
}

}  // namespace otokura::client
