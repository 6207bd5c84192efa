// What a recording is, seen from outside. Mirrors otokura/v1/recording.proto in standard types; values are never renumbered.
//
// Conventions for all public headers: text is UTF-8; audio offsets and lengths count bytes of the leg's audio timeline, where the first
// byte of the call is 0 and bytes that a gap replaces are counted (as silence); digests are 32 raw bytes; every error is an absl::Status
// whose message says what was wrong and what to do, and which carries the gateway's typed detail under kErrorDetailUrl where there is one.
#ifndef OTOKURA_RECORDING_H_
#define OTOKURA_RECORDING_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace otokura::client {

// Payload URL of a serialised otokura.v1.ErrorDetail on a status.
inline constexpr char kErrorDetailUrl[] = "otokura.v1.ErrorDetail";

using Time = std::chrono::system_clock::time_point;

enum class Encoding { kUnspecified = 0, kPcmu = 1, kPcma = 2, kL16 = 3 };

struct AudioFormat {
  Encoding encoding = Encoding::kUnspecified;
  uint32_t sample_rate_hz = 8000;  // 8000, or 16000 for L16

  uint32_t bytes_per_sample() const { return encoding == Encoding::kL16 ? 2 : 1; }
  uint64_t bytes_per_second() const { return uint64_t{sample_rate_hz} * bytes_per_sample(); }
  // What a missing byte is replaced by: the code for no sound (G.711 inverts bits, so it is not zero there).
  char silence() const;
  bool operator==(const AudioFormat&) const = default;
};

enum class Leg { kUnspecified = 0, kMixed = 1, kCaller = 2, kAgent = 3 };
enum class GapReason { kUnspecified = 0, kSpoolFull = 1, kPacketLoss = 2, kRecorderRestart = 3, kGatewayLoss = 4 };
enum class RecordingState { kUnspecified = 0, kLive = 1, kSealed = 2, kIncomplete = 3 };

// Whether the recorder's own digest of the call agrees with the bytes kept.
enum class DigestCheck { kUnspecified = 0, kMatched = 1, kMatchedTail = 2, kMismatched = 3, kAbsent = 4 };

// Names as people and programs read them, for example "pcmu", "caller", "packet-loss", "sealed", "matched".
std::string_view Name(Encoding encoding);
std::string_view Name(Leg leg);
std::string_view Name(GapReason reason);
std::string_view Name(RecordingState state);
std::string_view Name(DigestCheck check);

struct Gap {
  uint64_t offset = 0;
  uint64_t length = 0;
  GapReason reason = GapReason::kUnspecified;
};

// What identifies persons in a call. Only `call_id` is required. Sealed at rest by the gateway, and by the recorder's spool.
struct PersonalMetadata {
  std::string call_id{};               // the PBX's own id of the call, 1..128 bytes
  std::string caller_number{};         // 3..15 digits after normalisation by the gateway
  std::string basic_pension_number{};  // ten digits after normalisation
  std::string agent{};                 // who answered, 1..64 bytes
  std::string notes{};                 // at most 1024 bytes
};

// What may be known of a recording without opening its personal metadata.
struct Recording {
  std::string id{};  // UUIDv7, lower-case hyphenated
  RecordingState state = RecordingState::kUnspecified;
  Time opened{};
  Time sealed{};  // the epoch while live
  std::string centre{};
  std::string queue{};
  Leg leg = Leg::kUnspecified;
  AudioFormat format{};
  uint64_t audio_bytes = 0;
  std::chrono::milliseconds duration{0};
  std::string audio_sha256{};  // empty while live
  std::vector<Gap> gaps{};
  std::string retention_class{};
  DigestCheck digest_check = DigestCheck::kUnspecified;
  std::string supplement_of{};  // id of the recording whose late audio this is, or empty
  Time recorder_start{};        // the recorder's claim; the epoch where it made none
  uint32_t parts = 0;
  std::string recorder{};  // the recorder's account name
};

}  // namespace otokura::client

#endif  // OTOKURA_RECORDING_H_
