// The way back: find a recording, see what is known of it, hear it, keep it. Every call here is logged by the gateway before it answers.
#ifndef OTOKURA_ARCHIVE_H_
#define OTOKURA_ARCHIVE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

// Why somebody wants to see or hear something.
struct Justification {
  std::string purpose{};    // one that the role may state, for example "inquiry"
  std::string reference{};  // the case or ticket it is done for, 1..128 bytes
};

enum class PersonalField { kNone = 0, kCallerNumber = 1, kBasicPensionNumber = 2, kAgent = 3, kCallId = 4 };

struct SearchQuery {
  Time from{};  // inclusive; the epoch: from the beginning
  Time to{};    // exclusive; the epoch: until now
  std::string centre{};
  std::string queue{};  // needs centre
  PersonalField field = PersonalField::kNone;
  std::string value{};  // full-width digits, hyphens, spaces and +81 are understood by the gateway
  Justification justification{};
};

struct SearchPage {
  std::vector<Recording> recordings{};  // newest first
  std::string next_page_token{};        // empty: that was all
};

struct ShownRecording {
  Recording recording{};
  bool has_personal = false;  // false where the role may not see it
  PersonalMetadata personal{};
};

struct AudioRange {
  uint64_t offset = 0;
  uint64_t length = 0;  // 0: to the end
};

// Called in order, on the calling thread. An error from any of them ends the retrieval with that error.
struct AudioSink {
  std::function<absl::Status(const Recording& recording, AudioRange range)> begin{};  // once, before any audio; `range.length` bytes follow
  std::function<absl::Status(std::string_view audio)> write{};
  std::function<void(uint64_t done, uint64_t total)> progress{};  // optional
};

// Safe from any thread.
class Archive {
 public:
  // Checks the certificate; connects at the first call.
  static absl::StatusOr<std::unique_ptr<Archive>> Create(ConnectionOptions options);
  virtual ~Archive() = default;

  // One page. `page_size` 1..200, 0 takes the gateway's 50; `page_token` from the page before, of the same query.
  virtual absl::StatusOr<SearchPage> Search(const SearchQuery& query, uint32_t page_size, const std::string& page_token) = 0;
  virtual absl::StatusOr<ShownRecording> Show(const std::string& recording_id, const Justification& justification) = 0;
  // Audio to be heard, and audio to be kept: different rights. Where the whole was asked for, length and SHA-256 are checked against the
  // recording's (DATA_LOSS), after the sink has had the bytes: a sink that keeps them does so for good only when this returns OK.
  virtual absl::Status Listen(const std::string& recording_id, AudioRange range, const Justification& justification,
                              const AudioSink& sink) = 0;
  virtual absl::Status Get(const std::string& recording_id, AudioRange range, const Justification& justification,
                           const AudioSink& sink) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_ARCHIVE_H_
