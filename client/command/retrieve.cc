// `otokura listen` and `otokura get`: audio out, to be heard or to be kept.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/output_file.h"
#include "client/command/progress.h"
#include "client/command/session.h"
#include "client/command/sound_device.h"
#include "client/command/text.h"
#include "client/command/wav.h"
#include "otokura/archive.h"

namespace otokura::client {
namespace {

struct RetrieveOptions {
  std::string id;
  Justification justification;
  std::string output;
  std::string device;
  double from_s = 0;
  double for_s = 0;
  bool raw = false;
};

// `write` takes bytes to wherever they go. WAV wants its audio padded to an even length.
AudioSink SinkTo(std::function<absl::Status(std::string_view)> write, bool raw, Progress* progress) {
  AudioSink sink;
  auto to_come = std::make_shared<uint64_t>(0);
  auto padded = std::make_shared<bool>(false);
  sink.begin = [=](const Recording& recording, AudioRange range) {
    if (raw) return absl::OkStatus();
    *to_come = range.length;
    *padded = range.length % 2 == 1;
    auto header = WavHeader(recording.format, range.length);
    return header.ok() ? write(*header) : header.status();
  };
  sink.write = [=](std::string_view audio) {
    if (Interrupted()) return absl::CancelledError("interrupted; nothing was kept");
    absl::Status written = write(audio);
    *to_come -= std::min<uint64_t>(*to_come, audio.size());
    if (written.ok() && *padded && *to_come == 0) written = write(std::string_view("\0", 1));
    return written;
  };
  sink.progress = [progress](uint64_t done, uint64_t total) { progress->Show(done, total); };
  return sink;
}

// Seconds as timeline bytes need the format, which only the recording knows.
absl::StatusOr<AudioRange> RangeOf(const RetrieveOptions& options, Archive* archive) {
  if (options.from_s == 0 && options.for_s == 0) return AudioRange{};
  auto shown = archive->Show(options.id, options.justification);
  if (!shown.ok()) return shown.status();
  const Recording& recording = shown->recording;
  const auto bytes_of = [&](double seconds) {
    return static_cast<uint64_t>(std::llround(seconds * recording.format.sample_rate_hz)) * recording.format.bytes_per_sample();
  };
  AudioRange range{.offset = bytes_of(options.from_s), .length = bytes_of(options.for_s)};
  if (range.offset >= recording.audio_bytes) {
    return absl::OutOfRangeError(
        absl::StrCat("--from ", options.from_s, " lies behind the end; the recording lasts ", DurationText(recording.duration)));
  }
  if (range.length > recording.audio_bytes - range.offset) range.length = 0;  // to the end
  return range;
}

absl::Status WriteToStdout(std::string_view bytes) { return WriteAll(STDOUT_FILENO, bytes, "standard output"); }

using Hear = std::function<absl::Status(const AudioSink&)>;

absl::Status HearOnDevice(const std::string& name, const Hear& hear) {
  auto device = SoundDevice::Open(name);
  if (!device.ok()) return device.status();
  Progress progress;
  AudioSink sink;
  sink.begin = [&](const Recording& recording, AudioRange) { return (*device)->Begin(recording.format); };
  sink.write = [&](std::string_view audio) { return (*device)->Play(audio); };
  sink.progress = [&](uint64_t done, uint64_t total) { progress.Show(done, total); };
  const absl::Status heard = hear(sink);
  return heard.ok() ? (*device)->Finish() : heard;
}

absl::Status HearIntoFile(const std::string& path, const Hear& hear) {
  auto file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  Progress progress;
  const auto write = [&](std::string_view bytes) { return (*file)->Write(bytes); };
  const absl::Status heard = hear(SinkTo(write, /*raw=*/false, &progress));
  return heard.ok() ? (*file)->Commit() : heard;
}

absl::Status HearOnStdout(const Hear& hear) {
  if (::isatty(STDOUT_FILENO) == 1)
    return absl::InvalidArgumentError("--output: a terminal takes no audio; pipe it to a player, or leave it out to hear it on a device");
  Progress progress;
  return hear(SinkTo(WriteToStdout, /*raw=*/false, &progress));
}

// Where nothing else is said, a pipe is there to be written to, and a person at a terminal has ears.
absl::Status HearWhere(const RetrieveOptions& options, const Hear& hear) {
  if (!options.device.empty()) return HearOnDevice(options.device, hear);
  if (options.output == "-" || (options.output.empty() && ::isatty(STDOUT_FILENO) != 1)) return HearOnStdout(hear);
  if (options.output.empty()) return HearOnDevice(kDefaultSoundDevice, hear);
  return HearIntoFile(options.output, hear);
}

absl::Status Listen(const RetrieveOptions& options, const Session& session) {
  auto archive = Archive::Create(session.connection);
  if (!archive.ok()) return archive.status();
  return HearWhere(options, [&](const AudioSink& sink) {
    auto range = RangeOf(options, archive->get());
    return range.ok() ? (*archive)->Listen(options.id, *range, options.justification, sink) : range.status();
  });
}

absl::Status Get(const RetrieveOptions& options, const Session& session) {
  auto archive = Archive::Create(session.connection);
  if (!archive.ok()) return archive.status();
  auto file = OutputFile::Create(options.output);
  if (!file.ok()) return file.status();
  Progress progress;
  const auto write = [&](std::string_view bytes) { return (*file)->Write(bytes); };
  const absl::Status got = (*archive)->Get(options.id, {}, options.justification, SinkTo(write, options.raw, &progress));
  return got.ok() ? (*file)->Commit() : got;
}

int Run(absl::Status (*retrieve)(const RetrieveOptions&, const Session&), const RetrieveOptions& options, const Session& session) {
  const absl::Status status = retrieve(options, session);
  return status.ok() ? kExitDone : Fail(status);
}

}  // namespace

void AddListen(CLI::App* app, Session* session) {
  auto options = std::make_shared<RetrieveOptions>();
  CLI::App* command = app->add_subcommand("listen", "Hear a recording, on a sound device or as WAV for a player");
  command->add_option("id", options->id, "recording id")->required();
  command->add_option("--from", options->from_s, "begin so many seconds in")->check(CLI::Range(0.0, 1e7));
  command->add_option("--for", options->for_s, "so many seconds (default: to the end)")->check(CLI::Range(0.0, 1e7));
  CLI::Option* const output = command->add_option(
      "--output", options->output, "WAV file, or - for standard output (default: standard output if it is no terminal, else a device)");
  command->add_option("--device", options->device, "sound device, as `aplay -L` lists them")->excludes(output);
  AddJustification(command, &options->justification, /*required=*/true);
  command->footer(Footer("otokura listen 01a2013c-5ac4-7984-9723-0effe47e9048 --from 60 --for 10 --purpose inquiry --reference CASE-1001"));
  command->callback([options, session] { session->run = [options, session] { return Run(Listen, *options, *session); }; });
}

void AddGet(CLI::App* app, Session* session) {
  auto options = std::make_shared<RetrieveOptions>();
  CLI::App* command = app->add_subcommand("get", "Download a recording, checked against its SHA-256");
  command->add_option("id", options->id, "recording id")->required();
  command->add_option("--output", options->output, "file; written only when all of it has come and is right")->required();
  command->add_flag("--raw", options->raw, "the samples alone, without a WAV header");
  AddJustification(command, &options->justification, /*required=*/true);
  command->footer(Footer("otokura get 01a2013c-5ac4-7984-9723-0effe47e9048 --output call.wav --purpose complaint --reference CASE-1001"));
  command->callback([options, session] { session->run = [options, session] { return Run(Get, *options, *session); }; });
}

}  // namespace otokura::client
