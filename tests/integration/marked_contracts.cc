#include "tests/integration/marked_contracts.h"

#include <string>

#include "otokura/v1/contract.grpc.pb.h"

namespace otokura::integration {

void AskForMarkedContracts(const Site& site, const Marks& marks) {
  using Stub = v1::Contracts::Stub;
  v1::AddContractRequest add;
  *add.mutable_contract() = ContractTerms(marks.contract + "-2");
  add.mutable_contract()->set_company(marks.company);
  add.mutable_contract()->set_responsible(marks.person);
  v1::AddContractResponse added;
  v1::ConfirmContractRequest confirm;
  v1::ConfirmContractResponse confirmed;
  v1::CloseContractRequest close;
  close.set_reason(marks.reason);
  v1::CloseContractResponse closed;
  v1::ListContractsRequest list;
  v1::ListContractsResponse listed;
  for (const std::string& account : {std::string("admin"), std::string("security"), marks.operator_account}) {
    site.AskAs(account, &Stub::Add, add, &added).IgnoreError();
    for (const std::string& name : {marks.contract + "-2", marks.unknown_id}) {
      confirm.set_name(name), close.set_name(name), list.set_name(name);
      site.AskAs(account, &Stub::List, list, &listed).IgnoreError();
      site.AskAs(account, &Stub::Confirm, confirm, &confirmed).IgnoreError();
      site.AskAs(account, &Stub::Close, close, &closed).IgnoreError();
    }
  }
}

}  // namespace otokura::integration
