// What contractors may hear: requested by them, approved by somebody outside their contracts, ended by itself.
#ifndef OTOKURA_GRANTS_H_
#define OTOKURA_GRANTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/archive.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

enum class GrantState { kUnspecified = 0, kRequested = 1, kActive = 2, kRefused = 3, kRevoked = 4, kExpired = 5 };
std::string_view Name(GrantState state);

struct GrantRequest {
  std::vector<std::string> recording_ids{};
  Justification justification{};
  std::string reason{};
  uint32_t hours = 0;  // from the approval
};

// A grant as the gateway keeps it.
struct Grant {
  std::string id{};
  std::string account{};
  std::string person_id{};
  std::string company{};
  std::string contract{};
  std::vector<std::string> recording_ids{};
  Justification justification{};
  std::string reason{};
  uint32_t hours = 0;
  GrantState state = GrantState::kUnspecified;
  Time requested{};
  std::string decided_by{};  // the account that approved or refused it
  Time from{}, until{};      // of one that was approved
  std::string revoked_by{};
  std::string ended_because{};
  uint64_t revision = 0;
};

// A page may be short, even empty, and still have a next one.
struct GrantPage {
  std::vector<Grant> grants{};  // newest first
  std::string next_page_token{};
};

class Grants {
 public:
  static absl::StatusOr<std::unique_ptr<Grants>> Create(ConnectionOptions options);
  virtual ~Grants() = default;
  // FAILED_PRECONDITION while another of the same person waits or is active.
  virtual absl::StatusOr<Grant> Request(const GrantRequest& request) = 0;
  // `revision`: of the grant as it was looked at.
  virtual absl::StatusOr<Grant> Approve(const std::string& id, uint64_t revision) = 0;
  virtual absl::StatusOr<Grant> Refuse(const std::string& id, const std::string& reason) = 0;
  virtual absl::StatusOr<Grant> Revoke(const std::string& id, const std::string& reason) = 0;
  // A contractor's own; with `ended` also those that are over.
  virtual absl::StatusOr<GrantPage> List(bool ended, uint32_t page_size, const std::string& page_token) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_GRANTS_H_
