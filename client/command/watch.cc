// `otokura watch`: the way in for recorders that write files.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command/audio_source.h"
#include "client/command/call_options.h"
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/recording_text.h"
#include "client/command/send_audio.h"
#include "client/command/session.h"
#include "client/command/sidecar.h"
#include "client/command/text.h"
#include "client/command/watch_folder.h"
#include "crypto/sha256.h"

namespace otokura::client {
namespace {

constexpr size_t kAtOnceMax = 8;                       // files; more would not be faster on one disk
constexpr std::chrono::milliseconds kLookEvery{1000};  // two looks without a change make a file finished
constexpr std::chrono::seconds kAgainAfter{30};        // a file that could not be taken through no fault of its own
constexpr size_t kNameInCallIdBytes = 100;             // of 128: the digest's prefix needs the rest
constexpr size_t kDigestInCallIdBytes = 8;

struct WatchOptions {
  std::string folder;
  std::string done;
  bool remove = false;
  bool once = false;
  CallOptions call;
};

absl::StatusOr<Sidecar> ReadSidecar(const std::string& path) {
  auto text = ReadFile(path, kSidecarBytesMax);
  if (absl::IsNotFound(text.status())) return Sidecar{};
  if (!text.ok()) return text.status();
  return ParseSidecar(*text);
}

// The same for the same content under the same name, so that a file is never taken in twice, and different for whatever replaces it.
absl::StatusOr<std::string> CallIdFromContent(const std::string& path, const std::string& name) {
  auto file = OpenFile(path, O_RDONLY);
  if (!file.ok()) return file.status();
  crypto::Sha256Stream digest;
  std::string buffer(64 * 1024, '\0');
  for (;;) {
    const ssize_t got = ::read(file->get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path, errno);
    if (got == 0) break;
    digest.Update(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
  }
  std::string short_name = name.substr(0, kNameInCallIdBytes);
  while (short_name.size() < name.size() && !short_name.empty() && (static_cast<unsigned char>(name[short_name.size()]) & 0xC0) == 0x80)
    short_name.pop_back();
  return absl::StrCat(short_name, "-", Hex(digest.Digest().substr(0, kDigestInCallIdBytes)));
}

// Whether another file, or this one later, could fare better: then it stays where it is.
bool IsNotTheFilesFault(const absl::Status& status) {
  switch (ExitCodeOf(status)) {
    case kExitRefused:
    case kExitTryAgain:
      return true;
    default:
      return absl::IsCancelled(status);
  }
}

class Watch {
 public:
  Watch(const WatchOptions& options, const Session& session, WatchFolder folder, Recorder* recorder, std::shared_ptr<RecorderNotes> notes,
        std::optional<AudioFormat> raw_format)
      : options_(options),
        session_(session),
        folder_(std::move(folder)),
        recorder_(recorder),
        notes_(std::move(notes)),
        raw_format_(raw_format) {
    for (size_t i = 0; i < kAtOnceMax; ++i) workers_.emplace_back([this] { Work(); });
  }
  ~Watch() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  // Until interrupted; with --once until nothing is left that can be taken now.
  int Run() {
    for (bool first = true; !Interrupted(); first = false) {
      auto finished = folder_.Look();
      if (!finished.ok()) return Fail(finished.status());
      Queue(*finished);
      if (options_.once && !first && NothingLeft()) break;
      folder_.WaitForChange(kLookEvery);
    }
    std::lock_guard lock(mutex_);
    return worst_;
  }

 private:
  bool NothingLeft() {
    std::lock_guard lock(mutex_);
    return waiting_.empty() && taking_.empty() && folder_.files_seen() <= postponed_.size();
  }

  void Queue(const std::vector<FinishedFile>& finished) {
    const auto now = std::chrono::steady_clock::now();
    {
      std::lock_guard lock(mutex_);
      for (const FinishedFile& file : finished) {
        const auto postponed = postponed_.find(file.name);
        if (postponed != postponed_.end() && (options_.once || now < postponed->second)) continue;
        if (!taking_.insert(file.name).second) continue;
        postponed_.erase(file.name);
        waiting_.push_back(file);
      }
    }
    changed_.notify_all();
  }

  void Work() {
    for (;;) {
      FinishedFile file;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_ || Interrupted()) return;
        file = waiting_.front();
        waiting_.pop_front();
      }
      const absl::StatusOr<SealedCall> sealed = Take(file);
      const absl::Status settled = Settle(file, sealed);
      std::lock_guard lock(mutex_);
      taking_.erase(file.name);
      if (!settled.ok()) {
        postponed_[file.name] = std::chrono::steady_clock::now() + kAgainAfter;
        if (!absl::IsCancelled(settled)) worst_ = std::max(worst_, Fail(settled));
      }
    }
  }

