#include "tests/integration/marked_cases.h"

#include "otokura/v1/case.grpc.pb.h"

namespace otokura::integration {
namespace {

using Stub = v1::Cases::Stub;

v1::OpenCaseRequest MarkedCase(const Marks& marks, const std::string& name, const std::string& recording_id) {
  v1::OpenCaseRequest request;
  request.set_name(name);
  request.add_purposes("inquiry");
  request.add_recording_ids(recording_id);
  request.set_reason(marks.reason);
  request.add_terms()->set_field(v1::BASIC_PENSION_NUMBER);
  request.mutable_terms(0)->set_value(marks.pension_number);
  request.add_terms()->set_field(v1::CALLER_NUMBER);
  request.mutable_terms(1)->set_value(marks.caller_number);
  return request;
}

}  // namespace

void AskForMarkedCases(const Site& site, const Marks& marks, const std::string& recording_id) {
  for (const std::string& account : {marks.operator_account, marks.supervisor_account}) {
    for (const std::string& name : {marks.reference + "-2", marks.unknown_id}) {
      for (const std::string& id : {marks.unknown_id, recording_id}) {
        v1::OpenCaseRequest open = MarkedCase(marks, name, id);
        v1::OpenCaseResponse opened;
        open.set_purposes(0, marks.purpose);
        site.AskAs(account, &Stub::Open, open, &opened).IgnoreError();
        open.set_purposes(0, "inquiry");
        site.AskAs(account, &Stub::Open, open, &opened).IgnoreError();
      }
      v1::ListCasesRequest list;
      list.set_name(name);
      v1::ListCasesResponse listed;
      site.AskAs(account, &Stub::List, list, &listed).IgnoreError();
      v1::CloseCaseRequest close;
      close.set_name(name);
      close.set_reason(marks.reason);
      v1::CloseCaseResponse closed;
      site.AskAs(account, &Stub::Close, close, &closed).IgnoreError();
    }
  }
}

}  // namespace otokura::integration
