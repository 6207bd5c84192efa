#include "otokura/audit_log.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/unary.h"
#include "crypto/commitment.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/proof_text.h"
#include "otokura/v1/audit.grpc.pb.h"

namespace otokura::client {
namespace {

void Fill(const v1::AuditDetails& details, AuditEntry* entry) {
  entry->account = details.account().value();
  entry->person = details.person().value();
  entry->company = details.company().value();
  entry->certificate = details.certificate().value();
  entry->address = details.address().value();
  entry->reference = details.reference().value();
  entry->reason = details.reason().value();
  entry->target = details.target().value();
}

// The value must open the commitment of its name.
absl::Status CheckOpened(const v1::CommittedValue& value, const char* field, std::string_view commitment, uint64_t sequence) {
  if (value.value().empty() || crypto::Commit(field, value.salt(), value.value()) == commitment) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("audit entry ", sequence, ": the ", field, " shown is not the one that it commits to"));
}

absl::Status CheckOpened(const v1::AuditEntry& leaf, const v1::AuditDetails& details) {
  const struct {
    const v1::CommittedValue& value;
    const char* field;
    const std::string& commitment;
  } fields[] = {
      {details.account(), "account", leaf.account_commitment()}, {details.person(), "person", leaf.person_commitment()},
      {details.company(), "company", leaf.company_commitment()}, {details.certificate(), "certificate", leaf.certificate_commitment()},
      {details.address(), "address", leaf.address_commitment()}, {details.reference(), "reference", leaf.reference_commitment()},
      {details.reason(), "reason", leaf.reason_commitment()},    {details.target(), "target", leaf.target_commitment()}};
  for (const auto& field : fields) {
    if (absl::Status opens = CheckOpened(field.value, field.field, field.commitment, leaf.sequence()); !opens.ok()) return opens;
  }
  return absl::OkStatus();
}

absl::StatusOr<AuditEntry> ReadLeaf(std::string_view bytes, const v1::AuditDetails& details) {
  v1::AuditEntry leaf;
  if (!leaf.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("an entry of the audit log cannot be read; have the log verified");
  if (leaf.version() != 1)
    return absl::FailedPreconditionError(
        absl::StrCat("audit entry ", leaf.sequence(), " has version ", leaf.version(), "; this program reads version 1"));
  AuditEntry entry;
  if (absl::Status opened = CheckOpened(leaf, details); !opened.ok()) return opened;
  entry.leaf = std::string(bytes);
  entry.sequence = leaf.sequence();
  entry.time = Time(std::chrono::microseconds(leaf.time_unix_us()));
  entry.action = v1::AuditAction_Name(leaf.action());
  entry.decision = v1::AuditDecision_Name(leaf.decision());
  entry.rule = leaf.rule();
  entry.role = leaf.role();
  entry.recording_id = RecordingIdText(leaf.recording_id());
  entry.access_number = leaf.access_number();
  entry.purpose = leaf.purpose();
  entry.offset = leaf.offset();
  entry.length = leaf.length();
  entry.delivered_bytes = leaf.delivered_bytes();
  entry.rows = leaf.rows();
  entry.outcome = leaf.outcome();
  entry.closes = leaf.action() == v1::DELIVERED;
  entry.of_sequence = leaf.of_sequence();
  entry.centre = leaf.centre();
  entry.audio_bytes = leaf.audio_bytes();
  entry.subject = leaf.subject();
  Fill(details, &entry);
  return entry;
}

// The leaves of one export, handed on as they come.
class LeafStream {
 public:
  LeafStream(uint64_t first_sequence, const LogSink& sink) : next_(first_sequence), sink_(sink) {}

  absl::Status Take(const v1::ExportLogResponse& response) {
    if (!response.has_leaves()) {
      if (begun_) return absl::InternalError("the gateway sent two checkpoints; are client and gateway of compatible versions?");
      begun_ = true;
      return sink_.begin(response.checkpoint());
    }
    const v1::LeafRun& run = response.leaves();
    if (!begun_ || run.first_sequence() != next_) {
      return absl::DataLossError(
          absl::StrCat("the gateway sent entry ", run.first_sequence(), " of the log where entry ", next_, " was due"));
    }
    crypto::EntryBundleReader leaves(run.bundle());
    for (int i = 0; const std::optional<std::string_view> leaf = leaves.Next(); ++i) {
      if (absl::Status taken = TakeLeaf(*leaf, i < run.details_size() ? run.details(i) : v1::AuditDetails()); !taken.ok()) return taken;
    }
    return leaves.AtEnd() ? absl::OkStatus() : absl::DataLossError("the gateway sent an entry of the log that is cut short");
  }
  absl::Status Finish() const { return begun_ ? absl::OkStatus() : absl::InternalError("the gateway answered with nothing"); }

 private:
  absl::Status TakeLeaf(std::string_view leaf, const v1::AuditDetails& details) {
    if (absl::Status taken = sink_.leaf(next_++, leaf); !taken.ok() || !sink_.opened) return taken;
    const absl::StatusOr<AuditEntry> entry = ReadLeaf(leaf, details);
    return entry.ok() ? sink_.opened(*entry) : entry.status();
  }

  uint64_t next_;
  const LogSink& sink_;
  bool begun_ = false;
};

class GatewayAuditLog final : public AuditLog {
 public:
  explicit GatewayAuditLog(std::unique_ptr<v1::Audit::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<AuditPage> List(const AuditQuery& query, uint32_t page_size, const std::string& page_token) override {
    v1::ListAuditRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    request.set_recording_id(query.recording_id);
    request.set_from_unix_ms(UnixMillis(query.from));
    request.set_to_unix_ms(UnixMillis(query.to));
    auto response = Ask(stub_.get(), &v1::Audit::Stub::List, request);
    if (!response.ok()) return response.status();
    AuditPage page{
        .next_page_token = response->next_page_token(), .tree_size = response->tree_size(), .root_sha256 = response->root_sha256()};
    for (const v1::ListedEntry& listed : response->entries()) {
      auto entry = ReadLeaf(listed.leaf(), listed.details());
      if (!entry.ok()) return entry.status();
      page.entries.push_back(*std::move(entry));
    }
    return page;
  }

  absl::StatusOr<LogHead> Head() override {
    auto response = Ask(stub_.get(), &v1::Audit::Stub::GetCheckpoint, v1::GetCheckpointRequest());
    if (!response.ok()) return response.status();
    return LogHead{.checkpoint = response->checkpoint(), .verifier_key = response->verifier_key()};
  }

  absl::Status Export(uint64_t first_sequence, const LogSink& sink) override {
    v1::ExportLogRequest request;
    request.set_first_sequence(first_sequence);
    request.set_with_details(static_cast<bool>(sink.opened));
    grpc::ClientContext context;
    const auto reader = stub_->ExportLog(&context, request);
    LeafStream leaves(first_sequence, sink);
    absl::Status taken = absl::OkStatus();
    v1::ExportLogResponse response;
    while (taken.ok() && reader->Read(&response)) taken = leaves.Take(response);
    if (!taken.ok()) context.TryCancel();
    const absl::Status ended = FromGrpc(reader->Finish());
    if (!taken.ok()) return taken;
    return ended.ok() ? leaves.Finish() : ended;
  }

  absl::StatusOr<std::string> Prove(uint64_t sequence) override {
    v1::ProveInclusionRequest request;
    request.set_sequence(sequence);
    auto response = Ask(stub_.get(), &v1::Audit::Stub::ProveInclusion, request);
    if (!response.ok()) return response.status();
    crypto::LogProof proof{.extra = response->leaf(), .index = sequence};
    proof.hashes.assign(response->hashes().begin(), response->hashes().end());
    proof.checkpoint = response->checkpoint();
    return crypto::FormatProof(proof);
  }

 private:
  const std::unique_ptr<v1::Audit::Stub> stub_;
};

}  // namespace

absl::StatusOr<AuditEntry> ParseAuditEntry(std::string_view leaf) { return ReadLeaf(leaf, v1::AuditDetails()); }

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Audit>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayAuditLog>(*std::move(stub));
}

}  // namespace otokura::client
