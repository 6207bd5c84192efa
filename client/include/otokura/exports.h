// Many recordings for somebody outside: requested by one person, approved by another, each sealed by the gateway to the recipient's
// certificate, with a signed manifest.
#ifndef OTOKURA_EXPORTS_H_
#define OTOKURA_EXPORTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/archive.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

enum class ExportState { kUnspecified = 0, kRequested = 1, kActive = 2, kRefused = 3, kRevoked = 4, kExpired = 5 };
std::string_view Name(ExportState state);

struct ExportRequest {
  std::string recipient{};  // a name that the policy has
  std::vector<std::string> recording_ids{};
  Justification justification{};
  std::string reason{};
  uint32_t hours = 0;  // from the approval; 0: as long as the policy allows
};

// One recording as it left: a CMS object that holds a WAV file.
struct ExportedObject {
  std::string recording_id{};
  uint64_t bytes = 0;
  std::string sha256{};
  Time taken{};
};

// An export as the gateway keeps it.
struct Export {
  std::string id{};
  std::string account{};
  std::string person_id{};
  std::string recipient{};
  std::string recipient_company{};
  std::string recipient_sha256{};  // of the certificate that everything is sealed to, DER
  std::vector<std::string> recording_ids{};
  Justification justification{};
  std::string reason{};
  uint32_t hours = 0;
  ExportState state = ExportState::kUnspecified;
  Time requested{};
  std::string decided_by{};  // the account that approved or refused it
  Time from{}, until{};      // of one that was approved
  std::string revoked_by{};
  std::string ended_because{};
  uint64_t revision = 0;
  std::vector<ExportedObject> taken{};  // each as it was taken whole last
};

// A page may be short, even empty, and still have a next one.
struct ExportPage {
  std::vector<Export> exports{};  // newest first
  std::string next_page_token{};
};

// Called in order, on the calling thread.
struct ObjectSink {
  std::function<absl::Status(std::string_view sealed)> write{};   // an error ends it with that error
  std::function<void(uint64_t done, uint64_t total)> progress{};  // optional; about, as the object's size is known when it ends
};

class Exports {
 public:
  static absl::StatusOr<std::unique_ptr<Exports>> Create(ConnectionOptions options);
  virtual ~Exports() = default;
  virtual absl::StatusOr<Export> Request(const ExportRequest& request) = 0;
  // `revision`: of the export as it was looked at.
  virtual absl::StatusOr<Export> Approve(const std::string& id, uint64_t revision) = 0;
  virtual absl::StatusOr<Export> Refuse(const std::string& id, const std::string& reason) = 0;
  virtual absl::StatusOr<Export> Revoke(const std::string& id, const std::string& reason) = 0;
  virtual absl::StatusOr<Export> Show(const std::string& id) = 0;
  // With `ended` also those that are over.
  virtual absl::StatusOr<ExportPage> List(bool ended, uint32_t page_size, const std::string& page_token) = 0;
  // One recording of an export, sealed. Where it returns OK the sink has had exactly the object that the gateway recorded; before that what
  // it had is good for nothing.
  virtual absl::StatusOr<ExportedObject> Take(const std::string& id, const std::string& recording_id, const ObjectSink& sink) = 0;
  // The signed list of what was taken so far.
  virtual absl::StatusOr<std::string> Manifest(const std::string& id) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_EXPORTS_H_
