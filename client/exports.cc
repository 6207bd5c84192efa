#include "otokura/exports.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/unary.h"
#include "crypto/sha256.h"
#include "otokura/v1/export.grpc.pb.h"

namespace otokura::client {
namespace {

ExportedObject FromProto(const v1::ExportedObject& proto) {
  return {.recording_id = proto.recording_id(),
          .bytes = proto.bytes(),
          .sha256 = proto.sha256(),
          .taken = FromUnixMillis(proto.taken_unix_ms())};
}

Export FromProto(const v1::Export& proto) {
  Export kept{.id = proto.id(),
              .account = proto.account(),
              .person_id = proto.person_id(),
              .recipient = proto.recipient(),
              .recipient_company = proto.recipient_company(),
              .recipient_sha256 = proto.recipient_sha256(),
              .recording_ids = {proto.recording_ids().begin(), proto.recording_ids().end()},
              .justification = {.purpose = proto.justification().purpose(), .reference = proto.justification().reference()},
              .reason = proto.reason(),
              .hours = proto.hours(),
              .state = static_cast<ExportState>(proto.state()),
              .requested = FromUnixMillis(proto.requested_unix_ms()),
              .decided_by = proto.decided_by(),
              .from = FromUnixMillis(proto.from_unix_ms()),
              .until = FromUnixMillis(proto.until_unix_ms()),
              .revoked_by = proto.revoked_by(),
              .ended_because = proto.ended_because(),
              .revision = proto.revision()};
  for (const v1::ExportedObject& object : proto.taken()) kept.taken.push_back(FromProto(object));
  return kept;
}

// What arrives of one object, held against what the gateway says it is.
class ObjectArrival {
 public:
  explicit ObjectArrival(const ObjectSink& sink) : sink_(sink) {}

  absl::Status Take(const v1::TakeExportResponse& response) {
    if (response.has_header()) audio_bytes_ = response.header().length();
    if (object_.has_value()) return absl::InternalError("the gateway sent more behind the end of an object");
    digest_.Update(response.sealed());
    bytes_ += response.sealed().size();
    if (response.has_object()) object_ = response.object();
    if (response.sealed().empty()) return absl::OkStatus();
    absl::Status taken = sink_.write(response.sealed());
    if (taken.ok() && sink_.progress) sink_.progress(std::min(bytes_, audio_bytes_), audio_bytes_);
    return taken;
  }

  absl::StatusOr<ExportedObject> Finish() const {
    if (!object_.has_value()) return absl::DataLossError("the object ended before its end; take it again");
    if (object_->bytes() == bytes_ && object_->sha256() == digest_.Digest()) return FromProto(*object_);
    return absl::DataLossError(
        absl::StrCat("recording ", object_->recording_id(), ": what came is not what the gateway sent; take it again"));
  }

 private:
  const ObjectSink& sink_;
  uint64_t audio_bytes_ = 0;
  uint64_t bytes_ = 0;
  crypto::Sha256Stream digest_;
  std::optional<v1::ExportedObject> object_;
};

class GatewayExports final : public Exports {
 public:
  explicit GatewayExports(std::unique_ptr<v1::Exports::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<Export> Request(const ExportRequest& wanted) override {
    v1::RequestExportRequest request;
    request.set_recipient(wanted.recipient);
    for (const std::string& id : wanted.recording_ids) request.add_recording_ids(id);
    request.mutable_justification()->set_purpose(wanted.justification.purpose);
    request.mutable_justification()->set_reference(wanted.justification.reference);
    request.set_reason(wanted.reason);
    request.set_hours(wanted.hours);
    return AskFor(&v1::Exports::Stub::Request, request);
  }

  absl::StatusOr<Export> Approve(const std::string& id, uint64_t revision) override {
    v1::ApproveExportRequest request;
    request.set_id(id);
    request.set_revision(revision);
    return AskFor(&v1::Exports::Stub::Approve, request);
  }

  absl::StatusOr<Export> Refuse(const std::string& id, const std::string& reason) override {
    v1::RefuseExportRequest request;
    request.set_id(id);
    request.set_reason(reason);
    return AskFor(&v1::Exports::Stub::Refuse, request);
  }

  absl::StatusOr<Export> Revoke(const std::string& id, const std::string& reason) override {
    v1::RevokeExportRequest request;
    request.set_id(id);
    request.set_reason(reason);
    return AskFor(&v1::Exports::Stub::Revoke, request);
  }

  absl::StatusOr<Export> Show(const std::string& id) override {
    v1::ListExportsRequest request;
    request.set_id(id);
    auto response = Ask(stub_.get(), &v1::Exports::Stub::List, request);
    if (!response.ok()) return response.status();
    if (response->exports_size() == 1) return FromProto(response->exports(0));
    return absl::InternalError("the gateway answered with something else; are client and gateway of compatible versions?");
  }

  absl::StatusOr<ExportPage> List(bool ended, uint32_t page_size, const std::string& page_token) override {
    v1::ListExportsRequest request;
    request.set_ended(ended);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Exports::Stub::List, request);
    if (!response.ok()) return response.status();
    ExportPage page{.next_page_token = response->next_page_token()};
    for (const v1::Export& kept : response->exports()) page.exports.push_back(FromProto(kept));
    return page;
  }

  absl::StatusOr<ExportedObject> Take(const std::string& id, const std::string& recording_id, const ObjectSink& sink) override {
    v1::TakeExportRequest request;
    request.set_id(id);
    request.set_recording_id(recording_id);
    grpc::ClientContext context;
    const auto reader = stub_->Take(&context, request);
    ObjectArrival arrival(sink);
    absl::Status taken = absl::OkStatus();
    v1::TakeExportResponse response;
    while (taken.ok() && reader->Read(&response)) taken = arrival.Take(response);
    if (!taken.ok()) context.TryCancel();
    const absl::Status ended = FromGrpc(reader->Finish());
    if (!taken.ok()) return taken;
    if (!ended.ok()) return ended;
    return arrival.Finish();
  }

  absl::StatusOr<std::string> Manifest(const std::string& id) override {
    v1::ExportManifestRequest request;
    request.set_id(id);
    auto response = Ask(stub_.get(), &v1::Exports::Stub::Manifest, request);
    if (!response.ok()) return response.status();
    return response->note();
  }

 private:
  // Where the answer is the export as it is now.
  template <typename Request, typename Response>
  absl::StatusOr<Export> AskFor(grpc::Status (v1::Exports::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    auto response = Ask(stub_.get(), method, request);
    if (!response.ok()) return response.status();
    return FromProto(response->kept());
  }

  const std::unique_ptr<v1::Exports::Stub> stub_;
};

}  // namespace

std::string_view Name(ExportState state) {
  constexpr std::string_view kNames[] = {"unspecified", "requested", "active", "refused", "revoked", "expired"};
  const auto index = static_cast<size_t>(state);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

absl::StatusOr<std::unique_ptr<Exports>> Exports::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Exports>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayExports>(*std::move(stub));
}

}  // namespace otokura::client
