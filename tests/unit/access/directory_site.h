// A directory over a store in memory, with an administrator who proposes and an officer who confirms.
#ifndef OTOKURA_TESTS_UNIT_ACCESS_DIRECTORY_SITE_H_
#define OTOKURA_TESTS_UNIT_ACCESS_DIRECTORY_SITE_H_

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "server/access/account_checks.h"
#include "server/access/account_rows.h"
#include "server/access/directory.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {

inline constexpr char kProposer[] = "root";  // of person-root

inline absl::Duration Days(int n) { return absl::Hours(24 * n); }

class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() {
    v1::Account root = AccountForTest(v1::ADMIN, kProposer);
    root.set_person_id("person-root");
    storage::Batch batch;
    const std::string certificate = authority_.ForAccount(kTrustDomain, kProposer, kTestStart).certificate_pem;
    EXPECT_TRUE(EnrolAtInit(Request(root, certificate), ConfigForTest(), site_.keys, kTestStart, &batch).ok());
    EXPECT_TRUE(site_.engine->records().Commit(batch).ok());
    auto contracts =
        Contracts::Open(site_.engine->records(), site_.committer.get(), &site_.keys, PolicyForTest(), &site_.clock, ConfigForTest());
    EXPECT_TRUE(contracts.ok()) << contracts.status();
    contracts_ = *std::move(contracts);
    Reopen(ConfigForTest());
  }
  ~DirectoryTest() override {
    directory_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  void Reopen(v1::GatewayConfig config) {
    auto opened = Directory::Open(site_.engine->records(), site_.committer.get(), &site_.keys, contracts_, &site_.clock, std::move(config));
    ASSERT_TRUE(opened.ok()) << opened.status();
    directory_ = *std::move(opened);
  }
  static v1::AddAccountRequest Request(v1::Account account, const std::string& certificate_pem) {
    v1::AddAccountRequest request;
    *request.mutable_account() = std::move(account);
    request.set_certificate_pem(certificate_pem);
    return request;
  }
  static std::unique_ptr<audit::Draft> Entry(v1::AuditAction action) {
    auto draft = audit::DraftForTest(action);
    draft->particulars.account = "the-administrator";
    return draft;
  }
  // A contract of that name, confirmed.
  void Conclude(const v1::Contract& terms) {
    const auto await = [](const std::function<void(Contracts::Done)>& call) {
      std::promise<absl::StatusOr<v1::KeptContract>> result;
      call([&](absl::StatusOr<v1::KeptContract> answer) { result.set_value(std::move(answer)); });
      return result.get_future().get();
    };
    const auto added = await([&](auto done) { contracts_->Add(terms, kProposer, Entry(v1::CONTRACT_ADD), std::move(done)); });
    ASSERT_TRUE(added.ok()) << added.status();
    const auto confirmed = await(
        [&](auto done) { contracts_->Confirm(terms.name(), added->revision(), "officer", Entry(v1::CONTRACT_CONFIRM), std::move(done)); });
    ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  }
  using Answer = absl::StatusOr<v1::Account>;
  // Calls with the Done that is waited for.
  static Answer Await(const std::function<void(Directory::Done)>& call) {
    std::promise<Answer> result;
    call([&](Answer answer) { result.set_value(std::move(answer)); });
    return result.get_future().get();
  }
  absl::StatusOr<v1::Account> Prepare(v1::Account account, const std::string& certificate_pem) {
    return directory_->Prepare(Request(std::move(account), certificate_pem), kProposer);
  }
  Answer Add(v1::Account account) {
    return Await([&](auto done) { directory_->Add(std::move(account), Entry(v1::ACCOUNT_ADD), std::move(done)); });
  }
  // By a person who has nothing to do with anything.
  static v1::Account Officer() {
    v1::Account officer = AccountForTest(v1::SECURITY, "officer");
    officer.set_person_id("person-officer");
    return officer;
  }
  Answer Confirm(const std::string& name, uint64_t revision, const v1::Account& confirmer = Officer()) {
    return Await([&](auto done) { directory_->Confirm(name, revision, confirmer, Entry(v1::ACCOUNT_CONFIRM), std::move(done)); });
  }
  Answer Confirm(const std::string& name) {
    const auto account = directory_->Find(name);
    return Confirm(name, account.has_value() ? account->revision() : 0);
  }
  Answer Renew(const std::string& name, const std::string& certificate_pem) {
    v1::RenewAccountRequest request;
    request.set_name(name);
    request.set_certificate_pem(certificate_pem);
    return Await([&](auto done) { directory_->Renew(request, kProposer, Entry(v1::ACCOUNT_RENEW), std::move(done)); });
  }
  Answer Suspend(const std::string& name, const std::string& reason = "left the company") {
    return Await([&](auto done) { directory_->Suspend(name, reason, Entry(v1::ACCOUNT_SUSPEND), std::move(done)); });
  }
  Answer Restore(const std::string& name, const std::string& reason = "is back") {
    return Await([&](auto done) { directory_->Restore(name, reason, Entry(v1::ACCOUNT_RESTORE), std::move(done)); });
  }
  // Proposes an account and gives its certificate.
  IssuedCertificate Propose(v1::Account account) {
    IssuedCertificate issued = authority_.ForAccount(kTrustDomain, account.name(), kTestStart);
    const auto prepared = Prepare(std::move(account), issued.certificate_pem);
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    const auto added = Add(*prepared);
    EXPECT_TRUE(added.ok()) << added.status();
    return issued;
  }
  // Enrols an account, confirmed where it must be.
  IssuedCertificate Enrol(const v1::Account& account) {
    IssuedCertificate issued = Propose(account);
    if (account.role() == v1::RECORDER) return issued;
    const auto confirmed = Confirm(account.name());
    EXPECT_TRUE(confirmed.ok()) << confirmed.status();
    return issued;
  }
  // The rule by which it is refused; empty: it is let in.
  std::string RefusedBy(const IssuedCertificate& issued, const std::string& name) {
    std::string rule;
    return directory_->Identify(PeerWith(issued.certificate_pem, name), &rule).ok() ? "" : rule;
  }
  static Peer PeerWith(const std::string& certificate_pem, const std::string& name) {
    return {certificate_pem, {AccountUri(kTrustDomain, name)}, "ipv4:192.0.2.7:50123"};
  }
  // Retries until the store was reopened.
  template <typename Call>
  auto Eventually(Call call) {
    auto result = call();
    while (absl::IsUnavailable(result.status())) result = call();
    return result;
  }
  void FailOneCommit(bool stores_anyway) {
    auto failed = std::make_shared<std::atomic<bool>>(false);
    site_.engine->SetFault(
        [failed](storage::StorageCall call, const storage::AudioObjectId*) {
          return call == storage::StorageCall::kCommit && !failed->exchange(true) ? absl::UnavailableError("EIO") : absl::OkStatus();
        },
        stores_anyway);
  }

  LogSite site_;
  TestAuthority authority_{kTestStart};
  std::string folder_;
  std::shared_ptr<Contracts> contracts_;
  std::unique_ptr<Directory> directory_;
};

}  // namespace otokura::access

#endif  // OTOKURA_TESTS_UNIT_ACCESS_DIRECTORY_SITE_H_
