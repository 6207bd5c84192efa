// Contracts with companies that maintain the system. Two persons make one take effect; either closes it.
#ifndef OTOKURA_CONTRACTS_H_
#define OTOKURA_CONTRACTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

enum class ContractState { kUnspecified = 0, kPending = 1, kConfirmed = 2, kClosed = 3 };
std::string_view Name(ContractState state);

// A contract as the gateway keeps it.
struct Contract {
  std::string name{};
  std::string company{};
  std::string parent{};
  std::string first_day{}, last_day{};  // YYYY-MM-DD, in the gateway's time zone
  std::string responsible{};
  std::vector<std::string> purposes{};
  std::vector<std::string> centres{};
  ContractState state = ContractState::kUnspecified;
  std::string not_in_force{};    // why not; empty where it is in force
  std::string terms{};           // all that it says, as protobuf text (otokura/v1/contract.proto)
  std::string proposed_terms{};  // other terms that wait to be confirmed
  std::string proposed_by{};
  Time proposed{};
  std::string confirmed_by{};
  std::string closed_by{};
  uint64_t revision = 0;
};

struct ContractPage {
  std::vector<Contract> contracts{};  // by name
  std::string next_page_token{};
};

class Contracts {
 public:
  static absl::StatusOr<std::unique_ptr<Contracts>> Create(ConnectionOptions options);
  virtual ~Contracts() = default;
  // `terms` is a message Contract as protobuf text. Of a name that there is: other terms for it. INVALID_ARGUMENT where it says anything
  // that a contract does not have.
  virtual absl::StatusOr<Contract> Add(const std::string& terms) = 0;
  // Has what waits of it take effect, as the second person. `revision`: of the contract as it was looked at.
  virtual absl::StatusOr<Contract> Confirm(const std::string& name, uint64_t revision) = 0;
  virtual absl::StatusOr<Contract> Close(const std::string& name, const std::string& reason) = 0;
  virtual absl::StatusOr<Contract> Show(const std::string& name) = 0;
  virtual absl::StatusOr<ContractPage> List(uint32_t page_size, const std::string& page_token) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_CONTRACTS_H_
