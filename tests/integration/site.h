// A whole site for one test: folders, keys, configuration, and a gateway in this process or in one of its own.
#ifndef OTOKURA_TESTS_INTEGRATION_SITE_H_
#define OTOKURA_TESTS_INTEGRATION_SITE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.grpc.pb.h"
#include "otokura/v1/config.pb.h"
#include "otokura/v1/contract.grpc.pb.h"
#include "server/otokurad/gateway.h"
#include "server/rpc/status.h"
#include "server/runtime/event_log.h"
#include "tests/integration/pki.h"

namespace otokura::integration {

inline constexpr char kCentre[] = "tokyo";
inline constexpr char kOtherCentre[] = "osaka";
inline constexpr std::chrono::seconds kAnswerPatience{30};
inline constexpr char kCompany[] = "Maintenance Ltd";
inline constexpr char kContract[] = "maintenance";
inline constexpr char kAgent[] = "agent-7";

// What a client shows of itself. Empty certificate and key: nothing.
struct ClientIdentity {
  std::string certificate_pem;
  std::string private_key_pem;
};

class Site {
 public:
  Site();
  ~Site();

  v1::GatewayConfig& config() { return config_; }
  const std::string& folder() const { return folder_.path(); }
  std::string passphrase_file() const { return folder_.path() + "/passphrase"; }
  std::string config_file() const { return folder_.path() + "/gateway.textproto"; }
  std::string events_file() const { return folder_.path() + "/events"; }
  // As it is now, for the commands.
  void WriteConfiguration() const;
  // Makes folders and keys, with the accounts "admin" and "security".
  absl::Status Init();

  // In this process.
  absl::Status Start();
  // Init and Start over an engine in memory, which forgets everything at Stop.
  absl::Status StartInMemory(gateway::Gateway::Options options = {});
  absl::Status Start(gateway::Gateway::Options options);
  gateway::Gateway& gateway() { return *gateway_; }
  void Stop() { gateway_.reset(); }

  // As `otokurad run`; returns once it serves, or its exit status.
  absl::Status StartProcess();
  pid_t process() const { return process_; }
  void Signal(int number) const;
  // Waits until it has ended: its exit status, or minus the signal.
  int WaitForProcess();
  // `otokurad COMMAND --config …`; its output is in said().
  int Otokurad(const std::string& command, const std::vector<std::string>& arguments = {});
  std::string said() const { return ReadFile(folder_.path() + "/said"); }

  const std::string& address() const { return address_; }
  std::shared_ptr<grpc::Channel> Connect(const ClientIdentity& identity, const std::string& ca_pem = Pki::Ours().Certificate("ca")) const;
  std::shared_ptr<grpc::Channel> ConnectAs(const std::string& account) const;

  // Enrols through the Admin service, as "admin", and confirms as "security" what takes a second person.
  absl::Status Enrol(const std::string& name, v1::Role role);
  absl::Status Enrol(v1::AddAccountRequest request);
  // Through the Admin service. The site's signers are a, b and c of tests/unit/policy/policy_site.h.
  absl::Status LoadPolicy(const std::string& note, const std::string& account = "security");
  // As "security".
  absl::Status Suspend(const std::string& name);
  absl::Status Restore(const std::string& name);
  // Proposes these terms as "admin" and confirms them as "security".
  absl::Status Conclude(const v1::Contract& terms);
  // kContract, then recorder, operator, supervisor, contractor, auditor, all of kCentre.
  absl::Status EnrolEverybody();

  // One call as that account.
  template <typename Stub, typename Request, typename Response>
  absl::Status AskAs(const std::string& account, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                     const Request& request, Response* response) const {
    Stub stub(ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAnswerPatience);
    return rpc::FromGrpc((stub.*method)(&context, request, response));
  }

 private:
  TemporaryFolder folder_;
  v1::GatewayConfig config_;
  std::string address_;
  int events_descriptor_;
  std::unique_ptr<runtime::EventLog> events_;
  std::unique_ptr<gateway::Gateway> gateway_;
  pid_t process_ = 0;
};

// In force today, over kCentre, for maintenance, of the contractors' company.
v1::Contract ContractTerms(const std::string& name, absl::Time now = absl::Now());
// What Site::Enrol asks for.
v1::AddAccountRequest AccountRequest(const std::string& name, v1::Role role);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_SITE_H_
