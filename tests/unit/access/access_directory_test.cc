#include <filesystem>
#include <fstream>

#include "server/access/certificate_cache.h"
#include "tests/unit/access/directory_site.h"

namespace otokura::access {
namespace {

using storage::StorageCall;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(DirectoryTest, AnEnrolledCertificateIsItsAccount) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  std::string rule;
  const auto caller = directory_->Identify(PeerWith(issued.certificate_pem, "hanako"), &rule);
  ASSERT_TRUE(caller.ok()) << caller.status() << rule;
  EXPECT_EQ(caller->account().name(), "hanako");
  EXPECT_EQ(caller->certificate_sha256_hex.size(), 64u);
  EXPECT_EQ(caller->certificate_expiry, kTestStart + Days(365));
  const audit::Particulars particulars = caller->Describe();
  EXPECT_EQ(particulars.account, "hanako");
  EXPECT_EQ(particulars.person, "person-1");
  EXPECT_EQ(particulars.address, "ipv4:192.0.2.7:50123");
  EXPECT_EQ(particulars.certificate, caller->certificate_sha256_hex);
}

TEST_F(DirectoryTest, ARenewedCertificateOfTheSameKeyNeedsNoEnrolment) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const IssuedCertificate renewed =
      authority_.Make({{AccountUri(kTrustDomain, "hanako")}, kTestStart, kTestStart + Days(800), issued.private_key_pem});
  std::string rule;
  EXPECT_TRUE(directory_->Identify(PeerWith(renewed.certificate_pem, "hanako"), &rule).ok()) << rule;
}

struct BadPeer {
  const char* rule;
  Peer peer;
};

TEST_F(DirectoryTest, I6_WhoIsNotEnrolledIsToldOneThingWhateverItIs) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  Enrol(AccountForTest(v1::SUPERVISOR, "taro"));
  const std::string uri = AccountUri(kTrustDomain, "hanako");
  const auto with_uri = [&](const std::string& one) {
    return authority_.Make({{one}, kTestStart - Days(1), kTestStart + Days(1), issued.private_key_pem}).certificate_pem;
  };
  const std::string foreign = "spiffe://elsewhere.example/account/hanako";
  const std::string longer = std::string("spiffe://") + kTrustDomain + ".evil.example/account/hanako";
  const std::vector<BadPeer> bad = {
      {"spiffe-id-count", {issued.certificate_pem, {}, ""}},
      {"spiffe-id-count", {issued.certificate_pem, {uri, uri}, ""}},
      {"certificate-unreadable", {"", {uri}, ""}},
      {"certificate-unreadable", {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", {uri}, ""}},
      {"spiffe-id-foreign", {issued.certificate_pem, {AccountUri(kTrustDomain, "taro")}, ""}},
      {"spiffe-id-foreign",
       {authority_.Make({{}, kTestStart - Days(1), kTestStart + Days(1), issued.private_key_pem}).certificate_pem, {uri}, ""}},
      {"trust-domain", {with_uri(foreign), {foreign}, ""}},
      {"trust-domain", {with_uri(longer), {longer}, ""}},
      {"trust-domain", {with_uri(uri + "/more"), {uri + "/more"}, ""}},
      {"trust-domain", {with_uri(AccountUri(kTrustDomain, "")), {AccountUri(kTrustDomain, "")}, ""}},
      {"unknown-account", PeerWith(with_uri(AccountUri(kTrustDomain, "jiro")), "jiro")},
      {"key-not-enrolled", PeerWith(authority_.ForAccount(kTrustDomain, "hanako", kTestStart).certificate_pem, "hanako")},
      {"key-not-enrolled", PeerWith(with_uri(AccountUri(kTrustDomain, "taro")), "taro")},
      {"not-yet-valid",
       PeerWith(authority_.Make({{uri}, kTestStart + Days(1), kTestStart + Days(2), issued.private_key_pem}).certificate_pem, "hanako")},
  };
  for (const BadPeer& one : bad) {
    std::string rule;
    const absl::Status status = directory_->Identify(one.peer, &rule).status();
    EXPECT_EQ(rule, one.rule);
    EXPECT_EQ(status, absl::UnauthenticatedError("certificate: not enrolled; ask the administrator to add the account")) << one.rule;
  }
}

TEST_F(DirectoryTest, I6_ExpiredAndSuspendedSaySo) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const Peer peer = PeerWith(issued.certificate_pem, "hanako");
  std::string rule;
  const auto held = directory_->Identify(peer, &rule);
  ASSERT_TRUE(held.ok());
  ASSERT_TRUE(Suspend("hanako").ok());
  const absl::Status suspended = directory_->Identify(peer, &rule).status();
  EXPECT_EQ(rule, "suspended");
  EXPECT_EQ(suspended.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(suspended.message()), HasSubstr("suspended"));

  const IssuedCertificate other = Enrol(AccountForTest(v1::SUPERVISOR, "taro"));
  site_.clock.Advance(Days(365));
  const absl::Status expired = directory_->Identify(PeerWith(other.certificate_pem, "taro"), &rule).status();
  EXPECT_EQ(rule, "expired");
  EXPECT_EQ(expired.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(expired.message()), HasSubstr("expired"));
}

