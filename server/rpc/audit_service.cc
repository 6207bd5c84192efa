#include "server/rpc/audit_service.h"

#include <memory>
#include <string>
#include <utility>

namespace otokura::rpc {
namespace {

// Also of a request that cannot be parsed: whoever may not ask is refused, and that is logged, however the request is made.
template <typename Parsed>
access::Ask AskFor(access::Action action, const absl::StatusOr<Parsed>& parsed) {
  access::Ask ask;
  ask.action = action;
  if (parsed.ok()) ask.requested_id = parsed->asked.description;
  return ask;
}

}  // namespace

struct AuditService::CountUnderWay {
  v1::CountAuditRequest request;
  rpc::Count asked;
  keys::ReleasePermit permit;
  audit::Head tree;
  audit::Counting counting;
  UnaryDone<v1::CountAuditResponse> done;
};

grpc::ServerUnaryReactor* AuditService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListAuditRequest, v1::ListAuditResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ListAuditRequest& parsed, UnaryDone<v1::ListAuditResponse> done) {
        ReleaseListing(caller, parsed, std::move(done));
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditService::ExportLog(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return parts_.exports->Start(context, request);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditService::GetReceipt(grpc::CallbackServerContext* context,
                                                                     const grpc::ByteBuffer* request) {
  return parts_.receipts->Start(context, request);
}

grpc::ServerUnaryReactor* AuditService::GetCheckpoint(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return ServeUnary<v1::GetCheckpointRequest, v1::GetCheckpointResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::GetCheckpointRequest&, UnaryDone<v1::GetCheckpointResponse> done) {
        parts_.proofs->Checkpoint(caller, std::move(done));
      });
}

grpc::ServerUnaryReactor* AuditService::ProveInclusion(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return ServeUnary<v1::ProveInclusionRequest, v1::ProveInclusionResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ProveInclusionRequest& parsed, UnaryDone<v1::ProveInclusionResponse> done) {
        parts_.proofs->Inclusion(caller, parsed, std::move(done));
      });
}

grpc::ServerUnaryReactor* AuditService::ProveConsistency(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return ServeUnary<v1::ProveConsistencyRequest, v1::ProveConsistencyResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::ProveConsistencyRequest& parsed, UnaryDone<v1::ProveConsistencyResponse> done) {
        parts_.proofs->Consistency(caller, parsed, std::move(done));
      });
}

void AuditService::ReleaseListing(const access::Caller& caller, const v1::ListAuditRequest& request,
                                  UnaryDone<v1::ListAuditResponse> done) const {
  const auto listing = ParseListing(request, *parts_.keys);
  parts_.gate->Release(caller, AskFor(access::Action::kListAudit, listing),
                       [this, request, listing, done = std::move(done)](absl::StatusOr<keys::ReleasePermit> permit) {
                         if (!permit.ok()) return done(permit.status());
                         if (!listing.ok()) return done(listing.status());
                         // Off the committer's thread: a page reads and opens up to a thousand rows.
                         parts_.executor->Post([this, request, listing = *listing, done, permit = *std::move(permit)] {
                           done(Answer(permit, request, listing));
                         });
                       });
}

absl::StatusOr<v1::ListAuditResponse> AuditService::Answer(const keys::ReleasePermit& permit, const v1::ListAuditRequest& request,
                                                           const Listing& listing) const {
  const audit::Head tree = listing.tree.has_value() ? *listing.tree : parts_.log->head();
  audit::Page page;
  if (listing.sequence.has_value()) {
    auto entry = parts_.queries->Show(permit, *listing.sequence);
    if (!entry.ok()) return entry.status();
    page.entries.push_back(*std::move(entry));
  } else {
    audit::Query query = listing.asked.query;
    query.tree_size = tree.tree_size;
    auto found = parts_.queries->List(permit, query, listing.limit);
    if (!found.ok()) return found.status();
    page = *std::move(found);
  }
  return FormatListing(request, std::move(page), tree, *parts_.keys);
}

grpc::ServerUnaryReactor* AuditService::Count(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) {
  return ServeUnary<v1::CountAuditRequest, v1::CountAuditResponse>(
      *parts_.door, context, request, response,
      [this](const access::Caller& caller, const v1::CountAuditRequest& parsed, UnaryDone<v1::CountAuditResponse> done) {
        ReleaseCount(caller, parsed, std::move(done));
      });
}

void AuditService::ReleaseCount(const access::Caller& caller, const v1::CountAuditRequest& request,
                                UnaryDone<v1::CountAuditResponse> done) const {
  const auto count = ParseCount(request, *parts_.keys);
  parts_.gate->Release(
      caller, AskFor(access::Action::kCountAudit, count),
      [this, request, count, done = std::move(done)](absl::StatusOr<keys::ReleasePermit> permit) {
        if (!permit.ok()) return done(permit.status());
        if (!count.ok()) return done(count.status());
        const audit::Head tree = count->tree.has_value() ? *count->tree : parts_.log->head();
        audit::Query query = count->asked.query;
        query.tree_size = tree.tree_size;
        audit::Counting counting(parts_.queries, std::move(query), count->by, count->per);
        CountOn(std::make_shared<CountUnderWay>(CountUnderWay{request, *count, *std::move(permit), tree, std::move(counting), done}));
      });
}

void AuditService::CountOn(std::shared_ptr<CountUnderWay> count) const {
  parts_.executor->Post([this, count = std::move(count)]() mutable {
    const auto counted = count->counting.Step(count->permit);
    if (!counted.ok()) return count->done(counted.status());
    if (!*counted) return CountOn(std::move(count));
    count->done(FormatCount(count->request, count->asked, count->counting, count->tree, *parts_.keys));
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditService::Follow(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return follows_.Begin(*parts_.door, context, request);
}

}  // namespace otokura::rpc
