// Setting a site up, and what a wrong set-up is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "otokura/v1/stored.pb.h"
#include "server/otokurad/configuration.h"
#include "server/otokurad/exit_codes.h"
#include "server/otokurad/store.h"
#include "server/storage/local/local_engine.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::string> InitArguments() {
  return {"--admin-certificate", Pki::Ours().CertificateFile("admin"), "--security-certificate", Pki::Ours().CertificateFile("security")};
}

TEST(Init, MakesASiteThatOnlyItsOwnerReads) {
  Site site;
  site.WriteConfiguration();
  ASSERT_EQ(site.Otokurad("init", InitArguments()), gateway::kExitDone) << site.said();
  for (const std::string& folder : {site.config().data_dir(), site.config().key_store_dir()}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      EXPECT_EQ(entry.status().permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none) << entry.path();
    }
    EXPECT_EQ(fs::status(folder).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none) << folder;
  }
  EXPECT_EQ(site.Otokurad("fsck"), gateway::kExitDone) << site.said();
  ASSERT_EQ(site.Start(), absl::OkStatus());
  const auto log = ReadLog(site.ConnectAs("security"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(Count(*log, v1::ACCOUNT_ADD), 2);
  EXPECT_EQ(Count(*log, v1::EPOCH_KEY_CREATED), Count(*log, v1::EPOCH_KEY_CREATED, v1::NOTED));
  EXPECT_GE(Count(*log, v1::EPOCH_KEY_CREATED), 1);
  EXPECT_EQ(Count(*log, v1::GATEWAY_STARTED), 1);
}

TEST(Init, RefusesASiteThatIsThere) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  EXPECT_EQ(site.Otokurad("init", InitArguments()), gateway::kExitFailed);
  EXPECT_THAT(site.said(), HasSubstr("not an empty folder"));
  EXPECT_EQ(site.Start(), absl::OkStatus());
}

TEST(Init, AFailureLeavesNothingBehind) {
  Site site;
  WriteFile(site.passphrase_file(), "short\n");
  EXPECT_EQ(site.Init().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(fs::exists(site.config().data_dir()));
  EXPECT_FALSE(fs::exists(site.config().key_store_dir()));
  WriteFile(site.passphrase_file(), "long enough to be one\n");
  EXPECT_EQ(site.Init(), absl::OkStatus());
}

TEST(Init, WhatAnInterruptedOneLeftIsNamed) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  WriteFile(gateway::UnfinishedMarkPath(site.config()), "");  // as a kill before the end leaves it
  const absl::Status again = site.Init();
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(again.message()),
              AllOf(HasSubstr("interrupted"), HasSubstr(site.config().data_dir()), HasSubstr(site.config().key_store_dir())));
  EXPECT_EQ(site.Start().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Init, OnePersonCannotTakeBothDuties) {
  Site site;
  site.WriteConfiguration();
  const std::string admin = Pki::Ours().CertificateFile("admin");
  EXPECT_EQ(site.Otokurad("init", {"--admin-certificate", admin, "--security-certificate", admin}), gateway::kExitFailed);
  EXPECT_THAT(site.said(), HasSubstr("two people"));
}

TEST(Run, RefusesAWrongPassphrase) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  WriteFile(site.passphrase_file(), "incorrect horse battery staple\n");
  const absl::Status start = site.Start();
  EXPECT_EQ(start.code(), absl::StatusCode::kPermissionDenied) << start;
  EXPECT_THAT(std::string(start.message()), HasSubstr("passphrase"));
}

TEST(Run, RefusesADataFolderFromANewerVersion) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  {
    storage::LocalEngineOptions options;
    options.data_dir = site.config().data_dir();
    auto engine = storage::OpenLocalEngine(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    v1::StoreHeader header;
    ASSERT_TRUE(header.ParseFromString((*engine)->records().Get(storage::Table::kMeta, gateway::kStoreHeaderKey)->value()));
    header.set_version(gateway::kStoreVersion + 1);
    storage::Batch batch;
    batch.Put(storage::Table::kMeta, gateway::kStoreHeaderKey, header.SerializeAsString());
    ASSERT_EQ((*engine)->records().Commit(batch), absl::OkStatus());
  }
  const absl::Status start = site.Start();
  EXPECT_EQ(start.code(), absl::StatusCode::kFailedPrecondition) << start;
  EXPECT_THAT(std::string(start.message()), HasSubstr("newer"));
  EXPECT_EQ(site.Otokurad("fsck"), gateway::kExitFailed);
}

