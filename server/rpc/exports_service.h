// otokura.v1.Exports over gRPC. What changes an export commits in one write with its entry (I3).
#ifndef OTOKURA_SERVER_RPC_EXPORTS_SERVICE_H_
#define OTOKURA_SERVER_RPC_EXPORTS_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/signed_note.h"
#include "otokura/v1/export.grpc.pb.h"
#include "server/access/contracts.h"
#include "server/access/directory.h"
#include "server/access/exports.h"
#include "server/recordings/retrieval.h"
#include "server/recordings/site.h"
#include "server/rpc/door.h"
#include "server/rpc/listing.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {

// Every method takes its message raw (wire.h).
using RawExportsService = v1::Exports::WithRawCallbackMethod_Request<v1::Exports::WithRawCallbackMethod_Approve<
    v1::Exports::WithRawCallbackMethod_Refuse<v1::Exports::WithRawCallbackMethod_Revoke<v1::Exports::WithRawCallbackMethod_List<
        v1::Exports::WithRawCallbackMethod_Take<v1::Exports::WithRawCallbackMethod_Manifest<v1::Exports::Service>>>>>>>;

class ExportsService : public RawExportsService {
 public:
  // Borrowed, must outlive the server that this is registered with.
  struct Parts {
    const Door* door;
    access::Exports* exports;
    const access::Contracts* contracts;
    const access::Directory* directory;
    recordings::Retrieval* retrieval;
    const crypto::NoteSigner* signer;  // the log's
  };
  ExportsService(Parts parts, recordings::Site site) : parts_(parts), site_(std::move(site)) {}

  grpc::ServerUnaryReactor* Request(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Approve(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Take(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Manifest(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;

 private:
  using ExportDone = std::function<void(absl::StatusOr<v1::Export>)>;
  // Somebody who asks about an export, which may not be there.
  struct Matter {
    access::Caller caller;
    access::Ask ask;
    access::ExportId id;
    std::shared_ptr<const access::ExportStanding> standing;
    std::vector<access::GateWatch::Logged> watches{};  // of what was decided on the way, and is in the entry of the whole
  };
  // What of it is to be written, or why not; and then the word for the log.
  using Prepare = std::function<absl::StatusOr<access::Exports::Change>(const Matter& matter, std::string* rule)>;

  absl::StatusOr<Matter> MatterOf(const access::Caller& caller, access::Action action, const std::string& id) const;
  static void TellWatches(const Matter& matter, std::optional<uint64_t> sequence);
  // Decides, prepares, commits; every refusal is an entry.
  void Change(const Matter& matter, const Prepare& prepare, std::string_view reason, ExportDone done) const;

  void RequestAs(const access::Caller& caller, v1::RequestExportRequest request, ExportDone done) const;
  // About one of the recordings that somebody wants to export.
  absl::StatusOr<access::Ask> AskAboutRecording(const access::Caller& caller, const v1::RequestExportRequest& request,
                                                const std::string& recording_id) const;
  void ApproveAs(const access::Caller& caller, const v1::ApproveExportRequest& request, ExportDone done) const;
  void RefuseAs(const access::Caller& caller, const v1::RefuseExportRequest& request, ExportDone done) const;
  void RevokeAs(const access::Caller& caller, const v1::RevokeExportRequest& request, ExportDone done) const;
  // That it may be approved as it was requested, now.
  absl::Status CheckMayBeExported(const Matter& matter, std::string* rule) const;

  void Show(const access::Caller& caller, const v1::ListExportsRequest& request, const UnaryDone<v1::ListExportsResponse>& done) const;
  absl::StatusOr<v1::ListExportsResponse> Page(const ListingPage& page, const v1::ListExportsRequest& request) const;
  void Sign(const access::Caller& caller, const v1::ExportManifestRequest& request, UnaryDone<v1::ExportManifestResponse> done) const;

  const Parts parts_;
  const recordings::Site site_;
};

}  // namespace otokura::rpc

#endif  // OTOKURA_SERVER_RPC_EXPORTS_SERVICE_H_
