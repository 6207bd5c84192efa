#include "server/otokurad/gateway.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "proto/policy/shipped.h"
#include "server/access/egress/budgets.h"
#include "server/audit/commit_and_wait.h"
#include "server/keys/log_key.h"
#include "server/otokurad/health.h"
#include "server/otokurad/log_reopening.h"
#include "server/recordings/site.h"
#include "server/rpc/library_messages.h"
#include "server/rpc/server_options.h"

namespace otokura::gateway {
namespace {

constexpr absl::Duration kUpkeepInterval = absl::Minutes(1);
constexpr absl::Duration kHealthInterval = absl::Seconds(2);
constexpr int kPruningWritesMax = 10;  // a minute: ten thousand entries, which is more than most sites write in a day
constexpr absl::Duration kRetrievalPatience = absl::Seconds(5);  // for those who listen when the gateway stops
constexpr std::chrono::seconds kLastAnswerPatience{5};           // for answers that are on their way when the gateway stops
constexpr absl::Duration kAnchorPatience = absl::Seconds(3);     // for anchors to take the last checkpoint
constexpr char kVersion[] = "otokurad " OTOKURA_VERSION;

std::vector<std::string> RetentionClasses(const v1::GatewayConfig& config) {
  std::vector<std::string> names;
  for (const v1::RetentionClassConfig& retention_class : config.retention_classes()) names.push_back(retention_class.name());
  return names;
}

access::RefusalLimits RefusalLimitsOf(const v1::LimitsConfig& limits) {
  return {limits.refusal_log_bytes_per_account_day(), limits.refusal_log_bytes_per_address_day(), limits.refusal_log_bytes_per_day()};
}

std::string Describe(const keys::Epoch& epoch) {
  return absl::StrFormat("epoch %s of %s %04d-%02d", absl::BytesToHexString(epoch.id()), epoch.retention_class(), epoch.month().year(),
                         epoch.month().month());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(v1::GatewayConfig config, Options options) {
  std::unique_ptr<storage::Engine> engine = std::move(options.engine);
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(config), std::move(options)));
  absl::Status status = gateway->Open(std::move(engine));
  if (status.ok()) status = gateway->Serve();
  if (!status.ok()) return status;
  return gateway;
}

Gateway::Gateway(v1::GatewayConfig config, Options options)
    : config_(std::move(config)), events_(options.events), clock_(options.clock ? std::move(options.clock) : runtime::MakeSystemClock()) {}

Gateway::~Gateway() { Stop(); }

absl::Status Gateway::Open(std::unique_ptr<storage::Engine> engine) {
  auto store = engine ? OpenStoreOn(std::move(engine), config_) : OpenStore(config_, StoreUse::kServe);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  auto log = audit::Log::Open(&store_.engine->records(), &store_.keys->site(), clock_.get());
  if (!log.ok()) return log.status();
  log_ = *std::move(log);
  queries_ = std::make_unique<audit::Queries>(&store_.engine->records(), &store_.keys->site(), log_.get());
  egress_ = OpenEgress(store_, config_.key_store_dir(), clock_.get(), BudgetsInForce(), events_);
  log_->Keep(egress_.guard.get());
  committer_ = storage::Committer::Create(store_.engine.get(), log_.get());
  if (absl::Status reopened = CarryOutReopening(config_, committer_.get(), &store_); !reopened.ok()) return reopened;
  if (absl::Status opened = OpenLog(); !opened.ok()) return opened;
  reopening_ = std::make_unique<audit::Reopening>(&store_.engine->records(), committer_.get(), publisher_.get(), clock_.get());
  pruning_ = std::make_unique<audit::DetailsPruning>(&store_.engine->records(), &store_.keys->site(), committer_.get(), log_.get());
  MakeGate();
  const storage::RecordReader& records = store_.engine->records();
  auto contracts = access::Contracts::Open(records, committer_.get(), &store_.keys->site(), policy_.get(), clock_.get(), config_);
  if (!contracts.ok()) return contracts.status();
  contracts_ = *std::move(contracts);
  auto grants = access::Grants::Open(records, committer_.get(), &store_.keys->site(), clock_.get(), &grants_in_force_);
  if (!grants.ok()) return grants.status();
  grants_ = *std::move(grants);
  auto exports = access::Exports::Open(records, committer_.get(), &store_.keys->site(), clock_.get(), contracts_.get());
  if (!exports.ok()) return exports.status();
  exports_ = *std::move(exports);
  auto cases = access::Cases::Open(records, committer_.get(), &store_.keys->site(), clock_.get());
  if (!cases.ok()) return cases.status();
  cases_ = *std::move(cases);
  gate_->HoldToCases(cases_.get());
  auto directory = access::Directory::Open(records, committer_.get(), &store_.keys->site(), contracts_, clock_.get(), config_);
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  if (absl::Status opened = OpenIncidents(); !opened.ok()) return opened;
  if (absl::Status epochs = EnsureEpochs(); !epochs.ok()) {
    if (!HasEpochsForNow()) return epochs;
    events_->Failure("epoch-keys-not-made", epochs);
  }
  if (absl::Status renewed = RenewPseudonymKeys(); !renewed.ok()) events_->Failure("pseudonym-keys-not-renewed", renewed);
  return OpenRecordings();
}

void Gateway::MakeGate() {
  const storage::RecordStore* const records = &store_.engine->records();
  policy_ = std::make_unique<access::PolicyInForce>(policy::ShippedRules());
  const auto may_release = [this] {
    absl::Status extends = publisher_->MayRelease();
    return extends.ok() ? anchors_->MayRelease() : extends;
  };
  gate_ = std::make_unique<access::Gate>(committer_.get(), clock_.get(), policy_.get(), RefusalLimitsOf(config_.limits()), may_release,
                                         egress_.charges.get(), &grants_in_force_);
  if (absl::Status taken_up = gate_->TakeUpCeilings({records, &store_.keys->site(), log_.get()}); !taken_up.ok()) {
    events_->Failure("refusals-not-counted-on", taken_up);  // the index is damaged, which stops nobody (I11)
  }
  policy_loading_ = std::make_unique<access::PolicyLoading>(
      access::PolicyLoading::Parts{records, &store_.keys->site(), log_.get(), committer_.get(), gate_.get(), policy_.get(),
                                   [this](const policy::Rules& rules) { return directory_->CheckDutiesApart(rules); }});
  RefreshPolicy();
}

access::BudgetSource Gateway::BudgetsInForce() const {
  return access::BudgetsUnder([this] { return policy_->Get(); }, [this](std::string_view name) { return contracts_->Find(name); });
}

// A damaged policy stops releases, never the start (I11).
void Gateway::RefreshPolicy() {
  if (const absl::Status policy = policy_loading_->Refresh(); !policy.ok()) events_->Failure("policy-damaged", policy);
}

// Whatever is wrong with the log's checkpoints stops releases, never the start: calls are taken in (I11).
absl::Status Gateway::OpenLog() {
  audit::Publisher::Parts parts;
  parts.records = &store_.engine->records();
  parts.committer = committer_.get();
  parts.log = log_.get();
  parts.signer = store_.log_signer.get();
  parts.hand_overs = store_.log_hand_overs;
  parts.copy_path = keys::CheckpointCopyPath(config_.key_store_dir());
  parts.events = events_;
  parts.published = [this](const audit::PublishedCheckpoint& checkpoint) {
    if (anchors_ != nullptr) anchors_->Offer(checkpoint);
  };
  publisher_ = std::make_unique<audit::Publisher>(std::move(parts));
  // A hand-over that was broken off left the one before there.
  if (absl::Status kept = keys::KeepLogPublicKey(config_.key_store_dir(), *store_.log_signer); !kept.ok()) {
    events_->Failure("log-public-key-not-kept", kept);
  }
  if (absl::Status made = MakeAnchors(); !made.ok()) return made;
  publisher_->Publish().IgnoreError();  // reported as an event
  publisher_->Start(absl::Milliseconds(config_.log().checkpoint_interval_ms()));
  anchors_->Start();
  return absl::OkStatus();
}

absl::Status Gateway::MakeAnchors() {
  audit::Anchors::Parts parts;
  parts.records = &store_.engine->records();
  parts.committer = committer_.get();
  parts.log = log_.get();
  parts.clock = clock_.get();
  parts.events = events_;
  parts.origin = store_.log_signer->name();
  parts.note = [this](v1::AuditAction action, std::string subject) { return LogFact(action, std::move(subject)); };
  parts.cosigned = [this](const audit::PublishedCheckpoint& checkpoint, std::string_view witness, std::string_view line) {
    return publisher_->AddCosignature(checkpoint, witness, line);
  };
  auto anchors = audit::Anchors::Create(config_.log(), std::move(parts));
  if (!anchors.ok()) return anchors.status();
  anchors_ = *std::move(anchors);
  const auto& configured = config_.log().anchors();
  if (std::none_of(configured.begin(), configured.end(), audit::IsOffHost)) {
    events_->Warning("log-anchored-nowhere-else", {{"unsafe", true}});
  }
  return absl::OkStatus();
}

absl::Status Gateway::OpenIncidents() {
  const storage::RecordReader* const records = &store_.engine->records();
  const keys::SiteKeys* const keys = &store_.keys->site();
  auto book = incidents::IncidentBook::Open({records, committer_.get(), keys, directory_.get(), clock_.get(), events_});
  if (!book.ok()) return book.status();
  incident_book_ = *std::move(book);
  auto canaries = incidents::Canaries::Open({records, committer_.get(), keys, clock_.get(), events_});
  if (!canaries.ok()) return canaries.status();
  canaries_ = *std::move(canaries);
  const incidents::Watch::Parts parts{incident_book_.get(), canaries_.get(), directory_.get(), policy_.get(), clock_.get(), events_};
  auto watch = incidents::Watch::Create(config_.alerts(), store_.log_signer->name(), parts);
  if (!watch.ok()) return watch.status();
  watch_ = *std::move(watch);
  gate_->TellOfDecisions(watch_.get());
  ReportUntold();
  watch_->Start();
  return absl::OkStatus();
}

// What keeps people from being told of incidents stops nothing (I11).
void Gateway::ReportUntold() {
  for (const std::string& warning : watch_->Warnings()) {
    events_->Warning("incidents-not-told", {{"why", std::string_view(warning)}});
  }
}

recordings::Site Gateway::RecordingsSite() const {
  recordings::Site site;
  site.engine = store_.engine.get();
  site.committer = committer_.get();
  site.keys = store_.keys.get();
  site.pseudonyms = egress_.pseudonyms.get();
  site.log = log_.get();
  site.gate = gate_.get();
  site.exports = exports_.get();
  site.executor = executor_.get();
  site.clock = clock_.get();
  site.limits = config_.limits();
  return site;
}

absl::Status Gateway::OpenRecordings() {
  executor_ = runtime::Executor::Create(static_cast<int>(config_.limits().worker_threads()));
  const recordings::Site site = RecordingsSite();
  auto ingest = recordings::Ingest::Create(site);
  if (!ingest.ok()) return ingest.status();
  ingest_ = *std::move(ingest);
  retrieval_ = recordings::Retrieval::Create(site);
  catalogue_ = recordings::Catalogue::Create(site);
  return absl::OkStatus();
}

void Gateway::MakeServices() {
  const keys::SiteKeys* const site_keys = &store_.keys->site();
  door_ = std::make_unique<rpc::Door>(directory_.get(), gate_.get(), executor_.get());
  ingest_service_ = std::make_unique<rpc::IngestService>(door_.get(), ingest_.get(), executor_.get());
  access_service_ = std::make_unique<rpc::AccessService>(door_.get(), catalogue_.get(), retrieval_.get(), executor_.get());
  const storage::RecordReader* const records = &store_.engine->records();
  leaf_runs_ = std::make_unique<audit::LeafRuns>(records, site_keys);
  log_exports_ = std::make_unique<rpc::LogExports>(
      rpc::LogExports::Parts{door_.get(), gate_.get(), publisher_.get(), leaf_runs_.get(), executor_.get()});
  log_proofs_ = std::make_unique<rpc::LogProofs>(rpc::LogProofs::Parts{gate_.get(), publisher_.get(), records, executor_.get()});
  log_receipts_ =
      std::make_unique<rpc::LogReceipts>(rpc::LogReceipts::Parts{door_.get(), gate_.get(), publisher_.get(), records, executor_.get()});
  audit_service_ = std::make_unique<rpc::AuditService>(rpc::AuditService::Parts{door_.get(), gate_.get(), log_.get(), queries_.get(),
                                                                                site_keys, log_exports_.get(), log_proofs_.get(),
                                                                                log_receipts_.get(), clock_.get(), executor_.get()});
  admin_service_ = std::make_unique<rpc::AdminService>(rpc::AdminService::Parts{door_.get(), gate_.get(), directory_.get(), site_keys,
                                                                                reopening_.get(), policy_loading_.get(), executor_.get()});
  contracts_service_ = std::make_unique<rpc::ContractsService>(
      rpc::ContractsService::Parts{door_.get(), gate_.get(), contracts_.get(), directory_.get(), site_keys, executor_.get()});
  cases_service_ = std::make_unique<rpc::CasesService>(door_.get(), RecordingsSite(), cases_.get());
  grants_service_ = std::make_unique<rpc::GrantsService>(rpc::GrantsService::Parts{door_.get(), gate_.get(), grants_.get(),
                                                                                   contracts_.get(), directory_.get(), records,
                                                                                   store_.keys.get(), clock_.get(), executor_.get()});
  exports_service_ =
      std::make_unique<rpc::ExportsService>(rpc::ExportsService::Parts{door_.get(), exports_.get(), contracts_.get(), directory_.get(),
                                                                       retrieval_.get(), store_.log_signer.get()},
                                            RecordingsSite());
  incidents_service_ = std::make_unique<rpc::IncidentsService>(
      rpc::IncidentsService::Parts{door_.get(), gate_.get(), directory_.get(), incident_book_.get(), canaries_.get(), watch_.get(),
                                   queries_.get(), clock_.get(), site_keys, executor_.get()});
  rehearsal_service_ = std::make_unique<rpc::RehearsalService>(
      rpc::RehearsalService::Parts{door_.get(), gate_.get(), grants_.get(), contracts_.get(), directory_.get(), &store_.engine->records(),
                                   store_.keys.get(), clock_.get(), executor_.get()});
}

absl::Status Gateway::Serve() {
  auto tls = rpc::ReloadableTls::Create(config_.tls(), clock_->Now());
  if (!tls.ok()) return tls.status();
  tls_ = *std::move(tls);
  if (absl::Status logged = LogFact(v1::GATEWAY_STARTED, kVersion); !logged.ok()) return logged;
  start_logged_ = true;

  MakeServices();
  grpc::ServerBuilder builder;
  rpc::SetServerOptions(builder);
  builder.AddListeningPort(config_.listen_address(), tls_->credentials(), &port_);
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{
           ingest_service_.get(), access_service_.get(), audit_service_.get(), admin_service_.get(), contracts_service_.get(),
           cases_service_.get(), grants_service_.get(), exports_service_.get(), incidents_service_.get(), rehearsal_service_.get()}) {
    builder.RegisterService(service);
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) {
    return absl::UnavailableError(absl::StrCat("listen_address ", config_.listen_address(),
                                               ": cannot be listened on; is the port taken, or the address another machine's?"));
  }
  address_ = absl::StrCat(config_.listen_address().substr(0, config_.listen_address().rfind(':')), ":", port_);
  executor_->Post([this] { PruneDetails(); });
  {
    absl::MutexLock lock(&health_mutex_);
    health_ = server_->GetHealthCheckService();
  }
  TellHealth();
  Repeat(executor_.get(), kUpkeepInterval, &Gateway::Upkeep);
  Repeat(executor_.get(), kHealthInterval, &Gateway::TellHealth);
  events_->Info("serving", {{"address", std::string_view(address_)}, {"version", std::string_view(OTOKURA_VERSION)}});
  return WriteAddressFile();
}

