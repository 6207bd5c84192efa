#include "otokura/cases.h"

#include <iterator>
#include <utility>

#include "client/convert.h"
#include "client/unary.h"
#include "otokura/v1/case.grpc.pb.h"

namespace otokura::client {
namespace {

Case FromProto(const v1::Case& proto) {
  return {.name = proto.name(),
          .purposes = {proto.purposes().begin(), proto.purposes().end()},
          .recording_ids = {proto.recording_ids().begin(), proto.recording_ids().end()},
          .terms = proto.terms(),
          .state = static_cast<CaseState>(proto.state()),
          .opened_by = proto.opened_by(),
          .opened = FromUnixMillis(proto.opened_unix_ms()),
          .ends = FromUnixMillis(proto.ends_unix_ms()),
          .closed_by = proto.closed_by()};
}

class GatewayCases final : public Cases {
 public:
  explicit GatewayCases(std::unique_ptr<v1::Cases::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<Case> Open(const NewCase& opened) override {
    v1::OpenCaseRequest request;
    request.set_name(opened.name);
    for (const std::string& purpose : opened.purposes) request.add_purposes(purpose);
    for (const std::string& id : opened.recording_ids) request.add_recording_ids(id);
    for (const CaseTerm& term : opened.terms) {
      v1::PersonalTerm* const added = request.add_terms();
      added->set_field(static_cast<v1::PersonalField>(term.field));
      added->set_value(term.value);
    }
    request.set_days(opened.days);
    request.set_reason(opened.reason);
    auto response = Ask(stub_.get(), &v1::Cases::Stub::Open, request);
    if (!response.ok()) return response.status();
    return FromProto(response->opened());
  }

  absl::StatusOr<Case> Close(const std::string& name, const std::string& reason) override {
    v1::CloseCaseRequest request;
    request.set_name(name);
    request.set_reason(reason);
    auto response = Ask(stub_.get(), &v1::Cases::Stub::Close, request);
    if (!response.ok()) return response.status();
    return FromProto(response->closed());
  }

  absl::StatusOr<Case> Show(const std::string& name) override {
    v1::ListCasesRequest request;
    request.set_name(name);
    auto response = Ask(stub_.get(), &v1::Cases::Stub::List, request);
    if (!response.ok()) return response.status();
    if (response->cases_size() != 1) return absl::InternalError("the gateway answered with nothing");
    return FromProto(response->cases(0));
  }

  absl::StatusOr<CasePage> List(uint32_t page_size, const std::string& page_token) override {
    v1::ListCasesRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Cases::Stub::List, request);
    if (!response.ok()) return response.status();
    CasePage page{.next_page_token = response->next_page_token()};
    for (const v1::Case& one : response->cases()) page.cases.push_back(FromProto(one));
    return page;
  }

 private:
  const std::unique_ptr<v1::Cases::Stub> stub_;
};

}  // namespace

std::string_view Name(CaseState state) {
  constexpr std::string_view kNames[] = {"unspecified", "open", "closed", "ended"};
  const auto index = static_cast<size_t>(state);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

absl::StatusOr<std::unique_ptr<Cases>> Cases::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Cases>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayCases>(*std::move(stub));
}

}  // namespace otokura::client
