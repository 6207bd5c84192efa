// Incidents: what alarms found, and what people make of it. And canaries, the bait that raises some of them.
#ifndef OTOKURA_INCIDENTS_H_
#define OTOKURA_INCIDENTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/accounts.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

enum class IncidentState { kUnspecified = 0, kOpen = 1, kAcknowledged = 2, kClosed = 3 };
enum class AlarmKind { kUnspecified = 0, kPersistence = 1, kEnumeration = 2, kCanary = 3, kRaced = 4 };
std::string_view Name(IncidentState state);
std::string_view Name(AlarmKind kind);

struct Alarm {
  AlarmKind kind = AlarmKind::kUnspecified;
  Time time{};
  std::string account{};
  Role role = Role::kUnspecified;
  std::string company{};
  std::string address{};
  std::string recording_id{};             // the canary touched
  std::optional<uint64_t> of_sequence{};  // the entry of the log that raised it
  bool suspended = false;                 // the account, with it
};

struct Incident {
  std::string id{};  // 32 hexadecimal digits
  IncidentState state = IncidentState::kUnspecified;
  uint32_t level = 0;
  Time opened{};
  std::vector<Alarm> alarms{};  // empty in lists
  uint64_t alarms_beyond = 0;   // more than are kept
  std::vector<std::string> accounts{};
  std::vector<std::string> companies{};
  std::vector<std::string> addresses{};
  std::vector<std::string> recordings{};
  std::string told_step{};              // of the ladder, taken last; empty: none
  std::vector<std::string> awaiting{};  // alerts that did not reach their places yet
  std::string acknowledged_by{};
  Time acknowledged{};
  std::string note{};
  std::string closed_by{};
  Time closed{};
  std::string conclusion{};
};

struct IncidentPage {
  std::vector<Incident> incidents{};    // newest first
  std::vector<std::string> warnings{};  // what keeps people from being told
  std::string next_page_token{};
};

// What the log says left through the accounts of an incident.
struct IncidentReport {
  Incident incident{};
  Time from{}, to{};
  uint64_t recordings_heard = 0;
  uint64_t recordings_shown = 0;
  uint64_t persons = 0;
  uint64_t audio_bytes = 0;
  uint64_t personal_searches = 0;
  uint64_t downloads = 0;
  uint64_t refused = 0;
  bool incomplete = false;  // at least so much: the log is too long to be read for one report
  std::vector<std::string> suspended{};
  bool shows_caller_number = false, shows_pension_number = false, shows_agent = false, shows_call_id = false;
};

struct Canary {
  std::string recording_id{};
  std::string marked_by{};
  Time marked{};
};

struct CanaryPage {
  std::vector<Canary> canaries{};
  std::string next_page_token{};
};

class Incidents {
 public:
  static absl::StatusOr<std::unique_ptr<Incidents>> Create(ConnectionOptions options);
  virtual ~Incidents() = default;

  virtual absl::StatusOr<IncidentPage> List(bool with_closed, uint32_t page_size, const std::string& page_token) = 0;
  virtual absl::StatusOr<Incident> Show(const std::string& id) = 0;
  virtual absl::StatusOr<Incident> Acknowledge(const std::string& id, const std::string& note) = 0;
  virtual absl::StatusOr<Incident> Close(const std::string& id, const std::string& conclusion) = 0;
  // Counts from so many days before the first alarm; 0 takes 30.
  virtual absl::StatusOr<IncidentReport> Report(const std::string& id, uint32_t days_before) = 0;

  virtual absl::StatusOr<Canary> MarkCanary(const std::string& recording_id) = 0;
  virtual absl::Status ClearCanary(const std::string& recording_id) = 0;
  virtual absl::StatusOr<CanaryPage> ListCanaries(uint32_t page_size, const std::string& page_token) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_INCIDENTS_H_
