// Streams what stands on standard input (G.711 µ-law, 8 kHz, as a telephone sends it) to a gateway as one call:
//   record_call GATEWAY PKI_FOLDER CALL_ID < call.ulaw
#include <otokura/recorder.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace otokura::client;

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: record_call GATEWAY PKI_FOLDER CALL_ID\n";
    return 2;
  }
  const std::string pki = argv[2];
  auto recorder = Recorder::Create({
      .connection = {.gateway = argv[1],
                     .ca_file = pki + "/ca.pem",
                     .certificate_file = pki + "/recorder.pem",
                     .private_key_file = pki + "/recorder.key"},
      .spool_dir = "spool",  // where audio waits, encrypted, while the gateway is away; delivered by the next run if need be
      .on_event =
          [](const RecorderEvent& event) {
            if (event.kind == RecorderEvent::Kind::kDisconnected) std::cerr << "trying again: " << event.status << "\n";
          },
  });
  if (!recorder.ok()) {
    std::cerr << recorder.status() << "\n";
    return 1;
  }
  auto call = (*recorder)->StartCall({
      .personal = {.call_id = argv[3], .caller_number = "03-1234-5678"},
      .format = {.encoding = Encoding::kPcmu},
      .centre = "tokyo",
  });
  if (!call.ok()) {
    std::cerr << call.status() << "\n";
    return 1;
  }
  std::string packet(160, '\0');  // 20 milliseconds
  while (std::cin.read(packet.data(), static_cast<std::streamsize>(packet.size())) || std::cin.gcount() > 0) {
    packet.resize(static_cast<size_t>(std::cin.gcount()));
    if (absl::Status written = (*call)->Write(packet); !written.ok()) std::cerr << written << "\n";  // never blocks
  }
  (*call)->Finish();
  auto sealed = (*call)->Wait(std::chrono::system_clock::now() + std::chrono::minutes(5));
  if (!sealed.ok()) {
    std::cerr << sealed.status() << "\n";
    return 1;
  }
  std::cout << "kept as " << sealed->recording_id << ", " << sealed->audio_bytes << " bytes\n";
  return sealed->digest_check == DigestCheck::kMatched ? 0 : 1;
}
