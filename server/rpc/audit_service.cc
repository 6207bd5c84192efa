#include "server/rpc/audit_service.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {
namespace {

constexpr size_t kPageTokenBytesMax = 256;
constexpr int64_t kUnixMsMax = std::numeric_limits<int64_t>::max() / 1000;  // so that microseconds fit

// What a page token is good for. The page size is not part of it: a client may ask for the rest in larger pieces.
std::string TokenScope(const v1::ListAuditRequest& request) {
  return absl::StrCat("audit|", request.recording_id(), "|", request.from_unix_ms(), "|", request.to_unix_ms());
}

absl::Status CheckTimes(const v1::ListAuditRequest& request) {
  for (const int64_t time : {request.from_unix_ms(), request.to_unix_ms()}) {
    if (time < 0 || time > kUnixMsMax)
      return absl::InvalidArgumentError("from_unix_ms and to_unix_ms must be milliseconds since 1970, or 0 for no bound");
  }
  if (request.to_unix_ms() != 0 && request.to_unix_ms() <= request.from_unix_ms()) {
    return absl::InvalidArgumentError("to_unix_ms must be later than from_unix_ms, or 0 for no bound");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<audit::Log::Query> ParseListing(const v1::ListAuditRequest& request, const keys::SiteKeys& keys) {
  if (absl::Status times = CheckTimes(request); !times.ok()) return times;
  if (request.page_size() > kAuditPageRowsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size ", request.page_size(), " is over ", kAuditPageRowsMax, "; ask for less at a time"));
  }
  audit::Log::Query query;
  query.limit = request.page_size() == 0 ? kAuditPageRowsDefault : request.page_size();
  query.from_unix_us = request.from_unix_ms() * 1000;
  query.to_unix_us = request.to_unix_ms() * 1000;
  if (!request.recording_id().empty()) {
    auto recording = storage::RecordingId::Parse(request.recording_id());
    if (!recording.ok())
      return absl::InvalidArgumentError("recording_id must be the 36 characters of a recording id, lower case with hyphens");
    query.recording = *recording;
  }
  if (request.page_token().empty()) return query;
  if (request.page_token().size() > kPageTokenBytesMax)
    return absl::InvalidArgumentError("page_token is over 256 bytes; pass on next_page_token as it is");
  auto position = keys.OpenPageToken(TokenScope(request), request.page_token());
  if (!position.ok()) return position.status();
  if (!absl::SimpleAtoi(*position, &query.before) || query.before == 0)
    return absl::InvalidArgumentError("page_token is not one of this listing");
  return query;
}

v1::ListAuditResponse FormatListing(const v1::ListAuditRequest& request, audit::Log::Page page, const audit::Head& head,
                                    const keys::SiteKeys& keys) {
  v1::ListAuditResponse response;
  response.set_tree_size(head.tree_size);
  response.set_root_sha256(head.root);
  uint64_t next_before = page.next_before;
  size_t bytes = 0;
  for (audit::Log::Listed& listed : page.entries) {
    v1::ListedEntry entry;
    entry.set_leaf(std::move(listed.leaf));
    if (listed.details.has_value()) *entry.mutable_details() = *std::move(listed.details);
    bytes += entry.ByteSizeLong();
    if (bytes > kListingBytesMax && response.entries_size() > 0) {
      next_before = listed.sequence + 1;
      break;
    }
    *response.add_entries() = std::move(entry);
  }
  if (next_before != 0) response.set_next_page_token(keys.PageToken(TokenScope(request), absl::StrCat(next_before)));
  return response;
}

grpc::ServerUnaryReactor* AuditService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListAuditRequest, v1::ListAuditResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::ListAuditRequest& parsed, UnaryDone<v1::ListAuditResponse> done) {
        Release(caller, parsed, std::move(done));
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditService::ExportLog(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return exports_->Start(context, request);
}

grpc::ServerUnaryReactor* AuditService::GetCheckpoint(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return ServeUnary<v1::GetCheckpointRequest, v1::GetCheckpointResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::GetCheckpointRequest&, UnaryDone<v1::GetCheckpointResponse> done) {
        proofs_->Checkpoint(caller, std::move(done));
      });
}

grpc::ServerUnaryReactor* AuditService::ProveInclusion(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return ServeUnary<v1::ProveInclusionRequest, v1::ProveInclusionResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::ProveInclusionRequest& parsed, UnaryDone<v1::ProveInclusionResponse> done) {
        proofs_->Inclusion(caller, parsed, std::move(done));
      });
}

grpc::ServerUnaryReactor* AuditService::ProveConsistency(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return ServeUnary<v1::ProveConsistencyRequest, v1::ProveConsistencyResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::ProveConsistencyRequest& parsed, UnaryDone<v1::ProveConsistencyResponse> done) {
        proofs_->Consistency(caller, parsed, std::move(done));
      });
}

void AuditService::Release(const access::Caller& caller, const v1::ListAuditRequest& request,
                           std::function<void(absl::StatusOr<v1::ListAuditResponse>)> done) const {
  access::Ask ask;
  ask.action = access::Action::kListAudit;
  ask.requested_id = request.recording_id();
  gate_->Release(caller, std::move(ask), [this, request, done = std::move(done)](absl::StatusOr<keys::ReleasePermit> permit) {
    if (!permit.ok()) return done(permit.status());
    // Only now: whoever may not list is refused, and that is logged, however the request is made.
    const auto query = ParseListing(request, *keys_);
    if (!query.ok()) return done(query.status());
    // Off the committer's thread: a page reads and opens up to a thousand rows.
    executor_->Post([this, request, query = *query, done, permit = *std::move(permit)] {
      auto page = log_->List(permit, query);
      if (!page.ok()) return done(page.status());
      done(FormatListing(request, *std::move(page), log_->head(), *keys_));
    });
  });
}

}  // namespace otokura::rpc