TEST_F(DirectoryTest, SuspensionReachesWhoIsInside) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  std::string rule;
  const auto inside = directory_->Identify(PeerWith(issued.certificate_pem, "hanako"), &rule);
  ASSERT_TRUE(inside.ok());
  EXPECT_TRUE(inside->StillWelcome(kTestStart).ok());
  const auto suspended = Suspend("hanako");
  ASSERT_TRUE(suspended.ok()) << suspended.status();
  EXPECT_EQ(suspended->state(), v1::Account::SUSPENDED);
  EXPECT_EQ(inside->StillWelcome(kTestStart).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Suspend("hanako").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Suspend("nobody").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Suspend("No/Name").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Suspend("hanako", "").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Suspend("hanako", std::string(257, 'x')).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(DirectoryTest, I3_AnAccountChangesOnlyInTheWriteOfItsEntry) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  EXPECT_EQ(site_.Entry(0).action(), v1::ACCOUNT_ADD);
  EXPECT_EQ(site_.Entry(0).target_commitment().size(), 32u);
  ASSERT_TRUE(Suspend("hanako").ok());
  EXPECT_EQ(site_.Entry(1).action(), v1::ACCOUNT_CONFIRM);
  EXPECT_EQ(site_.Entry(2).action(), v1::ACCOUNT_SUSPEND);
  EXPECT_EQ(site_.Entry(2).reason_commitment().size(), 32u);

  auto prepared = Prepare(AccountForTest(v1::ADMIN, "jiro"), authority_.ForAccount(kTrustDomain, "jiro", kTestStart).certificate_pem);
  ASSERT_TRUE(prepared.ok());
  site_.engine->SetFault([](StorageCall call, const storage::AudioObjectId*) {
    return call == StorageCall::kCommit ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  EXPECT_FALSE(Add(*prepared).ok());
  site_.engine->SetFault(nullptr);
  EXPECT_EQ(site_.log->head().tree_size, 3u);
  EXPECT_FALSE(ReadAccount(site_.engine->records(), "jiro", site_.keys)->has_value());
  EXPECT_EQ(directory_->List("", 10).size(), 2u);
}

TEST_F(DirectoryTest, ASuspensionThatCouldNotBeWrittenSuspendsNobody) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  site_.engine->SetFault([](StorageCall call, const storage::AudioObjectId*) {
    return call == StorageCall::kCommit ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  EXPECT_EQ(Suspend("hanako").status().code(), absl::StatusCode::kResourceExhausted);
  std::string rule;
  EXPECT_TRUE(directory_->Identify(PeerWith(issued.certificate_pem, "hanako"), &rule).ok());
}

TEST_F(DirectoryTest, I3_AChangeOfUnknownFateIsFoundWhenAskedAgain) {
  for (bool kept : {false, true}) {
    const std::string name = kept ? "kept" : "lost";
    const IssuedCertificate issued = authority_.ForAccount(kTrustDomain, name, kTestStart);
    const auto prepared = Prepare(AccountForTest(v1::RECORDER, name), issued.certificate_pem);
    FailOneCommit(kept);
    EXPECT_EQ(Add(*prepared).status().code(), absl::StatusCode::kUnavailable);
    const auto again = Eventually([&] { return Add(*prepared); });
    EXPECT_EQ(again.status().code(), kept ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kOk) << again.status();
    std::string rule;
    EXPECT_TRUE(directory_->Identify(PeerWith(issued.certificate_pem, name), &rule).ok()) << rule;

    FailOneCommit(kept);
    EXPECT_EQ(Suspend(name).status().code(), absl::StatusCode::kUnavailable);
    const auto suspended = Eventually([&] { return Suspend(name); });
    EXPECT_EQ(suspended.status().code(), kept ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kOk) << suspended.status();
    EXPECT_EQ(directory_->Identify(PeerWith(issued.certificate_pem, name), &rule).status().code(), absl::StatusCode::kPermissionDenied);
  }
  EXPECT_THAT(audit::Problems(site_.engine->records()), IsEmpty());
}

TEST_F(DirectoryTest, NamesAndKeysAreEnrolledOnce) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const auto same_name =
      Prepare(AccountForTest(v1::ADMIN, "hanako"), authority_.ForAccount(kTrustDomain, "hanako", kTestStart).certificate_pem);
  EXPECT_EQ(same_name.status().code(), absl::StatusCode::kAlreadyExists);
  const IssuedCertificate same_key =
      authority_.Make({{AccountUri(kTrustDomain, "jiro")}, kTestStart - Days(1), kTestStart + Days(1), issued.private_key_pem});
  EXPECT_EQ(Prepare(AccountForTest(v1::ADMIN, "jiro"), same_key.certificate_pem).status().code(), absl::StatusCode::kAlreadyExists);
}

// Two gateways, or two administrators at once: what memory does not know the store's preconditions do.
TEST_F(DirectoryTest, NamesAndKeysAreEnrolledOnceThoughTwoAskAtOnce) {
  auto second = Directory::Open(site_.engine->records(), site_.committer.get(), &site_.keys, contracts_, &site_.clock, ConfigForTest());
  ASSERT_TRUE(second.ok());
  const IssuedCertificate issued = authority_.ForAccount(kTrustDomain, "hanako", kTestStart);
  const IssuedCertificate same_key =
      authority_.Make({{AccountUri(kTrustDomain, "jiro")}, kTestStart - Days(1), kTestStart + Days(1), issued.private_key_pem});
  const auto hanako = Prepare(AccountForTest(v1::OPERATOR, "hanako"), issued.certificate_pem);
  const auto jiro = Prepare(AccountForTest(v1::OPERATOR, "jiro"), same_key.certificate_pem);
  ASSERT_TRUE(hanako.ok() && jiro.ok());
  std::swap(directory_, *second);
  ASSERT_TRUE(Add(*hanako).ok());
  std::swap(directory_, *second);
  EXPECT_EQ(Add(*jiro).status().code(), absl::StatusCode::kAlreadyExists) << "its key is hanako's";
  EXPECT_EQ(Add(*hanako).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(site_.log->head().tree_size, 1u) << "nothing was written for the refused";
}

TEST_F(DirectoryTest, AccountsSurviveARestart) {
  const IssuedCertificate hanako = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const IssuedCertificate taro = Enrol(AccountForTest(v1::SUPERVISOR, "taro"));
  ASSERT_TRUE(Suspend("taro").ok());
  Reopen(ConfigForTest());
  std::string rule;
  EXPECT_TRUE(directory_->Identify(PeerWith(hanako.certificate_pem, "hanako"), &rule).ok());
  EXPECT_EQ(directory_->Identify(PeerWith(taro.certificate_pem, "taro"), &rule).status().code(), absl::StatusCode::kPermissionDenied);
  std::vector<std::string> names;
  for (const v1::Account& account : directory_->List("", 10)) names.push_back(account.name());
  EXPECT_THAT(names, ElementsAre("hanako", kProposer, "taro"));
  EXPECT_EQ(directory_->List("hanako", 10).back().suspended_reason(), "left the company");
  EXPECT_EQ(directory_->List("", 1).size(), 1u);
}

TEST_F(DirectoryTest, I1_NothingOfAnAccountIsStoredInClear) {
  Conclude(TermsForTest());
  v1::Account account = AccountForTest(v1::CONTRACTOR, "yamada.hanako");
  account.set_person_id("staff-number-4711");
  Enrol(account);
  std::string stored;
  for (int table = 0; table < storage::kTables; ++table) {
    ASSERT_TRUE(site_.engine->records()
                    .Scan(static_cast<storage::Table>(table), {},
                          [&](std::string_view key, std::string_view value) {
                            stored.append(key).append("|").append(value).append("|");
                            return true;
                          })
                    .ok());
  }
  for (const char* secret : {"yamada", "4711", "Example Partner", "Sato Jiro", "maintenance-2025"})
    EXPECT_THAT(stored, Not(HasSubstr(secret)));
}

TEST_F(DirectoryTest, I7_RowsThatWereChangedOrSwappedStopTheStart) {
  Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  Enrol(AccountForTest(v1::SUPERVISOR, "taro"));
  const std::string key = site_.keys.AccountRowKey("hanako");
  const std::string row = **site_.engine->records().Get(storage::Table::kAccounts, key);
  const std::string other = **site_.engine->records().Get(storage::Table::kAccounts, site_.keys.AccountRowKey("taro"));
  std::string flipped = row;
  flipped.back() ^= 1;
  for (const std::string& bad : {flipped, other, std::string()}) {
    site_.Tamper(storage::Table::kAccounts, key, bad);
    EXPECT_EQ(Directory::Open(site_.engine->records(), site_.committer.get(), &site_.keys, contracts_, &site_.clock, ConfigForTest())
                  .status()
                  .code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(DirectoryTest, RecordersHaveTheQueuesOfTheirCentres) {
  const IssuedCertificate issued = Enrol(AccountForTest(v1::RECORDER, "pbx-1"));
  std::string rule;
  const auto caller = directory_->Identify(PeerWith(issued.certificate_pem, "pbx-1"), &rule);
  ASSERT_TRUE(caller.ok());
  EXPECT_TRUE(DecideRecord(*policy::ShippedRules(), *caller, {"Tokyo", "Tokyo-general", "", FormatForTest()}, kTestStart).allowed);
  EXPECT_FALSE(DecideRecord(*policy::ShippedRules(), *caller, {"Tokyo", "Osaka-general", "", FormatForTest()}, kTestStart).allowed);
}

TEST_F(DirectoryTest, I6_I11_RevokedCertificatesAreRefusedAtTheNextReloadAndAStaleListStopsNoRecorder) {
  folder_ = ::testing::TempDir() + "directory-XXXXXX";
  ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  const auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder_ + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
  };
  write("ca.pem", authority_.certificate_pem());
  write("crl.pem", authority_.RevocationList({}, kTestStart, kTestStart + Days(30)));
  v1::GatewayConfig config = ConfigForTest();
  config.mutable_tls()->set_client_ca_file(folder_ + "/ca.pem");
  config.mutable_tls()->set_client_crl_file(folder_ + "/crl.pem");
  Reopen(config);
  const IssuedCertificate issued = Enrol(AccountForTest(v1::OPERATOR, "hanako"));
  const Peer peer = PeerWith(issued.certificate_pem, "hanako");
  std::string rule;
  const auto inside = directory_->Identify(peer, &rule);
  ASSERT_TRUE(inside.ok());

  write("crl.pem", authority_.RevocationList({issued.serial}, kTestStart, kTestStart + Days(30)));
  ASSERT_TRUE(directory_->ReloadRevocations().ok());
  EXPECT_EQ(inside->StillWelcome(kTestStart).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(directory_->Identify(peer, &rule).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(rule, "revoked");

  const IssuedCertificate recorder = Enrol(AccountForTest(v1::RECORDER, "pbx-1"));
  const IssuedCertificate stolen = Enrol(AccountForTest(v1::RECORDER, "pbx-2"));
  write("crl.pem", authority_.RevocationList({stolen.serial}, kTestStart, kTestStart + Days(30)));
  ASSERT_TRUE(directory_->ReloadRevocations().ok());
  site_.clock.Advance(Days(31));
  EXPECT_FALSE(directory_->ReloadRevocations().ok());
  EXPECT_FALSE(directory_->Identify(peer, &rule).ok());
  EXPECT_EQ(rule, "revocation-list-stale");

  // I11: recorders go on, also after a restart, but for those that the list names.
  EXPECT_TRUE(directory_->Identify(PeerWith(recorder.certificate_pem, "pbx-1"), &rule).ok()) << rule;
  Reopen(config);
  EXPECT_TRUE(directory_->Identify(PeerWith(recorder.certificate_pem, "pbx-1"), &rule).ok()) << rule;
  EXPECT_FALSE(directory_->Identify(PeerWith(stolen.certificate_pem, "pbx-2"), &rule).ok());
  EXPECT_EQ(rule, "revoked");
  EXPECT_FALSE(directory_->Identify(peer, &rule).ok());
}

TEST_F(DirectoryTest, I6_ARevocationListThatCannotBeReadStopsTheStart) {
  v1::GatewayConfig config = ConfigForTest();
  config.mutable_tls()->set_client_ca_file("/nonexistent/ca.pem");
  config.mutable_tls()->set_client_crl_file("/nonexistent/crl.pem");
  EXPECT_FALSE(Directory::Open(site_.engine->records(), site_.committer.get(), &site_.keys, contracts_, &site_.clock, config).ok());
}

TEST_F(DirectoryTest, TheFirstAccountsAreEnrolledAtInit) {
  const IssuedCertificate issued = authority_.ForAccount(kTrustDomain, "root-admin", kTestStart);
  storage::Batch batch;
  ASSERT_TRUE(
      EnrolAtInit(Request(AccountForTest(v1::ADMIN, "root-admin"), issued.certificate_pem), ConfigForTest(), site_.keys, kTestStart, &batch)
          .ok());
  ASSERT_TRUE(site_.engine->records().Commit(batch).ok());
  EXPECT_EQ(site_.engine->records().Commit(batch).code(), absl::StatusCode::kAborted) << "not twice";
  Reopen(ConfigForTest());
  std::string rule;
  EXPECT_TRUE(directory_->Identify(PeerWith(issued.certificate_pem, "root-admin"), &rule).ok()) << rule;
  EXPECT_EQ(EnrolAtInit(Request(AccountForTest(v1::ADMIN, "Root"), issued.certificate_pem), ConfigForTest(), site_.keys, kTestStart, &batch)
                .code(),
            absl::StatusCode::kInvalidArgument);
}

// A certificate is read once, and what it is good for is decided each time.
TEST(CertificateCacheTest, GivesWhatTheCertificateSaysHoweverOften) {
  CertificateCache cache;
  TestAuthority authority(kTestStart);
  const std::string pem = authority.ForAccount(kTrustDomain, "operator", kTestStart).certificate_pem;
  const auto read = crypto::ParseCertificate(pem);
  ASSERT_TRUE(read.ok()) << read.status();
  for (int i = 0; i < 3; ++i) {
    const auto cached = cache.Read(pem);
    ASSERT_TRUE(cached.ok()) << cached.status();
    EXPECT_EQ(cached->sha256, read->sha256);
    EXPECT_EQ(cached->spki_sha256, read->spki_sha256);
    EXPECT_EQ(cached->uris, read->uris);
    EXPECT_EQ(cached->serial, read->serial);
    EXPECT_EQ(cached->not_after_unix_s, read->not_after_unix_s);
  }
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(absl::IsInvalidArgument(cache.Read("nonsense").status()));
  EXPECT_NE(cache.Read(authority.ForAccount(kTrustDomain, "auditor", kTestStart).certificate_pem)->sha256, read->sha256) << "another's";
}

}  // namespace
}  // namespace otokura::access
