// `otokura record`: one call, from a file or from standard input.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "client/command/audio_source.h"
#include "client/command/call_options.h"
#include "client/command/exit_code.h"
#include "client/command/send_audio.h"
#include "client/command/session.h"
#include "client/command/text.h"

namespace otokura::client {
namespace {

struct RecordOptions {
  std::string file;
  PersonalMetadata personal;
  std::string leg = "mixed";
  bool live = false;
  CallOptions call;
};

void Print(const SealedCall& sealed, bool json) {
  if (json) {
    const nlohmann::json line = {{"recording_id", sealed.recording_id},
                                 {"audio_bytes", sealed.audio_bytes},
                                 {"audio_sha256", Hex(sealed.audio_sha256)},
                                 {"digest_check", Name(sealed.digest_check)}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("recording  %s\nsha256     %s\nbytes      %llu\ndigest     %s\n", sealed.recording_id.c_str(),
              Hex(sealed.audio_sha256).c_str(), static_cast<unsigned long long>(sealed.audio_bytes),
              std::string(Name(sealed.digest_check)).c_str());
}

absl::StatusOr<SealedCall> Record(const RecordOptions& options, const Session& session) {
  auto leg = ParseLeg(options.leg);
  if (!leg.ok()) return leg.status();
  auto raw_format = RawFormatOf(options.call);
  if (!raw_format.ok()) return raw_format.status();
  auto source = AudioSource::Open(options.file, *raw_format);
  if (!source.ok()) return source.status();
  const auto notes = std::make_shared<RecorderNotes>();
  auto recorder = MakeRecorder(session, options.call, notes);
  if (!recorder.ok()) return recorder.status();
  auto call = (*recorder)->StartCall({.personal = options.personal,
                                      .leg = *leg,
                                      .format = (*source)->format(),
                                      .centre = options.call.centre,
                                      .queue = options.call.queue,
                                      .retention_class = options.call.retention_class,
                                      .replayable = (*source)->is_file()});
  if (!call.ok()) return call.status();
  SendingPace pace{.live = options.live, .give_up_after = std::chrono::seconds(options.call.give_up_after_s)};
  // What is being said now cannot be said again: a live call waits for its certificate to be renewed.
  if (!options.live) pace.check = [notes] { return notes->Refusal(); };
  return SendAudio(source->get(), call->get(), pace);
}

int Run(const RecordOptions& options, const Session& session) {
  auto sealed = Record(options, session);
  if (!sealed.ok()) return Fail(sealed.status());
  Print(*sealed, session.json);
  if (sealed->digest_check == DigestCheck::kMismatched) {
    return Fail(absl::DataLossError(absl::StrCat("recording ", sealed->recording_id,
                                                 " is sealed, but not with the bytes that were sent; the gateway has logged this")));
  }
  return kExitDone;
}

}  // namespace

void AddRecord(CLI::App* app, Session* session) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command =
      app->add_subcommand("record", "Stream one call to the gateway; prints its recording id and SHA-256 when it is sealed");
  command->add_option("file", options->file, "WAV file, or '-' for standard input (WAV; bare samples with --format)")->required();
  command->add_option("--call-id", options->personal.call_id, "the telephone system's own id of the call")->required();
  command->add_option("--leg", options->leg, "mixed (default), caller or agent")->check(CLI::IsMember({"mixed", "caller", "agent"}));
  command->add_option("--caller", options->personal.caller_number, "the caller's telephone number");
  command->add_option("--pension-number", options->personal.basic_pension_number, "the caller's basic pension number");
  command->add_option("--agent", options->personal.agent, "who answered");
  command->add_option("--notes", options->personal.notes, "free text, kept sealed");
  command->add_flag("--live", options->live, "send at the pace at which it is spoken");
  AddCallOptions(command, &options->call);
  command->footer(Footer("otokura record call.wav --call-id pbx-4711 --centre tokyo --queue pension --agent a7"));
  command->callback([options, session] { session->run = [options, session] { return Run(*options, *session); }; });
}

}  // namespace otokura::client