absl::Status Gateway::WriteAddressFile() const {
  if (config_.address_file().empty()) return absl::OkStatus();
  // Through a temporary name: whoever waits for the file never sees a part of the address.
  const std::string temporary = absl::StrCat(config_.address_file(), ".new");
  std::ofstream file(temporary, std::ios::trunc);
  file << address_ << "\n";
  file.close();
  if (file && std::rename(temporary.c_str(), config_.address_file().c_str()) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("address_file '", config_.address_file(), "' cannot be written; does its folder exist?"));
}

void Gateway::Reload() {
  if (const absl::Status tls = tls_->Reload(clock_->Now()); tls.ok()) {
    events_->Info("tls-reloaded");
  } else {
    events_->Failure("tls-not-reloaded", tls);
  }
  if (const absl::Status list = directory_->ReloadRevocations(); !list.ok()) events_->Failure("revocations-not-reloaded", list);
  RefreshPolicy();
}

void Gateway::Repeat(runtime::Executor* executor, absl::Duration interval, void (Gateway::*task)()) {
  executor->PostAfter(interval, [this, executor, interval, task] {
    if (stopping_) return;
    (this->*task)();
    Repeat(executor, interval, task);
  });
}

void Gateway::TellHealth() {
  const bool releases = gate_->MayRelease().ok(), anchored = anchors_->IsAnchored(), alerted = watch_->Warnings().empty();
  absl::MutexLock lock(&health_mutex_);
  if (health_ == nullptr) return;
  health_->SetServingStatus(kReleaseHealth, releases);
  health_->SetServingStatus(kAnchorsHealth, anchored);
  health_->SetServingStatus(kAlertsHealth, alerted);
}

