#include "tests/fault/memory_growth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

constexpr int kDefaultStreams = 1000;

}  // namespace

int Streams() {
  const char* text = std::getenv("OTOKURA_STREAMS");
  return text == nullptr ? kDefaultStreams : std::atoi(text);
}

uint64_t SettledBytes(pid_t process) {
  uint64_t settled = ResidentBytes(process);
  for (int same = 0; same < 20; ++same) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const uint64_t now = ResidentBytes(process);
    if (now > settled + settled / 100) same = 0;
    settled = std::max(settled, now);
  }
  return settled;
}

void ExpectBounded(const std::string& what, uint64_t before, uint64_t after, uint64_t bytes_max, uint64_t once_bytes_max) {
  const auto streams = static_cast<uint64_t>(Streams());
  const uint64_t grown = after > before ? after - before : 0;
  std::cout << what << ": " << streams << " streams, " << grown / streams / 1024 << " KiB each, at most " << bytes_max / 1024
            << " KiB allowed" << std::endl;
  testing::Test::RecordProperty("bytes_per_stream", std::to_string(grown / streams));
  EXPECT_LE(grown, (streams * bytes_max + once_bytes_max) * kInstrumentation);
}

}  // namespace otokura::fault
