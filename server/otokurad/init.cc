#include "server/otokurad/init.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "crypto/certificate.h"
#include "crypto/file_key_provider.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "proto/policy/rules.h"
#include "server/access/directory.h"
#include "server/access/policy_rows.h"
#include "server/audit/log.h"
#include "server/audit/publisher.h"
#include "server/keys/key_hierarchy.h"
#include "server/keys/key_store_file.h"
#include "server/keys/log_key.h"
#include "server/otokurad/check_config.h"
#include "server/otokurad/exit_codes.h"
#include "server/otokurad/passphrase.h"
#include "server/otokurad/store.h"
#include "server/otokurad/unfinished_site.h"
#include "server/runtime/clock.h"
#include "server/storage/committer.h"
#include "server/storage/local/local_engine.h"

namespace otokura::gateway {
namespace {

// A demo must be up in seconds and protects nothing: 16 MiB, a twentieth of a second.
constexpr crypto::ScryptCost kDemoCost{uint64_t{1} << 14, 8, 1};

std::string RandomUuid() {
  std::string bytes = crypto::RandomBytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);  // RFC 9562: version 4
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);  // variant
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-", hex.substr(20));
}

absl::StatusOr<v1::AddAccountRequest> RequestFor(v1::Role role, const std::string& certificate_pem, std::string_view option) {
  const auto certificate = crypto::ParseCertificate(certificate_pem);
  if (!certificate.ok())
    return absl::InvalidArgumentError(absl::StrCat(absl::string_view(option.data(), option.size()), ": ", certificate.status().message()));
  const std::string uri = certificate->uris.size() == 1 ? certificate->uris.front() : "";
  const size_t name = uri.rfind("/account/");
  if (name == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::string_view(option.data(), option.size()),
                     ": must hold one URI spiffe://<trust domain>/account/<name> as its subject alternative name"));
  }
  v1::AddAccountRequest request;
  request.set_certificate_pem(certificate_pem);
  request.mutable_account()->set_name(uri.substr(name + std::string_view("/account/").size()));
  request.mutable_account()->set_role(role);
  request.mutable_account()->set_person_id(request.account().name());
  return request;
}

absl::StatusOr<std::vector<v1::AddAccountRequest>> RequestsFor(const FirstAccounts& accounts) {
  std::vector<v1::AddAccountRequest> requests;
  auto admin = RequestFor(v1::ADMIN, accounts.admin_certificate_pem, "--admin-certificate");
  if (!admin.ok()) return admin.status();
  requests.push_back(*std::move(admin));
  if (accounts.security_certificate_pem.empty()) return requests;
  auto security = RequestFor(v1::SECURITY, accounts.security_certificate_pem, "--security-certificate");
  if (!security.ok()) return security.status();
  if (security->account().name() == requests.front().account().name()) {
    return absl::InvalidArgumentError("--security-certificate names the same account as --admin-certificate; these duties need two people");
  }
  requests.push_back(*std::move(security));
  return requests;
}

absl::StatusOr<std::unique_ptr<crypto::KeyEncryptionProvider>> MakeRootKey(const v1::GatewayConfig& config) {
  auto passphrase = ReadPassphrase(config.root_key());
  if (!passphrase.ok()) return passphrase.status();
  const crypto::ScryptCost cost = config.demo() ? kDemoCost : crypto::ScryptCost{};
  if (absl::Status made = crypto::FileKeyProvider::Create(RootKeyPath(config), *passphrase, cost); !made.ok()) return made;
  auto provider = crypto::FileKeyProvider::Open(RootKeyPath(config), *passphrase);
  if (!provider.ok()) return provider.status();
  return std::unique_ptr<crypto::KeyEncryptionProvider>(*std::move(provider));
}

std::unique_ptr<audit::Draft> EnrolmentEntry(const v1::AddAccountRequest& request) {
  auto draft = std::make_unique<audit::Draft>();
  draft->leaf.set_action(v1::ACCOUNT_ADD);
  draft->leaf.set_decision(v1::NOTED);
  draft->leaf.set_rule("init");
  draft->particulars.target = request.account().name();
  return draft;
}

// The log's key and the checkpoint of the empty log. Its origin says whose log it is, and never changes: it is in every checkpoint.
absl::Status MakeLog(const v1::GatewayConfig& config, const std::string& site_id, crypto::KeyEncryptionProvider& provider) {
  const std::string origin = absl::StrCat(config.trust_domain(), "/otokura/", site_id);
  if (absl::Status made = keys::MakeLogKey(config.key_store_dir(), origin, provider); !made.ok()) return made;
  auto signer = keys::OpenLogKey(config.key_store_dir(), provider);
  if (!signer.ok()) return signer.status();
  if (absl::Status kept = keys::KeepLogPublicKey(config.key_store_dir(), *signer); !kept.ok()) return kept;
  return audit::WriteFirstCheckpoint(*signer, keys::CheckpointCopyPath(config.key_store_dir()));
}