void Gateway::Upkeep() {
  // A key provider that sleeps is asked again every minute; the lead of a week keeps calls going meanwhile (I11).
  if (const absl::Status epochs = EnsureEpochs(); !epochs.ok()) events_->Failure("epoch-keys-not-made", epochs);
  if (const absl::Status renewed = RenewPseudonymKeys(); !renewed.ok()) events_->Failure("pseudonym-keys-not-renewed", renewed);
  if (const auto sealed = ingest_->SealAbandoned(); !sealed.ok()) {
    events_->Failure("abandoned-calls-not-sealed", sealed.status());
  } else if (*sealed > 0) {
    events_->Info("abandoned-calls-sealed", {{"calls", int64_t{*sealed}}});
  }
  if (const absl::Status list = directory_->ReloadRevocations(); !list.ok()) events_->Failure("revocations-not-reloaded", list);
  RefreshPolicy();
  gate_->SummariseRefusals();
  PruneDetails();
  ReportLibraryMessages();
}

void Gateway::PruneDetails() {
  const uint32_t days = config_.limits().audit_details_kept_days();
  if (days == 0) return;
  for (int write = 0; write < kPruningWritesMax; ++write) {
    const auto pruned = pruning_->Prune(clock_->Now() - absl::Hours(24) * days);
    if (!pruned.ok()) return events_->Failure("audit-details-not-pruned", pruned.status());
    if (*pruned == 0) return;
    events_->Info("audit-details-pruned", {{"entries", static_cast<int64_t>(*pruned)}});
  }
}

