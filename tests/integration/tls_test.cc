// Who gets past the door: TLS 1.3, a certificate of the client authority, and an account that pins its key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/rpc/library_messages.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(site_.Init(), absl::OkStatus());
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
  }
  static ClientIdentity Identity(const Pki& pki, const std::string& account) { return {pki.Certificate(account), pki.PrivateKey(account)}; }
  static absl::Status TryToSearch(const std::shared_ptr<grpc::Channel>& channel) {
    return Search(channel, SearchFor(v1::AGENT, kAgent)).status();
  }
  // `openssl s_client` with the operator's certificate and this option: whether the handshake succeeds.
  bool HandshakeSucceeds(const std::string& version) const {
    const Pki& pki = Pki::Ours();
    return RunCommand({"openssl", "s_client", "-connect", site_.address(), version, "-alpn", "h2", "-verify_return_error", "-CAfile",
                       pki.File("ca.pem"), "-cert", pki.CertificateFile("operator"), "-key", pki.PrivateKeyFile("operator")}) == 0;
  }

  Site site_;
};

TEST_F(Tls, I6_WithoutACertificateNobodyConnects) {
  rpc::TakeLibraryMessageCounts();
  EXPECT_EQ(TryToSearch(site_.Connect({})).code(), absl::StatusCode::kUnavailable);
  EXPECT_GT(rpc::TakeLibraryMessageCounts().refused_handshakes, 0u);
}

TEST_F(Tls, I6_AnUnknownAuthorityDoesNotConnect) {
  rpc::TakeLibraryMessageCounts();
  EXPECT_EQ(TryToSearch(site_.Connect(Identity(Pki::Foreign(), "operator"))).code(), absl::StatusCode::kUnavailable);
  EXPECT_GT(rpc::TakeLibraryMessageCounts().refused_handshakes, 0u);
}

TEST_F(Tls, I6_AnExpiredCertificateDoesNotConnect) {
  EXPECT_EQ(TryToSearch(site_.Connect(Identity(Pki::Ours(), "operator-expired"))).code(), absl::StatusCode::kUnavailable);
}

TEST_F(Tls, I6_ACertificateThatIsNoAccountIsRefusedAndLogged) {
  const auto stranger = site_.ConnectAs("stranger");
  EXPECT_EQ(TryToSearch(stranger).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(RecordError(stranger, {OpenRequest("call")}).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Listen(stranger, "0190a1b2-0000-7000-8000-000000000001", {}).status.code(), absl::StatusCode::kUnauthenticated);
  const auto log = ReadLog(site_.ConnectAs("auditor"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Count(*log, v1::CONNECTION_REFUSED, v1::DENIED), 3);
  const LoggedEntry& refused =
      *std::find_if(log->begin(), log->end(), [](const LoggedEntry& entry) { return entry.leaf.action() == v1::CONNECTION_REFUSED; });
  EXPECT_EQ(refused.details.address().value(), "127.0.0.1");
  EXPECT_THAT(refused.details.target().value(), HasSubstr("/account/stranger"));
  EXPECT_EQ(refused.details.certificate().value().size(), 64u);
}

TEST_F(Tls, I6_AnotherKeyUnderAnEnrolledNameIsRefused) {
  // The authority issues a second certificate for a name that is enrolled with its first.
  const Pki second(kTrustDomain);
  WriteFile(site_.folder() + "/both.pem", Pki::Ours().Certificate("ca") + second.Certificate("ca"));
  site_.config().mutable_tls()->set_client_ca_file(site_.folder() + "/both.pem");
  site_.Stop();
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  EXPECT_EQ(TryToSearch(site_.Connect(Identity(second, "operator"))).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(TryToSearch(site_.ConnectAs("operator")), absl::OkStatus());
}

TEST_F(Tls, OnlyTls13IsSpoken) {
  EXPECT_TRUE(HandshakeSucceeds("-tls1_3"));
  EXPECT_FALSE(HandshakeSucceeds("-tls1_2"));
}

TEST_F(Tls, ReloadTakesNewCertificatesAndKeepsTheOldOnesWhenTheyAreBad) {
  const Pki renewed(kTrustDomain);
  const std::string certificate_file = site_.folder() + "/gateway.pem", key_file = site_.folder() + "/gateway.key";
  site_.config().mutable_tls()->set_certificate_file(certificate_file);
  site_.config().mutable_tls()->set_private_key_file(key_file);
  WriteFile(certificate_file, Pki::Ours().Certificate("gateway"));
  WriteFile(key_file, Pki::Ours().PrivateKey("gateway"));
  site_.Stop();
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  const auto held = site_.ConnectAs("operator");
  ASSERT_EQ(TryToSearch(held), absl::OkStatus());
  const ClientIdentity identity = Identity(Pki::Ours(), "operator");

  WriteFile(key_file, renewed.PrivateKey("gateway"));  // not the certificate's
  site_.gateway().Reload();
  EXPECT_THAT(ReadFile(site_.events_file()), HasSubstr("tls-not-reloaded"));
  EXPECT_EQ(TryToSearch(site_.Connect(identity)), absl::OkStatus());

  WriteFile(certificate_file, renewed.Certificate("gateway"));
  site_.gateway().Reload();
  EXPECT_EQ(TryToSearch(site_.Connect(identity, renewed.Certificate("ca"))), absl::OkStatus());
  EXPECT_EQ(TryToSearch(site_.Connect(identity)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(TryToSearch(held), absl::OkStatus());
}

}  // namespace
}  // namespace otokura::integration
