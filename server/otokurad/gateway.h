// The running gateway: every part made once, in order, and taken down in the reverse. `otokurad run` and the tests start the same one.
#ifndef OTOKURA_SERVER_OTOKURAD_GATEWAY_H_
#define OTOKURA_SERVER_OTOKURAD_GATEWAY_H_

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "otokura/v1/config.pb.h"
#include "server/access/contracts.h"
#include "server/access/directory.h"
#include "server/access/exports.h"
#include "server/access/gate.h"
#include "server/access/policy_in_force.h"
#include "server/access/policy_loading.h"
#include "server/audit/anchors/anchors.h"
#include "server/audit/leaf_runs.h"
#include "server/audit/log.h"
#include "server/audit/pruning.h"
#include "server/audit/publisher.h"
#include "server/audit/queries.h"
#include "server/audit/reopening.h"
#include "server/incidents/canaries.h"
#include "server/incidents/incident_book.h"
#include "server/incidents/watch.h"
#include "server/otokurad/egress.h"
#include "server/otokurad/store.h"
#include "server/recordings/catalogue.h"
#include "server/recordings/ingest.h"
#include "server/recordings/retrieval.h"
#include "server/rpc/access_service.h"
#include "server/rpc/admin_service.h"
#include "server/rpc/audit_service.h"
#include "server/rpc/cases_service.h"
#include "server/rpc/contracts_service.h"
#include "server/rpc/door.h"
#include "server/rpc/exports_service.h"
#include "server/rpc/grants_service.h"
#include "server/rpc/incidents_service.h"
#include "server/rpc/ingest_service.h"
#include "server/rpc/rehearsal_service.h"
#include "server/rpc/tls_credentials.h"
#include "server/runtime/clock.h"
#include "server/runtime/event_log.h"
#include "server/runtime/executor.h"
#include "server/storage/committer.h"

namespace otokura::gateway {

class Gateway {
 public:
  struct Options {
    runtime::EventLog* events = nullptr;      // required, must outlive the gateway
    std::unique_ptr<storage::Engine> engine;  // null opens the configured folder
    std::unique_ptr<runtime::Clock> clock;    // null takes the system's
  };

  // Serves on return, with the entry GATEWAY_STARTED durable and the address file written. The configuration must have passed
  // CheckConfiguration; LockSecretMemory, RequireTls13 and CountLibraryMessages must have been called.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(v1::GatewayConfig config, Options options);
  ~Gateway();

  const std::string& address() const { return address_; }  // host:port, the port really listened on
  int port() const { return port_; }

  // Takes certificates, client authority and revocation list as their files are now, and the policy as it is stored; what cannot be read
  // stays as it was.
  void Reload();

  // Takes no new calls, acknowledges what is durable, cuts retrievals after a few seconds, logs GATEWAY_STOPPED. The destructor calls it
  // too.
  void Stop();

 private:
  Gateway(v1::GatewayConfig config, Options options);
  absl::Status Open(std::unique_ptr<storage::Engine> engine);
  absl::Status OpenLog();
  absl::Status MakeAnchors();
  void MakeGate();
  void RefreshPolicy();
  recordings::Site RecordingsSite() const;
  absl::Status OpenIncidents();
  void ReportUntold();
  absl::Status OpenRecordings();
  absl::Status Serve();
  void MakeServices();
  absl::Status WriteAddressFile() const;
  void Repeat(runtime::Executor* executor, absl::Duration interval, void (Gateway::*task)());
  void Upkeep();
  void TellHealth();
  void PruneDetails();
  access::BudgetSource BudgetsInForce() const;
  absl::Status EnsureEpochs();
  absl::Status RenewPseudonymKeys();
  bool HasEpochsForNow() const;
  void ReportLibraryMessages();
  absl::Status LogFact(v1::AuditAction action, std::string subject);
  void StopServing();
  void LetTasksEnd();

  const v1::GatewayConfig config_;
  runtime::EventLog* const events_;
  const std::unique_ptr<runtime::Clock> clock_;
  std::string address_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  bool start_logged_ = false;

  absl::Mutex health_mutex_;
  grpc::HealthCheckServiceInterface* health_ ABSL_GUARDED_BY(health_mutex_) = nullptr;  // the server's, while it serves
  absl::Mutex epochs_mutex_;                                                            // one at a time makes epochs

  // Destroyed last to first: whoever borrows stands below what it borrows. Stop ends the executor before all that its tasks use.
  Store store_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<audit::Queries> queries_;
  Egress egress_;
  std::unique_ptr<storage::Committer> committer_;
  std::unique_ptr<audit::Publisher> publisher_;
  std::unique_ptr<audit::Anchors> anchors_;
  std::unique_ptr<audit::Reopening> reopening_;
  std::unique_ptr<audit::DetailsPruning> pruning_;
  std::unique_ptr<access::PolicyInForce> policy_;
  access::GrantsInForce grants_in_force_;
  std::unique_ptr<access::Gate> gate_;
  std::shared_ptr<access::Contracts> contracts_;
  std::unique_ptr<access::Grants> grants_;
  std::unique_ptr<access::Exports> exports_;
  std::unique_ptr<access::Cases> cases_;
  std::unique_ptr<access::PolicyLoading> policy_loading_;
  std::unique_ptr<access::Directory> directory_;
  std::unique_ptr<incidents::IncidentBook> incident_book_;
  std::unique_ptr<incidents::Canaries> canaries_;
  std::unique_ptr<incidents::Watch> watch_;
  std::unique_ptr<runtime::Executor> executor_;
  std::unique_ptr<recordings::Ingest> ingest_;
  std::unique_ptr<recordings::Retrieval> retrieval_;
  std::unique_ptr<recordings::Catalogue> catalogue_;
  std::unique_ptr<rpc::ReloadableTls> tls_;
  std::unique_ptr<rpc::Door> door_;
  std::unique_ptr<rpc::IngestService> ingest_service_;
  std::unique_ptr<rpc::AccessService> access_service_;
  std::unique_ptr<audit::LeafRuns> leaf_runs_;
  std::unique_ptr<rpc::LogExports> log_exports_;
  std::unique_ptr<rpc::LogProofs> log_proofs_;
  std::unique_ptr<rpc::LogReceipts> log_receipts_;
  std::unique_ptr<rpc::AuditService> audit_service_;
  std::unique_ptr<rpc::AdminService> admin_service_;
  std::unique_ptr<rpc::ContractsService> contracts_service_;
  std::unique_ptr<rpc::CasesService> cases_service_;
  std::unique_ptr<rpc::GrantsService> grants_service_;
  std::unique_ptr<rpc::ExportsService> exports_service_;
  std::unique_ptr<rpc::IncidentsService> incidents_service_;
  std::unique_ptr<rpc::RehearsalService> rehearsal_service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_GATEWAY_H_