  absl::StatusOr<SealedCall> Take(const FinishedFile& file) {
    auto sidecar = ReadSidecar(folder_.SidecarOf(file.name));
    if (!sidecar.ok()) return sidecar.status();
    auto source = AudioSource::Open(folder_.PathOf(file.name), raw_format_);
    if (!source.ok()) return source.status();
    if (sidecar->personal.call_id.empty()) {
      auto call_id = CallIdFromContent(folder_.PathOf(file.name), file.name);
      if (!call_id.ok()) return call_id.status();
      sidecar->personal.call_id = *call_id;
    }
    auto call = recorder_->StartCall({.personal = sidecar->personal,
                                      .leg = sidecar->leg,
                                      .format = (*source)->format(),
                                      .centre = options_.call.centre,
                                      .queue = sidecar->queue.value_or(options_.call.queue),
                                      .retention_class = options_.call.retention_class,
                                      .start = sidecar->start,
                                      .replayable = true});
    if (!call.ok()) return call.status();
    SendingPace pace{.give_up_after = std::chrono::seconds(options_.call.give_up_after_s)};
    if (options_.once) pace.check = [this] { return notes_->Refusal(); };
    auto sealed = SendAudio(source->get(), call->get(), pace);
    if (sealed.ok() && sealed->digest_check != DigestCheck::kMatched) {
      return absl::DataLossError(absl::StrCat("recording ", sealed->recording_id, " is sealed, but its digest is ",
                                              std::string(Name(sealed->digest_check)), ": the gateway does not have this file's bytes"));
    }
    return sealed;
  }

  // Not OK: the file stays in the folder.
  absl::Status Settle(const FinishedFile& file, const absl::StatusOr<SealedCall>& sealed) {
    if (sealed.ok()) {
      Say(file.name, *sealed);
      return folder_.SettleSealed(file, sealed->recording_id);
    }
    if (IsNotTheFilesFault(sealed.status())) return sealed.status();
    const int exit_code =
        Fail(absl::Status(sealed.status().code(), absl::StrCat("'", file.name, "' goes to failed/: ", sealed.status().message())));
    {
      std::lock_guard lock(mutex_);
      worst_ = std::max(worst_, exit_code);
    }
    return folder_.SettleFailed(file, sealed.status());
  }

  void Say(const std::string& name, const SealedCall& sealed) {
    std::lock_guard lock(mutex_);
    if (session_.json) {
      PrintJson({{"file", name},
                 {"recording_id", sealed.recording_id},
                 {"audio_bytes", sealed.audio_bytes},
                 {"audio_sha256", Hex(sealed.audio_sha256)}});
    } else {
      std::printf("%s  %s\n", sealed.recording_id.c_str(), name.c_str());
    }
    std::fflush(stdout);
  }

  const WatchOptions& options_;
  const Session& session_;
  WatchFolder folder_;
  Recorder* const recorder_;
  const std::shared_ptr<RecorderNotes> notes_;
  const std::optional<AudioFormat> raw_format_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<FinishedFile> waiting_;
  std::set<std::string> taking_;  // names waiting or being taken
  std::map<std::string, std::chrono::steady_clock::time_point> postponed_;
  int worst_ = kExitDone;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

int Run(const WatchOptions& options, const Session& session) {
  auto raw_format = RawFormatOf(options.call);
  if (!raw_format.ok()) return Fail(raw_format.status());
  const std::string done = options.done.empty() ? options.folder + "/done" : options.done;
  auto folder = WatchFolder::Open(options.folder, done, options.remove ? WatchFolder::Afterwards::kDelete : WatchFolder::Afterwards::kMove);
  if (!folder.ok()) return Fail(folder.status());
  const auto notes = std::make_shared<RecorderNotes>();
  auto recorder = MakeRecorder(session, options.call, notes);
  if (!recorder.ok()) return Fail(recorder.status());
  return Watch(options, session, *std::move(folder), recorder->get(), notes, *raw_format).Run();
}

}  // namespace

void AddWatch(CLI::App* app, Session* session) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = app->add_subcommand(
      "watch",
      "Take in finished recordings as they appear in a folder. FILE.json beside FILE, written before it, may give call_id, caller_number,\n"
      "basic_pension_number, agent, notes, queue, leg, start_unix_ms. A file leaves the folder only once it is sealed; what cannot be "
      "taken goes\n"
      "to failed/ with FILE.error.txt");
  command->add_option("folder", options->folder, "the folder")->required();
  auto* done = command->add_option("--done", options->done, "where sealed files go (default: done/ in the folder)");
  command->add_flag("--delete", options->remove, "delete sealed files instead")->excludes(done);
  command->add_flag("--once", options->once, "end when nothing is left to take; fails if any file failed");
  AddCallOptions(command, &options->call);
  command->footer(Footer("otokura watch /var/spool/calls --centre tokyo --delete"));
  command->callback([options, session] { session->run = [options, session] { return Run(*options, *session); }; });
}

}  // namespace otokura::client
