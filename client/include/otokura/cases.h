// Cases: the reason to hear a call that can be checked. Whoever opens one hears nothing under it.
#ifndef OTOKURA_CASES_H_
#define OTOKURA_CASES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/archive.h"
#include "otokura/connection.h"

namespace otokura::client {

enum class CaseState { kUnspecified = 0, kOpen = 1, kClosed = 2, kEnded = 3 };
std::string_view Name(CaseState state);

// A number, agent or call id that calls are known by.
struct CaseTerm {
  PersonalField field = PersonalField::kNone;
  std::string value{};
};

struct NewCase {
  std::string name{};                   // what justifications state as reference
  std::vector<std::string> purposes{};  // at least one
  std::vector<std::string> recording_ids{};
  std::vector<CaseTerm> terms{};  // kept as keyed hashes, never in clear
  uint32_t days = 0;              // 1..365; 0 takes 30
  std::string reason{};
};

// A case as the gateway keeps it.
struct Case {
  std::string name{};
  std::vector<std::string> purposes{};
  std::vector<std::string> recording_ids{};
  uint32_t terms = 0;  // how many it names
  CaseState state = CaseState::kUnspecified;
  std::string opened_by{};
  Time opened{};
  Time ends{};
  std::string closed_by{};
};

struct CasePage {
  std::vector<Case> cases{};  // by name
  std::string next_page_token{};
};

class Cases {
 public:
  static absl::StatusOr<std::unique_ptr<Cases>> Create(ConnectionOptions options);
  virtual ~Cases() = default;
  virtual absl::StatusOr<Case> Open(const NewCase& opened) = 0;
  virtual absl::StatusOr<Case> Close(const std::string& name, const std::string& reason) = 0;
  virtual absl::StatusOr<Case> Show(const std::string& name) = 0;  // also one that is closed
  virtual absl::StatusOr<CasePage> List(uint32_t page_size, const std::string& page_token) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_CASES_H_