TEST(Run, RefusesAFolderThatAnotherGatewayHolds) {
  Site site;
  ASSERT_EQ(site.Init(), absl::OkStatus());
  ASSERT_EQ(site.Start(), absl::OkStatus());
  EXPECT_EQ(site.Otokurad("run"), gateway::kExitFailed);
  EXPECT_THAT(site.said(), HasSubstr("not-started"));
  EXPECT_EQ(site.Otokurad("fsck"), gateway::kExitFailed);
}

TEST(CheckConfig, NamesEveryProblemAtOnce) {
  Site site;
  site.config().set_trust_domain("Not A Domain");
  site.config().set_listen_address("nowhere");
  site.config().set_key_store_dir(site.config().data_dir() + "/keys");
  site.config().mutable_centres(1)->set_name(kCentre);
  site.config().mutable_retention_classes(0)->set_years(0);
  site.config().mutable_limits()->set_worker_threads(100000);
  site.config().mutable_root_key()->set_passphrase_credential("both");
  site.config().mutable_tls()->set_private_key_file(Pki::Ours().PrivateKeyFile("operator"));
  site.WriteConfiguration();
  EXPECT_EQ(site.Otokurad("check-config"), gateway::kExitConfiguration);
  for (const char* field : {"trust_domain", "listen_address", "key_store_dir", "centres[1].name", "retention_classes[0].years",
                            "limits.worker_threads", "root_key", "tls.private_key_file"}) {
    EXPECT_THAT(site.said(), HasSubstr(field));
  }
  EXPECT_EQ(site.Otokurad("check-config", {"--json"}), gateway::kExitConfiguration);
  EXPECT_THAT(site.said(), HasSubstr("{\"field\":\"trust_domain\""));
  EXPECT_EQ(site.Otokurad("run"), gateway::kExitConfiguration);
}

TEST(CheckConfig, UnknownFieldsAreErrorsWithTheirLines) {
  Site site;
  WriteFile(site.config_file(), "trust_domain: \"x\"\nlisten_addres: \"127.0.0.1:1\"\n");
  EXPECT_EQ(site.Otokurad("check-config"), gateway::kExitConfiguration);
  EXPECT_THAT(site.said(), AllOf(HasSubstr("line 2"), HasSubstr("listen_addres")));
}

TEST(CheckConfig, APassphraseBesideTheDataIsRefusedOutsideTheDemo) {
  Site site;
  site.config().set_demo(false);
  const auto problems = gateway::CheckConfiguration(site.config(), absl::Now());
  EXPECT_THAT(problems, Contains(AllOf(Field(&gateway::Problem::field, "root_key"),
                                       Field(&gateway::Problem::problem, HasSubstr("own file system")))));
}

TEST(CheckConfig, AKeyThatOthersReadIsRefused) {
  Site site;
  const std::string key = site.folder() + "/open.key";
  WriteFile(key, Pki::Ours().PrivateKey("gateway"));
  ASSERT_EQ(chmod(key.c_str(), 0644), 0);
  site.config().mutable_tls()->set_private_key_file(key);
  EXPECT_THAT(gateway::CheckConfiguration(site.config(), absl::Now()), Contains(Field(&gateway::Problem::problem, HasSubstr("chmod 600"))));
  site.config().mutable_tls()->set_certificate_file(Pki::Ours().CertificateFile("gateway-expired"));
  site.config().mutable_tls()->set_private_key_file(Pki::Ours().PrivateKeyFile("gateway-expired"));
  EXPECT_THAT(gateway::CheckConfiguration(site.config(), absl::Now()), Contains(Field(&gateway::Problem::problem, HasSubstr("expired"))));
}

}  // namespace
}  // namespace otokura::integration
