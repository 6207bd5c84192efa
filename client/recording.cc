#include "otokura/recording.h"

#include <cstddef>

namespace otokura::client {

char AudioFormat::silence() const {
  switch (encoding) {
    case Encoding::kPcmu:
      return static_cast<char>(0xFF);
    case Encoding::kPcma:
      return static_cast<char>(0xD5);
    default:
      return 0;
  }
}

namespace {

template <size_t kCount, typename Value>
std::string_view NameIn(const std::string_view (&names)[kCount], Value value) {
  const auto index = static_cast<size_t>(value);
  return names[index < kCount ? index : 0];
}

}  // namespace

std::string_view Name(Encoding encoding) {
  constexpr std::string_view kNames[] = {"unspecified", "pcmu", "pcma", "l16"};
  return NameIn(kNames, encoding);
}

std::string_view Name(Leg leg) {
  constexpr std::string_view kNames[] = {"unspecified", "mixed", "caller", "agent"};
  return NameIn(kNames, leg);
}

std::string_view Name(GapReason reason) {
  constexpr std::string_view kNames[] = {"unspecified", "spool-full", "packet-loss", "recorder-restart", "gateway-loss"};
  return NameIn(kNames, reason);
}

std::string_view Name(RecordingState state) {
  constexpr std::string_view kNames[] = {"unspecified", "live", "sealed", "incomplete"};
  return NameIn(kNames, state);
}

std::string_view Name(DigestCheck check) {
  constexpr std::string_view kNames[] = {"unspecified", "matched", "matched-tail", "mismatched", "absent"};
  return NameIn(kNames, check);
}

}  // namespace otokura::client
