#include "server/audit/anchors/anchors.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "crypto/tlog/cosignature.h"
#include "server/audit/anchors/file_anchor.h"
#include "server/audit/anchors/http_post.h"
#include "server/audit/anchors/syslog_anchor.h"
#include "server/audit/anchors/webhook_anchor.h"
#include "server/audit/anchors/witness_anchor.h"

namespace otokura::audit {
namespace {

// An optional anchor that does not answer holds releases up for so long at the start, and never again.
constexpr absl::Duration kFirstAnswerPatience = absl::Seconds(3);
constexpr char kAddCheckpointPath[] = "/add-checkpoint";

std::string WithoutSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

struct Anchors::Site {
  std::string name;
  std::string witness;  // its key's name; empty of others
  bool off_host = false;
  bool mandatory = false;
  AcknowledgementLag lag;              // guarded by mutex_, as all below
  bool heard_of = false;               // it answered, or failed, once since the start
  absl::Status contradiction;          // what it said
  absl::Status last;                   // of the last delivery
  std::unique_ptr<Delivery> delivery;  // unchanged after Create; the last member, so that its thread ends first
};

bool IsOffHost(const v1::AnchorConfig& config) {
  return config.target_case() == v1::AnchorConfig::kWebhook || config.target_case() == v1::AnchorConfig::kWitness;
}

Anchors::Anchors(const v1::LogConfig& config, Parts parts)
    : parts_(std::move(parts)), lag_limit_(absl::Seconds(config.anchor_lag_seconds())) {}

Anchors::~Anchors() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Anchors>> Anchors::Create(const v1::LogConfig& config, Parts parts) {
  std::unique_ptr<Anchors> anchors(new Anchors(config, std::move(parts)));
  for (const v1::AnchorConfig& anchor : config.anchors()) {
    if (absl::Status added = anchors->Add(anchor); !added.ok()) return added;
  }
  return anchors;
}

absl::StatusOr<std::unique_ptr<Anchor>> Anchors::MakeAnchor(const v1::AnchorConfig& config) {
  const absl::Duration timeout = absl::Milliseconds(config.timeout_ms());
  if (config.target_case() == v1::AnchorConfig::kWebhook) {
    const v1::WebhookAnchor& webhook = config.webhook();
    auto post = HttpPost::Create({webhook.url(), webhook.ca_file(), webhook.certificate_file(), webhook.private_key_file(), timeout});
    if (!post.ok()) return post.status();
    return std::make_unique<WebhookAnchor>(*std::move(post), parts_.origin);
  }
  if (config.target_case() == v1::AnchorConfig::kWitness) {
    const v1::WitnessAnchor& witness = config.witness();
    auto verifier = crypto::CosignatureVerifier::Parse(witness.verifier_key());
    if (!verifier.ok()) return verifier.status();
    auto post = HttpPost::Create({WithoutSlash(witness.url()) + kAddCheckpointPath, witness.ca_file(), "", "", timeout});
    if (!post.ok()) return post.status();
    return std::make_unique<WitnessAnchor>(*std::move(post), *std::move(verifier), parts_.records);
  }
  if (config.target_case() == v1::AnchorConfig::kSyslog) return MakeSyslog(config);
  return MakeFile(config);
}

std::unique_ptr<Anchor> Anchors::MakeSyslog(const v1::AnchorConfig& config) {
  const absl::Duration timeout = absl::Milliseconds(config.timeout_ms());
  return std::make_unique<SyslogAnchor>(EntryFeed(config.name(), parts_.records, parts_.committer),
                                        SyslogMessages(HostName(), parts_.origin), MakeSyslogTransport(config.syslog(), timeout));
}

std::unique_ptr<Anchor> Anchors::MakeFile(const v1::AnchorConfig& config) {
  FileAnchor::Parts file;
  file.name = config.name();
  file.path = config.file().path();
  file.origin = parts_.origin;
  file.entries = config.file().entries();
  file.records = parts_.records;
  file.committer = parts_.committer;
  file.replaced = [this, name = config.name()] {
    parts_.events->Warning("anchor-file-replaced", {{"anchor", std::string_view(name)}});
    Note(v1::ANCHOR_FILE_REPLACED, name);
  };
  return std::make_unique<FileAnchor>(std::move(file));
}

absl::Status Anchors::Add(const v1::AnchorConfig& config) {
  auto anchor = MakeAnchor(config);
  if (!anchor.ok())
    return absl::Status(anchor.status().code(), absl::StrCat("log.anchors '", config.name(), "': ", anchor.status().message()));
  auto site = std::make_unique<Site>();
  site->name = config.name();
  site->off_host = IsOffHost(config);
  site->mandatory = config.mandatory();
  if (config.has_witness()) site->witness = config.witness().verifier_key().substr(0, config.witness().verifier_key().find('+'));
  Delivery::Outcome outcome;
  outcome.acknowledged = [this, site = site.get()](const PublishedCheckpoint& checkpoint, const Acknowledgement& acknowledgement) {
    Acknowledged(*site, checkpoint, acknowledgement);
  };
  outcome.failed = [this, site = site.get()](const absl::Status& status) { Failed(*site, status); };
  site->delivery = std::make_unique<Delivery>(*std::move(anchor), std::move(outcome));
  sites_.push_back(std::move(site));
  return absl::OkStatus();
}

void Anchors::Start() {
  {
    absl::MutexLock lock(&mutex_);
    started_ = parts_.clock->SinceBoot();
  }
  for (const std::unique_ptr<Site>& site : sites_) site->delivery->Start();
}

void Anchors::Offer(const PublishedCheckpoint& checkpoint) {
  {
    absl::MutexLock lock(&mutex_);
    const absl::Duration now = parts_.clock->SinceBoot();
    for (const std::unique_ptr<Site>& site : sites_) site->lag.Observe(checkpoint.tree_size, now);
  }
  for (const std::unique_ptr<Site>& site : sites_) site->delivery->Offer(checkpoint);
}

void Anchors::Note(v1::AuditAction action, const std::string& name) {
  if (absl::Status noted = parts_.note(action, name); !noted.ok()) parts_.events->Failure("anchor-not-noted", noted);
}

void Anchors::Acknowledged(Site& site, const PublishedCheckpoint& checkpoint, const Acknowledgement& acknowledgement) {
  // Kept first: what was acknowledged to whoever asks for checkpoints can be shown.
  if (!acknowledgement.cosignature.empty()) {
    const absl::Status kept = parts_.cosigned(checkpoint, site.witness, acknowledgement.cosignature);
    if (!kept.ok()) parts_.events->Failure("cosignature-not-kept", kept);
  }
  bool agrees_again = false, answers_again = false;
  {
    absl::MutexLock lock(&mutex_);
    site.heard_of = true;
    site.lag.Acknowledge(checkpoint.tree_size);
    agrees_again = !std::exchange(site.contradiction, absl::OkStatus()).ok();
    answers_again = !std::exchange(site.last, absl::OkStatus()).ok();
  }
  if (answers_again) parts_.events->Info("anchor-answers-again", {{"anchor", std::string_view(site.name)}});
  if (agrees_again) Note(v1::ANCHOR_AGREES, site.name);
}

// Once for each new trouble.
void Anchors::Failed(Site& site, const absl::Status& status) {
  const bool contradicts = site.off_host && absl::IsFailedPrecondition(status);
  bool is_new = false, is_new_contradiction = false;
  {
    absl::MutexLock lock(&mutex_);
    site.heard_of = true;
    is_new = site.last.code() != status.code();
    site.last = status;
    is_new_contradiction = contradicts && site.contradiction.ok();
    if (is_new_contradiction) site.contradiction = status;
  }
  const absl::Status named(status.code(), absl::StrCat("anchor ", site.name, ": ", status.message()));
  if (is_new_contradiction) {
    parts_.events->Failure("anchor-contradicts", named);
    Note(v1::ANCHOR_CONTRADICTS, site.name);
  } else if (is_new) {
    parts_.events->Failure("anchor-fails", named);
  }
}

absl::Status Anchors::CheckSite(Site& site, uint64_t tree_size, absl::Duration now) {
  if (!site.contradiction.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("audit log: the anchor ", site.name,
                                                      " contradicts it: ", site.contradiction.message(),
                                                      ". Calls are taken in, nothing is released; bring the right data folder back"));
  }
  site.lag.Observe(tree_size, now);
  // A copy of the site must not release in the moment before the anchor tells that it is one.
  if (site.off_host && !site.heard_of && now - started_ < kFirstAnswerPatience) {
    return absl::UnavailableError(absl::StrCat("audit log: the gateway has just started and asks the anchor ", site.name,
                                               " whether this log is the newest; try again in a moment"));
  }
  if (!site.mandatory) return absl::OkStatus();
  if (!site.lag.acknowledged()) {
    return absl::UnavailableError(
        absl::StrCat("audit log: the mandatory anchor ", site.name,
                     " has acknowledged nothing since the gateway started, so nothing is released; try again later"));
  }
  const absl::Duration lag = site.lag.Lag(now);
  if (lag <= lag_limit_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("audit log: the mandatory anchor ", site.name, " lags by ", absl::ToInt64Seconds(lag),
                                             " s, the limit is ", absl::ToInt64Seconds(lag_limit_),
                                             " s, so nothing is released until it answers again; try again later"));
}

absl::Status Anchors::MayRelease() {
  const uint64_t tree_size = parts_.log->head().tree_size;
  const absl::Duration now = parts_.clock->SinceBoot();
  absl::MutexLock lock(&mutex_);
  for (const std::unique_ptr<Site>& site : sites_) {
    if (absl::Status may = CheckSite(*site, tree_size, now); !may.ok()) return may;
  }
  return absl::OkStatus();
}

bool Anchors::IsAnchored() {
  const absl::Duration now = parts_.clock->SinceBoot();
  absl::MutexLock lock(&mutex_);
  bool anchored = false;
  for (const std::unique_ptr<Site>& site : sites_) {
    if (!site->contradiction.ok()) return false;
    anchored = anchored || (site->off_host && site->lag.acknowledged() && site->lag.Lag(now) <= lag_limit_);
  }
  return anchored;
}

void Anchors::Stop(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  if (patience > absl::ZeroDuration()) {
    for (const std::unique_ptr<Site>& site : sites_) site->delivery->Finish(deadline);
  }
  for (const std::unique_ptr<Site>& site : sites_) site->delivery->Stop();
}

}  // namespace otokura::audit
