// A recorder whose calls are written to until they take no more, and stay so until it is killed:
//
//   otokura-flooding-recorder GATEWAY CA CERTIFICATE KEY CALLS MEMORY_BYTES_PER_CALL
//
// Lines on standard output: "ready RESIDENT_BYTES" before the first call, "full CALLS" once every call refuses audio.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "otokura/recorder.h"
#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace {

using namespace otokura::client;

constexpr size_t kPacketBytes = 1600;
constexpr int kRefusalsForFull = 3;  // apart by a round over all calls: what was on its way has gone by then

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const int count = std::atoi(argv[5]);
  RecorderOptions options;
  options.connection = {argv[1], argv[2], argv[3], argv[4]};
  options.memory_bytes_per_call_max = std::strtoull(argv[6], nullptr, 10);
  auto recorder = Recorder::Create(options);
  if (!recorder.ok()) return Fail(recorder.status());
  std::printf("ready %llu\n", static_cast<unsigned long long>(otokura::fault::ResidentBytes(getpid())));
  std::fflush(stdout);
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < count; ++i) {
    auto call = (*recorder)->StartCall(otokura::fault::CallOf("call-" + std::to_string(i)));
    if (!call.ok()) return Fail(call.status());
    calls.push_back(*std::move(call));
  }
  const std::string packet(kPacketBytes, 'a');
  std::vector<int> refusals(calls.size(), 0);
  for (int full = 0; full < count;) {
    for (size_t i = 0; i < calls.size(); ++i) {
      if (refusals[i] == kRefusalsForFull) continue;
      absl::Status taken = calls[i]->Write(packet);
      if (taken.ok()) continue;
      if (!absl::IsResourceExhausted(taken)) return Fail(taken);
      if (++refusals[i] == kRefusalsForFull) ++full;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::printf("full %d\n", count);
  std::fflush(stdout);
  pause();
  return 0;
}
