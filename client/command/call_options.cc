#include "client/command/call_options.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

constexpr std::chrono::seconds kQuiet{10};

std::string Line(const RecorderEvent& event) {
  switch (event.kind) {
    case RecorderEvent::Kind::kDisconnected:
      return absl::StrCat("not connected (", event.status.message(), "); kept here, tried again");
    case RecorderEvent::Kind::kGap:
      return absl::StrCat("audio is missing from byte ", event.offset, " (", std::string(Name(event.gap_reason)), ")");
    case RecorderEvent::Kind::kDataLoss:
      return absl::StrCat("the gateway has lost ", event.length, " acknowledged bytes from byte ", event.offset, "; it has logged this");
    case RecorderEvent::Kind::kLeftoverFound:
      return "a call that an earlier run left in the spool is being delivered";
    case RecorderEvent::Kind::kSpoolProblem:
      return absl::StrCat("spool: ", event.status.message());
    default:
      return "";
  }
}

}  // namespace

void AddCallOptions(CLI::App* command, CallOptions* options) {
  command->add_option("--centre", options->centre, "call centre, one of this recorder's")->required();
  command->add_option("--queue", options->queue, "queue of the centre");
  command->add_option("--retention-class", options->retention_class, "how long it is kept (default: the account's first)");
  command->add_option("--spool", options->spool_dir, "folder that keeps, encrypted, what the gateway has not taken yet");
  command->add_option("--format", options->format, "of bare samples: pcmu, pcma or l16")->check(CLI::IsMember({"pcmu", "pcma", "l16"}));
  command->add_option("--rate", options->rate, "of bare samples, in Hz (default 8000)")
      ->check(CLI::IsMember({8000, 16000}))
      ->needs("--format");
  command->add_option("--give-up-after", options->give_up_after_s, "seconds without progress; 0: never")->check(CLI::Range(0, 1'000'000));
}

absl::StatusOr<std::optional<AudioFormat>> RawFormatOf(const CallOptions& options) {
  if (options.format.empty()) return std::nullopt;
  auto format = ParseFormat(options.rate == 0 ? options.format : absl::StrCat(options.format, ":", options.rate));
  if (!format.ok()) return format.status();
  return std::optional<AudioFormat>(*format);
}

void RecorderNotes::Take(const RecorderEvent& event) {
  absl::MutexLock lock(&mutex_);
  if (event.kind == RecorderEvent::Kind::kDisconnected && absl::IsUnauthenticated(event.status)) refusal_ = event.status;
  const std::string line = Line(event);
  const auto now = std::chrono::steady_clock::now();
  auto& last = last_[static_cast<size_t>(event.kind) % std::size(last_)];
  if (line.empty() || (last != std::chrono::steady_clock::time_point() && now - last < kQuiet)) return;
  last = now;
  std::fprintf(stderr, "otokura: %s\n", line.c_str());
}

absl::Status RecorderNotes::Refusal() {
  absl::MutexLock lock(&mutex_);
  return refusal_;
}

absl::StatusOr<std::unique_ptr<Recorder>> MakeRecorder(const Session& session, const CallOptions& options,
                                                       std::shared_ptr<RecorderNotes> notes) {
  RecorderOptions recorder;
  recorder.connection = session.connection;
  recorder.spool_dir = options.spool_dir;
  recorder.on_event = [notes = std::move(notes)](const RecorderEvent& event) { notes->Take(event); };
  return Recorder::Create(std::move(recorder));
}

}  // namespace otokura::client