absl::Status Gateway::EnsureEpochs() {
  absl::MutexLock lock(&epochs_mutex_);
  return store_.keys
      ->EnsureEpochs(RetentionClasses(config_), clock_->Now(),
                     [this](const keys::Epoch& epoch) { return LogFact(v1::EPOCH_KEY_CREATED, Describe(epoch)); })
      .status();
}

absl::Status Gateway::RenewPseudonymKeys() {
  if (egress_.pseudonyms == nullptr) return absl::OkStatus();  // reported at the start
  absl::MutexLock lock(&epochs_mutex_);
  return egress_.pseudonyms->Renew(clock_->Now(), [this](std::string_view subject, bool made) {
    return LogFact(made ? v1::EPOCH_KEY_CREATED : v1::PSEUDONYM_KEY_DESTROYED, std::string(subject));
  });
}

// A key provider that sleeps at the start stops nothing as long as the keys made ahead last.
bool Gateway::HasEpochsForNow() const {
  for (const std::string& retention_class : RetentionClasses(config_)) {
    if (!store_.keys->EpochAt(retention_class, clock_->Now()).ok()) return false;
  }
  return true;
}

void Gateway::ReportLibraryMessages() {
  const rpc::LibraryMessageCounts counts = rpc::TakeLibraryMessageCounts();
  if (counts.other_errors > 0) events_->Warning("library-errors", {{"count", counts.other_errors}});
  if (counts.refused_handshakes == 0) return;
  events_->Warning("handshakes-refused", {{"count", counts.refused_handshakes}});
  // No certificate, or not one of the client authority. Of whom, the library does not say.
  gate_->RefusedUnseen(v1::CONNECTION_REFUSED, "handshake", static_cast<uint32_t>(counts.refused_handshakes));
}

