// A site whose gateway is a process that can be killed, and the client library as its programs use it.
#ifndef OTOKURA_TESTS_FAULT_LIBRARY_SITE_H_
#define OTOKURA_TESTS_FAULT_LIBRARY_SITE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/archive.h"
#include "otokura/recorder.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::fault {

inline constexpr std::chrono::seconds kPatience{90};  // a busy machine under a sanitizer

client::Time Deadline();

// Printed, so that a failure can be run again: OTOKURA_SEED=… takes another.
uint32_t Seed();

// One nonce record for this process and all gateways it starts. To be called before anything is sealed.
const std::string& NonceRecord();
void ExpectNoPairTwice();

class LibrarySite {
 public:
  // Makes the site, with everybody enrolled, and starts its gateway; it keeps its port from then on.
  absl::Status Set();
  absl::Status Start();
  void Kill();  // SIGKILL
  // In order, and then `fsck --deep` must find nothing.
  void StopAndExpectWhole();

  integration::Site& site() { return site_; }
  const std::string& folder() const { return site_.folder(); }
  client::ConnectionOptions ConnectionAs(const std::string& account) const;
  std::unique_ptr<client::Archive> ArchiveAs(const std::string& account) const;
  // Downloads as the supervisor.
  absl::StatusOr<std::string> Audio(const std::string& recording_id) const;
  std::vector<integration::LoggedEntry> Log() const;

 private:
  integration::Site site_;
};

// What a Recorder said, from any thread.
class EventList {
 public:
  void Add(const client::RecorderEvent& event);
  int Count(client::RecorderEvent::Kind kind) const;
  std::vector<client::RecorderEvent> All() const;

 private:
  mutable std::mutex mutex_;
  std::vector<client::RecorderEvent> events_;
};

// Retries at once, so that a short life of the gateway is enough. `events` is borrowed and outlives the Recorder.
client::RecorderOptions QuickRecorder(const client::ConnectionOptions& connection, const std::string& spool_dir, EventList* events);
client::CallInfo CallOf(const std::string& call_id);
client::Justification Inquiry();

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_LIBRARY_SITE_H_
