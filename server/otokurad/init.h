// `otokurad init`: an empty site with its keys and its first accounts. All of it or nothing.
#ifndef OTOKURA_SERVER_OTOKURAD_INIT_H_
#define OTOKURA_SERVER_OTOKURAD_INIT_H_

#include <string>

#include "absl/status/status.h"
#include "otokura/v1/config.pb.h"
#include "server/storage/storage.h"

namespace otokura::gateway {

struct FirstAccounts {
  std::string admin_certificate_pem;
  std::string security_certificate_pem;  // empty: none yet
};

// Makes the folders, the root key, the site key and the store. FAILED_PRECONDITION where there is anything already. On an error what was
// made is removed again; where the process is killed midway, the next call says what to remove.
absl::Status InitialiseSite(const v1::GatewayConfig& config, const FirstAccounts& accounts);
// The same into an empty engine and an empty key store folder, with nothing removed on an error.
absl::Status InitialiseSiteOn(storage::Engine& engine, const v1::GatewayConfig& config, const FirstAccounts& accounts);

struct InitArguments {
  std::string config_path;
  std::string admin_certificate_path;
  std::string security_certificate_path;  // may be empty
};

// An exit code.
int Init(const InitArguments& arguments);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_INIT_H_
