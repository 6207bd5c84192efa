// otokura.v1.Incidents over gRPC. What changes an incident commits in one write with its entry (I3).
#ifndef OTOKURA_SERVER_RPC_INCIDENTS_SERVICE_H_
#define OTOKURA_SERVER_RPC_INCIDENTS_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <functional>

#include "absl/status/statusor.h"
#include "otokura/v1/incident.grpc.pb.h"
#include "server/access/directory.h"
#include "server/access/gate.h"
#include "server/audit/queries.h"
#include "server/incidents/canaries.h"
#include "server/incidents/incident_book.h"
#include "server/incidents/watch.h"
#include "server/keys/site_keys.h"
#include "server/rpc/door.h"
#include "server/rpc/listing.h"
#include "server/rpc/unary_call.h"
#include "server/runtime/executor.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawIncidentsService = v1::Incidents::WithRawCallbackMethod_List<v1::Incidents::WithRawCallbackMethod_Show<
    v1::Incidents::WithRawCallbackMethod_Acknowledge<v1::Incidents::WithRawCallbackMethod_Close<v1::Incidents::WithRawCallbackMethod_Report<
        v1::Incidents::WithRawCallbackMethod_MarkCanary<v1::Incidents::WithRawCallbackMethod_ClearCanary<
            v1::Incidents::WithRawCallbackMethod_ListCanaries<v1::Incidents::Service>>>>>>>>;

class IncidentsService : public RawIncidentsService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Gate* gate;
    const access::Directory* directory;
    incidents::IncidentBook* book;
    incidents::Canaries* canaries;
    incidents::Watch* watch;
    const audit::Queries* queries;
    runtime::Clock* clock;
    const keys::SiteKeys* keys;
    runtime::Executor* executor;
  };
  explicit IncidentsService(Parts parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Show(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Close(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Report(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* MarkCanary(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ClearCanary(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListCanaries(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  void ListFor(const access::Caller& caller, const v1::ListIncidentsRequest& request,
               const UnaryDone<v1::ListIncidentsResponse>& done) const;
  absl::StatusOr<v1::ListIncidentsResponse> Page(const ListingPage& page, bool with_closed) const;
  void ShowTo(const access::Caller& caller, const v1::ShowIncidentRequest& request, const UnaryDone<v1::ShowIncidentResponse>& done) const;
  absl::StatusOr<v1::Incident> Find(const std::string& id) const;
  // What somebody does about an incident: the entry, where it is allowed.
  std::unique_ptr<audit::Draft> PermitHandling(const access::Caller& caller, const std::string& id, v1::AuditAction action,
                                               const std::function<void(absl::Status)>& refused) const;
  incidents::IncidentBook::Done LookedAfter(incidents::IncidentBook::Done done) const;
  void AcknowledgeAs(const access::Caller& caller, const v1::AcknowledgeIncidentRequest& request, incidents::IncidentBook::Done done) const;
  void CloseAs(const access::Caller& caller, const v1::CloseIncidentRequest& request, incidents::IncidentBook::Done done) const;
  void ReportTo(const access::Caller& caller, const v1::ReportIncidentRequest& request,
                const UnaryDone<v1::ReportIncidentResponse>& done) const;
  absl::StatusOr<v1::ReportIncidentResponse> MakeReport(const keys::ReleasePermit& permit, const v1::ReportIncidentRequest& request) const;
  void ListCanariesFor(const access::Caller& caller, const v1::ListCanariesRequest& request,
                       const UnaryDone<v1::ListCanariesResponse>& done) const;

  const Parts parts_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_INCIDENTS_SERVICE_H_
