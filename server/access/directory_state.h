// What the directory holds, shared with the callbacks of commits, which may come after it is gone.
#ifndef OTOKURA_SERVER_ACCESS_DIRECTORY_STATE_H_
#define OTOKURA_SERVER_ACCESS_DIRECTORY_STATE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/access/account_rows.h"
#include "server/access/certificate_cache.h"
#include "server/access/directory.h"
#include "server/access/revocations.h"

namespace otokura::access {

struct Directory::State {
  State(const storage::RecordReader& store, storage::Committer* the_committer, const keys::SiteKeys* site_keys,
        std::shared_ptr<const Contracts> the_contracts, runtime::Clock* the_clock, v1::GatewayConfig gateway_config)
      : records(store),
        committer(the_committer),
        keys(site_keys),
        contracts(std::move(the_contracts)),
        clock(the_clock),
        config(std::move(gateway_config)),
        revocations(config.tls().client_crl_file(), config.tls().client_ca_file()) {}

  absl::Status Load();
  // Takes the account in as it is stored now, unless memory has it newer. Whoever holds it from before learns of a suspension and of a key
  // that was replaced.
  void Adopt(const v1::Account& account);
  std::shared_ptr<Enrolled> Find(std::string_view name) const;
  // That neither name nor key is another account's, and there is room.
  absl::Status CheckIsNew(const v1::Account& account) const;
  // That a contractor's contract is its company's, and confirmed.
  absl::Status CheckContractOf(const v1::Account& account) const;
  // What is stored under that name, taken in if it is newer than what memory has: a commit of unknown fate may have been kept after all.
  absl::StatusOr<std::optional<StoredAccount>> Refresh(std::string_view name);
  // FAILED_PRECONDITION unless that person may confirm what waits of the account.
  absl::Status CheckConfirmer(const v1::Account& account, std::string_view person) const;
  // Has the batch commit only while an account of the security role other than this one is active.
  absl::Status DemandAnotherOfficer(std::string_view name, storage::Batch* batch) const;

  const storage::RecordReader& records;
  storage::Committer* const committer;
  const keys::SiteKeys* const keys;
  const std::shared_ptr<const Contracts> contracts;
  runtime::Clock* const clock;
  const v1::GatewayConfig config;
  Revocations revocations;
  CertificateCache certificates;

  mutable absl::Mutex mutex;
  std::map<std::string, std::shared_ptr<Enrolled>, std::less<>> by_name ABSL_GUARDED_BY(mutex);
  std::map<std::string, std::string> name_by_key ABSL_GUARDED_BY(mutex);
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_DIRECTORY_STATE_H_
