// Accounts of machines and people: enrolling, confirming, listing, suspending.
#ifndef OTOKURA_ACCOUNTS_H_
#define OTOKURA_ACCOUNTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/connection.h"
#include "otokura/recording.h"

namespace otokura::client {

enum class Role {
  kUnspecified = 0,
  kRecorder = 1,
  kOperator = 2,
  kSupervisor = 3,
  kContractor = 4,
  kSecurity = 5,
  kAuditor = 6,
  kAdmin = 7
};
enum class Scope { kUnspecified = 0, kOwn = 1, kCentre = 2, kAll = 3 };
enum class AccountState { kUnspecified = 0, kActive = 1, kSuspended = 2, kPending = 3, kExpired = 4 };

std::string_view Name(Role role);
std::string_view Name(Scope scope);
std::string_view Name(AccountState state);

// 0 takes the gateway's default (otokura/v1/admin.proto).
struct RecorderLimits {
  std::vector<AudioFormat> formats{};
  std::vector<std::string> retention_classes{};
  uint32_t open_calls_max = 0;
  uint32_t opens_per_minute_max = 0;
  uint64_t call_bytes_max = 0;
  uint64_t day_bytes_max = 0;
};

// A key that takes the place of the enrolled one when a second person confirms it.
struct KeyRenewal {
  std::string spki_sha256{};
  std::string proposed_by{};
  Time proposed{};
};

struct Account {
  std::string name{};
  Role role = Role::kUnspecified;
  Scope scope = Scope::kUnspecified;
  std::string person_id{};
  std::string company{};
  std::string contract{};  // contractors only
  std::vector<std::string> centres{};
  std::vector<std::string> queues{};
  std::string agent{};
  RecorderLimits recorder{};  // recorders only
  std::string spki_sha256{};  // the rest: as the gateway answers
  AccountState state = AccountState::kUnspecified;
  Time created{};
  std::string suspended_reason{};
  std::string proposed_by{};
  std::string confirmed_by{};
  std::optional<KeyRenewal> renewal{};
  uint64_t revision = 0;
};

struct AccountPage {
  std::vector<Account> accounts{};  // by name
  std::string next_page_token{};
};

class Accounts {
 public:
  static absl::StatusOr<std::unique_ptr<Accounts>> Create(ConnectionOptions options);
  virtual ~Accounts() = default;
  // `certificate_pem` holds the public key to pin.
  virtual absl::StatusOr<Account> Add(const Account& account, const std::string& certificate_pem) = 0;
  // Has what waits of the account take effect, as the second person. `revision`: of the account as it was looked at.
  virtual absl::StatusOr<Account> Confirm(const std::string& name, uint64_t revision) = 0;
  // Another key for an account, which waits for a second person; of a recorder at once.
  virtual absl::StatusOr<Account> Renew(const std::string& name, const std::string& certificate_pem) = 0;
  virtual absl::StatusOr<Account> Show(const std::string& name) = 0;
  virtual absl::StatusOr<AccountPage> List(uint32_t page_size, const std::string& page_token) = 0;
  virtual absl::StatusOr<Account> Suspend(const std::string& name, const std::string& reason) = 0;
  virtual absl::StatusOr<Account> Restore(const std::string& name, const std::string& reason) = 0;
};

}  // namespace otokura::client

#endif  // OTOKURA_ACCOUNTS_H_
