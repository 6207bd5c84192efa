#include "server/rpc/cases_service.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/access/account_checks.h"
#include "server/access/case_checks.h"
#include "server/recordings/case_opening.h"

namespace otokura::rpc {
namespace {

using access::Action;

constexpr char kTokenScope[] = "cases";

// The name is what people state as reference: that is where the log has it, opened, used and closed alike.
access::Ask AskAboutCase(Action action, const std::string& name) {
  access::Ask ask;
  ask.action = action;
  ask.justification.set_reference(name);
  return ask;
}

}  // namespace

grpc::ServerUnaryReactor* CasesService::Open(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  return ServeUnary<v1::OpenCaseRequest, v1::OpenCaseResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::OpenCaseRequest& parsed, UnaryDone<v1::OpenCaseResponse> done) {
        recordings::OpenCase(site_, cases_, caller, parsed, [done = std::move(done)](absl::StatusOr<v1::Case> opened) {
          if (!opened.ok()) return done(opened.status());
          v1::OpenCaseResponse answer;
          *answer.mutable_opened() = *std::move(opened);
          done(std::move(answer));
        });
      });
}

grpc::ServerUnaryReactor* CasesService::Close(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) {
  return ServeUnary<v1::CloseCaseRequest, v1::CloseCaseResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::CloseCaseRequest& parsed, UnaryDone<v1::CloseCaseResponse> done) {
        CloseAs(caller, parsed, [done = std::move(done)](absl::StatusOr<v1::Case> closed) {
          if (!closed.ok()) return done(closed.status());
          v1::CloseCaseResponse answer;
          *answer.mutable_closed() = *std::move(closed);
          done(std::move(answer));
        });
      });
}

grpc::ServerUnaryReactor* CasesService::List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  return ServeUnary<v1::ListCasesRequest, v1::ListCasesResponse>(
      *door_, context, request, response,
      [this](const access::Caller& caller, const v1::ListCasesRequest& parsed, const UnaryDone<v1::ListCasesResponse>& done) {
        Show(caller, parsed, done);
      });
}

void CasesService::CloseAs(const access::Caller& caller, const v1::CloseCaseRequest& request, access::Cases::Done done) const {
  std::unique_ptr<audit::Draft> entry = site_.gate->Permit(caller, AskAboutCase(Action::kCloseCase, request.name()), done);
  if (entry == nullptr) return;
  if (absl::Status reason = access::CheckText("reason", request.reason(), access::kCaseReasonBytesMax); !reason.ok()) return done(reason);
  entry->particulars.reason = request.reason();
  cases_->Close(request.name(), caller.account().name(), std::move(entry), std::move(done));
}

void CasesService::Show(const access::Caller& caller, const v1::ListCasesRequest& request,
                        const UnaryDone<v1::ListCasesResponse>& done) const {
  auto page = ReadListingPage(request.page_size(), request.page_token(), kTokenScope, site_.keys->site());
  if (!page.ok()) return done(page.status());
  site_.gate->Note(caller, AskAboutCase(Action::kListCases, request.name()),
                   [this, page = *std::move(page), name = request.name(), done](absl::StatusOr<uint64_t> sequence) {
                     if (!sequence.ok()) return done(sequence.status());
                     site_.executor->Post([this, page, name, done] { done(name.empty() ? Page(page) : One(name)); });
                   });
}

absl::StatusOr<v1::ListCasesResponse> CasesService::One(const std::string& name) const {
  absl::StatusOr<std::optional<v1::Case>> found = cases_->Find(name);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return absl::NotFoundError("name: no such case; look at the list of cases");
  v1::ListCasesResponse response;
  *response.add_cases() = **std::move(found);
  return response;
}

absl::StatusOr<v1::ListCasesResponse> CasesService::Page(const ListingPage& page) const {
  v1::ListCasesResponse response;
  std::vector<v1::Case> cases = cases_->List(page.after, page.rows + 1);
  size_t bytes = 0;
  for (v1::Case& one : cases) {
    bytes += one.ByteSizeLong();
    const auto taken = static_cast<size_t>(response.cases_size());
    if (taken == page.rows || (taken > 0 && bytes > kListingBytesMax)) {
      response.set_next_page_token(site_.keys->site().PageToken(kTokenScope, response.cases().rbegin()->name()));
      break;
    }
    *response.add_cases() = std::move(one);
  }
  return response;
}

}  // namespace otokura::rpc
