#include "tests/integration/site.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/secret.h"
#include "crypto/tls13.h"
#include "proto/policy/shipped.h"
#include "server/access/contract_checks.h"
#include "server/otokurad/configuration.h"
#include "server/otokurad/init.h"
#include "server/rpc/library_messages.h"
#include "server/storage/memory_engine.h"
#include "tests/unit/policy/policy_site.h"

extern char** environ;

namespace otokura::integration {
namespace {

constexpr absl::Duration kStartPatience = absl::Seconds(60);  // a busy machine under a sanitizer
constexpr absl::Duration kLook = absl::Milliseconds(10);

// What `otokurad run` does before anything else.
class Process : public ::testing::Environment {
 public:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    ASSERT_TRUE(crypto::LockSecretMemory().ok()) << crypto::LockSecretMemory();
    ASSERT_TRUE(crypto::RequireTls13().ok()) << crypto::RequireTls13();
    rpc::CountLibraryMessages();
  }
};
::testing::Environment* const kProcess = ::testing::AddGlobalTestEnvironment(new Process);

std::string OtokuradPath() {
  const char* path = std::getenv("OTOKURAD");
  return path != nullptr ? path : "otokurad";
}

}  // namespace

Site::Site() {
  const Pki& pki = Pki::Ours();
  config_.set_listen_address("127.0.0.1:0");
  config_.set_trust_domain(kTrustDomain);
  config_.mutable_tls()->set_certificate_file(pki.File("gateway.pem"));
  config_.mutable_tls()->set_private_key_file(pki.File("gateway.key"));
  config_.mutable_tls()->set_client_ca_file(pki.File("ca.pem"));
  config_.set_data_dir(folder() + "/data");
  config_.set_key_store_dir(folder() + "/keys");
  config_.mutable_root_key()->set_passphrase_file(passphrase_file());
  for (const char* name : {kCentre, kOtherCentre}) {
    v1::CentreConfig* centre = config_.add_centres();
    centre->set_name(name);
    centre->add_queues("pension");
  }
  v1::RetentionClassConfig* retention_class = config_.add_retention_classes();
  retention_class->set_name("standard");
  retention_class->set_years(5);
  config_.mutable_limits()->set_free_space_fair_bytes(2 << 20);
  config_.mutable_limits()->set_free_space_min_bytes(1 << 20);
  config_.mutable_limits()->set_reserve_bytes(1 << 20);
  config_.set_demo(true);  // everything lies on one file system here
  config_.set_address_file(folder() + "/address");
  for (const std::string& signer : policy::SignersForTest()) config_.add_policy_signers(signer);
  config_.set_first_policy_file(folder() + "/first-policy");
  WriteFile(config_.first_policy_file(), policy::NoteForTest(policy::TextForTest(1)));
  WriteFile(passphrase_file(), "correct horse battery staple\n");
  events_descriptor_ = open(events_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  events_ = std::make_unique<runtime::EventLog>(events_descriptor_);
}

Site::~Site() {
  Stop();
  if (process_ != 0) {
    Signal(SIGKILL);
    WaitForProcess();
  }
  close(events_descriptor_);
}

void Site::WriteConfiguration() const {
  std::string text;
  google::protobuf::TextFormat::PrintToString(config_, &text);
  WriteFile(config_file(), text);
}

absl::Status Site::Init() {
  WriteConfiguration();
  auto config = gateway::ReadConfiguration(config_file());
  if (!config.ok()) return config.status();
  if (absl::Status rules = gateway::ToStatus(gateway::CheckConfiguration(*config, absl::Now())); !rules.ok()) return rules;
  return gateway::InitialiseSite(*config, {Pki::Ours().Certificate("admin"), Pki::Ours().Certificate("security")});
}

absl::Status Site::Start() { return Start({}); }

absl::Status Site::StartInMemory(gateway::Gateway::Options options) {
  std::filesystem::create_directory(config_.key_store_dir());
  options.engine = storage::MemoryEngine::Create();
  const gateway::FirstAccounts accounts{Pki::Ours().Certificate("admin"), Pki::Ours().Certificate("security")};
  if (absl::Status made = gateway::InitialiseSiteOn(*options.engine, config_, accounts); !made.ok()) return made;
  return Start(std::move(options));
}

absl::Status Site::Start(gateway::Gateway::Options options) {
  WriteConfiguration();
  auto config = gateway::ReadConfiguration(config_file());
  if (!config.ok()) return config.status();
  options.events = events_.get();
  auto gateway = gateway::Gateway::Start(*std::move(config), std::move(options));
  if (!gateway.ok()) return gateway.status();
  gateway_ = *std::move(gateway);
  address_ = gateway_->address();
  return absl::OkStatus();
}

absl::Status Site::StartProcess() {
  WriteConfiguration();
  std::filesystem::remove(config_.address_file());
  const std::string program = OtokuradPath();
  const std::string config = config_file();
  const char* const arguments[] = {program.c_str(), "run", "--config", config.c_str(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, events_descriptor_, STDERR_FILENO);
  const int spawned = posix_spawn(&process_, program.c_str(), &files, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&files);
  if (spawned != 0) return absl::NotFoundError(absl::StrCat("cannot run ", program));
  const absl::Time deadline = absl::Now() + kStartPatience;
  while (!std::filesystem::exists(config_.address_file())) {
    int status = 0;
    if (waitpid(process_, &status, WNOHANG) == process_) {
      process_ = 0;
      return absl::FailedPreconditionError(absl::StrCat("otokurad ended with ", WEXITSTATUS(status), ": ", ReadFile(events_file())));
    }
    if (absl::Now() > deadline) return absl::DeadlineExceededError("otokurad does not serve");
    absl::SleepFor(kLook);
  }
  address_ = ReadFile(config_.address_file());
  address_.resize(address_.find('\n'));
  return absl::OkStatus();
}

void Site::Signal(int number) const { kill(process_, number); }

int Site::WaitForProcess() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int Site::Otokurad(const std::string& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> line{OtokuradPath(), command, "--config", config_file()};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return RunCommand(line, folder() + "/said");
}

std::shared_ptr<grpc::Channel> Site::Connect(const ClientIdentity& identity, const std::string& ca_pem) const {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ca_pem;
  tls.pem_cert_chain = identity.certificate_pem;
  tls.pem_private_key = identity.private_key_pem;
  grpc::ChannelArguments arguments;
  // A connection of its own: gRPC would share one between clients of the same address.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 16384);
  return grpc::CreateCustomChannel(address_, grpc::SslCredentials(tls), arguments);
}

std::shared_ptr<grpc::Channel> Site::ConnectAs(const std::string& account) const {
  return Connect({Pki::Ours().Certificate(account), Pki::Ours().PrivateKey(account)});
}

v1::AddAccountRequest AccountRequest(const std::string& name, v1::Role role) {
  v1::AddAccountRequest request;
  v1::Account* account = request.mutable_account();
  account->set_name(name);
  account->set_role(role);
  request.set_certificate_pem(Pki::Ours().Certificate(name));
  if (role != v1::RECORDER) account->set_person_id("person-" + name);
  if (role != v1::AUDITOR && role != v1::SECURITY && role != v1::ADMIN) account->add_centres(kCentre);
  if (role == v1::OPERATOR) account->set_agent(kAgent);
  if (role == v1::CONTRACTOR) {
    account->set_company(kCompany);
    account->set_contract(kContract);
  }
  if (role == v1::RECORDER) {
    v1::AudioFormat* format = account->mutable_recorder()->add_formats();
    format->set_encoding(v1::AudioFormat::PCMU);
    format->set_sample_rate_hz(8000);
    format->set_channels(1);
    account->mutable_recorder()->add_retention_classes("standard");
  }
  return request;
}

v1::Contract ContractTerms(const std::string& name, absl::Time now) {
  const absl::CivilDay today = access::DayOf(now);
  v1::Contract contract;
  contract.set_name(name);
  contract.set_company(kCompany);
  contract.set_responsible("Sato, head of service");
  contract.set_first_day(absl::FormatCivilTime(today - 30));
  contract.set_last_day(absl::FormatCivilTime(today + 300));
  contract.add_purposes("maintenance");
  contract.add_centres(kCentre);
  for (const std::string& name_of_clause : policy::ShippedRules()->contracts().clauses()) {
    v1::Clause* const clause = contract.add_clauses();
    clause->set_name(name_of_clause);
    clause->set_confirmed_on(absl::FormatCivilTime(today - 31));
  }
  return contract;
}

absl::Status Site::Conclude(const v1::Contract& terms) {
  v1::AddContractRequest add;
  *add.mutable_contract() = terms;
  v1::AddContractResponse added;
  if (absl::Status proposed = AskAs("admin", &v1::Contracts::Stub::Add, add, &added); !proposed.ok()) return proposed;
  v1::ConfirmContractRequest confirm;
  confirm.set_name(terms.name());
  confirm.set_revision(added.contract().revision());
  v1::ConfirmContractResponse confirmed;
  return AskAs("security", &v1::Contracts::Stub::Confirm, confirm, &confirmed);
}

absl::Status Site::Enrol(const std::string& name, v1::Role role) { return Enrol(AccountRequest(name, role)); }

absl::Status Site::Enrol(v1::AddAccountRequest request) {
  v1::AddAccountResponse enrolled;
  if (absl::Status added = AskAs("admin", &v1::Admin::Stub::AddAccount, request, &enrolled); !added.ok()) return added;
  if (enrolled.account().state() != v1::Account::PENDING) return absl::OkStatus();
  v1::ConfirmAccountRequest confirm;
  confirm.set_name(enrolled.account().name());
  confirm.set_revision(enrolled.account().revision());
  v1::ConfirmAccountResponse confirmed;
  return AskAs("security", &v1::Admin::Stub::ConfirmAccount, confirm, &confirmed);
}

absl::Status Site::Suspend(const std::string& name) {
  v1::SuspendAccountRequest request;
  request.set_name(name);
  request.set_reason("left");
  v1::SuspendAccountResponse response;
  return AskAs("security", &v1::Admin::Stub::SuspendAccount, request, &response);
}

absl::Status Site::Restore(const std::string& name) {
  v1::RestoreAccountRequest request;
  request.set_name(name);
  request.set_reason("came back");
  v1::RestoreAccountResponse response;
  return AskAs("security", &v1::Admin::Stub::RestoreAccount, request, &response);
}

absl::Status Site::LoadPolicy(const std::string& note, const std::string& account) {
  v1::LoadPolicyRequest request;
  request.set_note(note);
  v1::LoadPolicyResponse response;
  return AskAs(account, &v1::Admin::Stub::LoadPolicy, request, &response);
}

absl::Status Site::EnrolEverybody() {
  const std::pair<const char*, v1::Role> accounts[] = {{"recorder", v1::RECORDER},
                                                       {"operator", v1::OPERATOR},
                                                       {"supervisor", v1::SUPERVISOR},
                                                       {"contractor", v1::CONTRACTOR},
                                                       {"auditor", v1::AUDITOR}};
  if (absl::Status concluded = Conclude(ContractTerms(kContract)); !concluded.ok()) return concluded;
  for (const auto& [name, role] : accounts) {
    if (absl::Status enrolled = Enrol(name, role); !enrolled.ok()) return enrolled;
  }
  return absl::OkStatus();
}

}  // namespace otokura::integration