absl::Status Gateway::LogFact(v1::AuditAction action, std::string subject) {
  storage::Batch nothing_else;
  nothing_else.may_use_reserve = true;
  return audit::CommitFact(committer_.get(), action, std::move(subject), std::move(nothing_else));
}

void Gateway::Stop() {
  if (stopping_.exchange(true) || publisher_ == nullptr) return;
  StopServing();
  LetTasksEnd();
  if (watch_ != nullptr) watch_->Stop();
  ingest_.reset();
  retrieval_.reset();
  catalogue_.reset();
  policy_loading_.reset();
  gate_.reset();  // writes what refusals it still counts
  if (start_logged_) {
    if (const absl::Status logged = LogFact(v1::GATEWAY_STOPPED, kVersion); !logged.ok()) events_->Failure("stop-not-logged", logged);
    events_->Info("stopped");
  }
  publisher_->Stop();
  publisher_->Publish().IgnoreError();  // so that the newest checkpoint covers all of this run
  if (anchors_ != nullptr) anchors_->Stop(kAnchorPatience);
  committer_->Drain();
}

void Gateway::StopServing() {
  {
    absl::MutexLock lock(&health_mutex_);
    if (health_ != nullptr) health_->SetServingStatus(false);  // all names
    health_ = nullptr;
  }
  if (audit_service_ != nullptr) audit_service_->Drain();
  // While the server still delivers: recorders learn what is durable before their streams end.
  if (ingest_ != nullptr) ingest_->Drain();
  if (retrieval_ != nullptr) retrieval_->Drain(kRetrievalPatience);
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now() + kLastAnswerPatience);
    server_->Wait();
    server_.reset();
  }
}

// Nothing new can come. What is under way alternates between committer and executor, and ends after a few turns: an answer, and the entry
// that closes it.
void Gateway::LetTasksEnd() {
  if (executor_ == nullptr) return;
  constexpr int kTurns = 3;
  for (int turn = 0; turn < kTurns; ++turn) {
    committer_->Drain();
    absl::Notification reached;
    executor_->Post([&reached] { reached.Notify(); });
    reached.WaitForNotification();
  }
  executor_.reset();
}

}  // namespace otokura::gateway