// One byte beyond `bytes_max` of what is longer: whoever checks it then refuses it.
absl::StatusOr<std::string> ReadFileOf(std::string_view option, const std::string& path, size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return absl::NotFoundError(
        absl::StrCat(absl::string_view(option.data(), option.size()), " '", path, "' cannot be read: ", std::strerror(errno)));
  std::string content(bytes_max + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

absl::StatusOr<std::unique_ptr<audit::Draft>> PutFirstPolicy(const v1::GatewayConfig& config, storage::Batch* batch) {
  std::string note;
  if (!config.first_policy_file().empty()) {
    auto read = ReadFileOf("first_policy_file", config.first_policy_file(), policy::kPolicyBytesMax);
    if (!read.ok()) return read.status();
    note = *std::move(read);
  }
  return access::PutFirstPolicy(note, {config.policy_signers().begin(), config.policy_signers().end()}, batch);
}

// Header, accounts, policy and the first entries of the log, in one write.
absl::Status WriteFirstRecords(storage::Engine& engine, const keys::SiteKeys& keys, const v1::GatewayConfig& config,
                               const std::string& site_id, const std::vector<v1::AddAccountRequest>& requests) {
  const std::unique_ptr<runtime::Clock> clock = runtime::MakeSystemClock();
  storage::RecordCommit commit;
  v1::StoreHeader header;
  header.set_version(kStoreVersion);
  header.set_site_id(site_id);
  header.set_created_unix_ms(absl::ToUnixMillis(clock->Now()));
  commit.batch.Put(storage::Table::kMeta, kStoreHeaderKey, header.SerializeAsString());
  for (const v1::AddAccountRequest& request : requests) {
    if (absl::Status enrolled = access::EnrolAtInit(request, config, keys, clock->Now(), &commit.batch); !enrolled.ok()) return enrolled;
    commit.entries.push_back(EnrolmentEntry(request));
  }
  auto policy = PutFirstPolicy(config, &commit.batch);
  if (!policy.ok()) return policy.status();
  commit.entries.push_back(*std::move(policy));
  auto log = audit::Log::Open(&engine.records(), &keys, clock.get());
  if (!log.ok()) return log.status();
  absl::Status result;
  absl::Notification done;
  commit.done = [&result, &done](const absl::Status& status, absl::Span<const uint64_t>) {
    result = status;
    done.Notify();
  };
  const std::unique_ptr<storage::Committer> committer = storage::Committer::Create(&engine, log->get());
  committer->Commit(std::move(commit));
  done.WaitForNotification();
  return result;
}

absl::Status InitialiseFrom(const v1::GatewayConfig& config, const InitArguments& arguments) {
  FirstAccounts accounts;
  auto admin = ReadFileOf("--admin-certificate", arguments.admin_certificate_path, crypto::kCertificatePemBytesMax);
  if (!admin.ok()) return admin.status();
  accounts.admin_certificate_pem = *std::move(admin);
  if (!arguments.security_certificate_path.empty()) {
    auto security = ReadFileOf("--security-certificate", arguments.security_certificate_path, crypto::kCertificatePemBytesMax);
    if (!security.ok()) return security.status();
    accounts.security_certificate_pem = *std::move(security);
  }
  return InitialiseSite(config, accounts);
}

int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "otokurad init: " << status.message() << "\n";
  return exit_code;
}

}  // namespace

absl::Status InitialiseSite(const v1::GatewayConfig& config, const FirstAccounts& accounts) {
  auto site = UnfinishedSite::Create(config);
  if (!site.ok()) return site.status();
  storage::LocalEngineOptions options;
  options.data_dir = config.data_dir();
  options.create = true;
  options.reserve_bytes = config.limits().reserve_bytes();
  auto engine = storage::OpenLocalEngine(options);
  if (!engine.ok()) return engine.status();
  if (absl::Status made = InitialiseSiteOn(**engine, config, accounts); !made.ok()) return made;
  return std::move(*site).Finish();
}

absl::Status InitialiseSiteOn(storage::Engine& engine, const v1::GatewayConfig& config, const FirstAccounts& accounts) {
  const auto requests = RequestsFor(accounts);
  if (!requests.ok()) return requests.status();
  auto provider = MakeRootKey(config);
  if (!provider.ok()) return provider.status();
  const std::string site_id = RandomUuid();
  if (absl::Status made = keys::KeyHierarchy::Initialise(config.key_store_dir(), site_id, **provider); !made.ok()) return made;
  auto keys = keys::KeyHierarchy::Open(config.key_store_dir(), site_id, provider->get());
  if (!keys.ok()) return keys.status();
  if (absl::Status made = MakeLog(config, site_id, **provider); !made.ok()) return made;
  return WriteFirstRecords(engine, (*keys)->site(), config, site_id, *requests);
}

int Init(const InitArguments& arguments) {
  umask(S_IRWXG | S_IRWXO);
  if (absl::Status locked = crypto::LockSecretMemory(); !locked.ok()) return Fail(locked, kExitFailed);
  if (absl::Status forbidden = crypto::ForbidCoreDumps(); !forbidden.ok()) return Fail(forbidden, kExitFailed);
  const auto config = CheckedConfiguration(arguments.config_path);
  if (!config.ok()) return Fail(config.status(), kExitConfiguration);
  if (absl::Status made = InitialiseFrom(*config, arguments); !made.ok()) return Fail(made, kExitFailed);
  std::cout << "made the site in " << config->data_dir() << ", its keys in " << config->key_store_dir() << "\n";
  if (auto key = keys::ReadSmallFile(keys::LogPublicKeyPath(config->key_store_dir())); key.ok()) {
    std::cout << "give auditors the public key of its log: " << *key;
  }
  return kExitDone;
}

}  // namespace otokura::gateway
