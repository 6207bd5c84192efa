// A recorder as a program of its own, so that a test can kill it. Speaks the bytes of integration::Speech(BYTES, SEED) as one call:
//
//   otokura-speaking-recorder GATEWAY CA CERTIFICATE KEY SPOOL speak CALL_ID SEED BYTES live|file PAUSE_MICROSECONDS
//   otokura-speaking-recorder GATEWAY CA CERTIFICATE KEY SPOOL resume
//
// `live` audio comes once and goes through the spool; a `file` can be read again. PAUSE follows each packet of 160 bytes. Lines on standard
// output:
//   acknowledged BYTES   each time there are more          written BYTES       after the last packet
//   sealed CALL_ID ID BYTES CHECK                          failed CALL_ID WHY
// Exit code 0: everything that was begun here or left in the spool is sealed.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "otokura/recorder.h"
#include "tests/fault/library_site.h"

namespace {

using namespace otokura::client;

constexpr size_t kPacketBytes = 160;
constexpr std::chrono::seconds kPatience{90};

Time Deadline() { return std::chrono::system_clock::now() + kPatience; }

void Print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

RecorderOptions Options(char** argv) {
  RecorderOptions options;
  options.connection = {argv[1], argv[2], argv[3], argv[4]};
  options.spool_dir = argv[5];
  options.backoff = {std::chrono::milliseconds(20), std::chrono::milliseconds(200), std::chrono::milliseconds(200)};
  options.on_event = [](const RecorderEvent& event) {
    if (event.kind == RecorderEvent::Kind::kFailed) Print("failed " + event.call_id + " " + event.status.ToString());
    if (event.kind == RecorderEvent::Kind::kDataLoss) Print("data-loss " + event.call_id);
    if (event.kind == RecorderEvent::Kind::kSealed) Print("delivered " + event.call_id);
    if (event.kind == RecorderEvent::Kind::kLeftoverFound) Print("leftover " + event.call_id);
  };
  return options;
}

class Progress {
 public:
  void Look(const Call& call) {
    const uint64_t acknowledged = call.committed_bytes();
    if (acknowledged <= last_) return;
    last_ = acknowledged;
    Print("acknowledged " + std::to_string(acknowledged));
  }

 private:
  uint64_t last_ = 0;
};

absl::Status Speak(Recorder& recorder, char** argv) {
  const std::string call_id = argv[7];
  const std::string audio =
      otokura::integration::Speech(std::strtoull(argv[9], nullptr, 10), static_cast<uint32_t>(std::strtoul(argv[8], nullptr, 10)));
  const std::chrono::microseconds pause(std::strtol(argv[11], nullptr, 10));
  CallInfo info = otokura::fault::CallOf(call_id);
  info.replayable = argv[10] == std::string_view("file");
  auto call = recorder.StartCall(info);
  if (!call.ok()) return call.status();
  Progress progress;
  for (size_t offset = 0; offset < audio.size(); offset += kPacketBytes) {
    if (absl::Status room = (*call)->WaitForRoom(kPacketBytes, Deadline()); !room.ok()) return room;
    if (absl::Status taken = (*call)->Write(std::string_view(audio).substr(offset, kPacketBytes)); !taken.ok()) return taken;
    progress.Look(**call);
    std::this_thread::sleep_for(pause);
  }
  Print("written " + std::to_string(audio.size()));
  (*call)->Finish();
  auto sealed = (*call)->Wait(Deadline());
  if (!sealed.ok()) return sealed.status();
  Print("sealed " + call_id + " " + sealed->recording_id + " " + std::to_string(sealed->audio_bytes) + " " +
        std::string(Name(sealed->digest_check)));
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 12 && argc != 7) return 2;
  auto recorder = Recorder::Create(Options(argv));
  if (!recorder.ok()) return Fail(recorder.status());
  if (argc == 12) {
    if (absl::Status spoken = Speak(**recorder, argv); !spoken.ok()) return Fail(spoken);
  }
  if (absl::Status drained = (*recorder)->Drain(Deadline()); !drained.ok()) return Fail(drained);
  return 0;
}
