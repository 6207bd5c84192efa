#include "otokura/audit_log.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/audit_entry.h"
#include "client/convert.h"
#include "client/receipt.h"
#include "client/unary.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/consistency_text.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/proof_text.h"
#include "otokura/v1/audit.grpc.pb.h"

namespace otokura::client {
namespace {

// "audit-list" as the protocol writes it: AUDIT_LIST.
std::string EnumName(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

absl::StatusOr<v1::AuditQuery> ToProto(const AuditQuery& query) {
  v1::AuditQuery request;
  v1::AuditAction action = v1::AUDIT_ACTION_UNSPECIFIED;
  if (!query.action.empty() && !v1::AuditAction_Parse(EnumName(query.action), &action))
    return absl::InvalidArgumentError("action: not one that the log knows; for example listen, download, search, delivered");
  v1::AuditDecision decision = v1::AUDIT_DECISION_UNSPECIFIED;
  if (!query.decision.empty() && !v1::AuditDecision_Parse(EnumName(query.decision), &decision))
    return absl::InvalidArgumentError("decision: must be allowed, denied or noted");
  request.set_account(query.account);
  request.set_company(query.company);
  request.set_contract(query.contract);
  request.set_recording_id(query.recording_id);
  request.set_action(action);
  request.set_decision(decision);
  request.set_purpose(query.purpose);
  request.set_reference(query.reference);
  request.set_from_unix_ms(UnixMillis(query.from));
  request.set_to_unix_ms(UnixMillis(query.to));
  return request;
}

template <typename Entries>
absl::Status ReadAll(const Entries& listed, std::vector<AuditEntry>* entries) {
  for (const v1::ListedEntry& one : listed) {
    auto entry = ReadAuditEntry(one.leaf(), one.details());
    if (!entry.ok()) return entry.status();
    entries->push_back(*std::move(entry));
  }
  return absl::OkStatus();
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
    const absl::StatusOr<AuditEntry> entry = ReadAuditEntry(leaf, details);
    return entry.ok() ? sink_.opened(*entry) : entry.status();
  }

  uint64_t next_;
  const LogSink& sink_;
  bool begun_ = false;
};

// What a note says before anybody has looked at its signatures: good for asking, proves nothing.
absl::StatusOr<uint64_t> UnverifiedSize(std::string_view note) {
  const size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos)
    return absl::InvalidArgumentError("older checkpoint: not a signed note; is it a checkpoint of this log?");
  const absl::StatusOr<crypto::Checkpoint> checkpoint = crypto::ParseCheckpoint(note.substr(0, blank + 1));
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->tree_size == 0) return absl::InvalidArgumentError("older checkpoint: of the empty log, which every log extends");
  return checkpoint->tree_size;
}

// A receipt as it comes: the newest entry first.
class ReceiptStream {
 public:
  explicit ReceiptStream(const std::string& recording_id) : receipt_{.recording_id = recording_id} {}

  absl::Status Take(v1::GetReceiptResponse response) {
    if (receipt_.checkpoint.empty()) receipt_.checkpoint = std::move(*response.mutable_checkpoint());
    if (receipt_.entries.size() + static_cast<size_t>(response.leaves_size()) > kReceiptAccessesMax) {
      return absl::ResourceExhaustedError(absl::StrCat("the gateway sent more than ", kReceiptAccessesMax, " entries about the recording"));
    }
    for (v1::ProvenLeaf& leaf : *response.mutable_leaves()) {
      ReceiptEntry entry{.index = leaf.sequence(), .leaf = std::move(*leaf.mutable_leaf())};
      entry.hashes.assign(leaf.hashes().begin(), leaf.hashes().end());
      receipt_.entries.push_back(std::move(entry));
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Finish() {
    if (receipt_.entries.empty()) return absl::InternalError("the gateway answered with nothing");
    std::reverse(receipt_.entries.begin(), receipt_.entries.end());
    return FormatReceipt(receipt_);
  }

 private:
  Receipt receipt_;
};

class GatewayAuditStream final : public AuditStream {
 public:
  GatewayAuditStream(v1::Audit::Stub* stub, const v1::FollowAuditRequest& request) : reader_(stub->Follow(&context_, request)) {}
  ~GatewayAuditStream() override { Cancel(); }

  // The first response, which says that the gateway follows.
  absl::Status Begin() { return Read().status(); }

  absl::StatusOr<std::vector<AuditEntry>> Next() override {
    while (ready_.empty()) {
      auto response = Read();
      if (!response.ok()) return response.status();
    }
    return std::exchange(ready_, {});
  }
  uint64_t next_sequence() const override { return next_sequence_; }
  void Cancel() override { context_.TryCancel(); }

 private:
  absl::StatusOr<v1::FollowAuditResponse> Read() {
    v1::FollowAuditResponse response;
    if (!reader_->Read(&response)) {
      const absl::Status end = FromGrpc(reader_->Finish());
      return end.ok() ? absl::UnavailableError("the gateway ended the stream; follow again") : end;
    }
    if (absl::Status read = ReadAll(response.entries(), &ready_); !read.ok()) return read;
    next_sequence_ = response.next_sequence();
    return response;
  }

  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReader<v1::FollowAuditResponse>> reader_;
  std::vector<AuditEntry> ready_;
  uint64_t next_sequence_ = 0;
};

class GatewayAuditLog final : public AuditLog {
 public:
  explicit GatewayAuditLog(std::unique_ptr<v1::Audit::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<AuditPage> List(const AuditQuery& query, uint32_t page_size, const std::string& page_token) override {
    auto asked = ToProto(query);
    if (!asked.ok()) return asked.status();
    v1::ListAuditRequest request;
    *request.mutable_query() = *std::move(asked);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Audit::Stub::List, request);
    if (!response.ok()) return response.status();
    AuditPage page{
        .next_page_token = response->next_page_token(), .tree_size = response->tree_size(), .root_sha256 = response->root_sha256()};
    if (absl::Status read = ReadAll(response->entries(), &page.entries); !read.ok()) return read;
    return page;
  }

  absl::StatusOr<AuditEntry> Show(uint64_t sequence) override {
    v1::ListAuditRequest request;
    request.set_sequence(sequence);
    auto response = Ask(stub_.get(), &v1::Audit::Stub::List, request);
    if (!response.ok()) return response.status();
    if (response->entries_size() != 1) return absl::InternalError("the gateway answered with another number of entries than one");
    return ReadAuditEntry(response->entries(0).leaf(), response->entries(0).details());
  }

  absl::StatusOr<AuditCountPage> Count(const AuditQuery& query, const std::vector<AuditField>& by, AuditPeriod per,
                                       const std::string& page_token) override {
    auto asked = ToProto(query);
    if (!asked.ok()) return asked.status();
    v1::CountAuditRequest request;
    *request.mutable_query() = *std::move(asked);
    for (const AuditField field : by) request.add_by(static_cast<v1::AuditField>(field));
    request.set_per(static_cast<v1::AuditPeriod>(per));
    request.set_page_token(page_token);
    auto response = Ask(stub_.get(), &v1::Audit::Stub::Count, request);
    if (!response.ok()) return response.status();
    AuditCountPage page{
        .next_page_token = response->next_page_token(), .tree_size = response->tree_size(), .root_sha256 = response->root_sha256()};
    for (const v1::CountedGroup& group : response->groups()) {
      page.counts.push_back({.start = FromUnixMillis(group.start_unix_ms()),
                             .values = {group.values().begin(), group.values().end()},
                             .entries = group.entries(),
                             .times = group.times(),
                             .delivered_bytes = group.delivered_bytes()});
    }
    return page;
  }

  absl::StatusOr<LogHead> Head() override {
    auto response = Ask(stub_.get(), &v1::Audit::Stub::GetCheckpoint, v1::GetCheckpointRequest());
    if (!response.ok()) return response.status();
    return LogHead{.checkpoint = response->checkpoint(),
                   .verifier_key = response->verifier_key(),
                   .cosigned_checkpoint = response->cosigned_checkpoint(),
                   .hand_overs = {response->hand_overs().begin(), response->hand_overs().end()}};
  }

  absl::Status Export(uint64_t first_sequence, const LogSink& sink) override {
    v1::ExportLogRequest request;
    request.set_first_sequence(first_sequence);
    request.set_with_details(static_cast<bool>(sink.opened));
    request.set_cosigned(sink.cosigned);
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

  absl::StatusOr<std::string> ProveConsistency(const std::string& old_checkpoint) override {
    const absl::StatusOr<uint64_t> old_size = UnverifiedSize(old_checkpoint);
    if (!old_size.ok()) return old_size.status();
    v1::ProveConsistencyRequest request;
    request.set_old_size(*old_size);
    auto response = Ask(stub_.get(), &v1::Audit::Stub::ProveConsistency, request);
    if (!response.ok()) return response.status();
    crypto::ConsistencyProof proof{.old_checkpoint = old_checkpoint, .checkpoint = response->checkpoint()};
    proof.hashes.assign(response->hashes().begin(), response->hashes().end());
    return crypto::FormatConsistencyProof(proof);
  }

  absl::StatusOr<std::string> MakeReceipt(const std::string& recording_id) override {
    v1::GetReceiptRequest request;
    request.set_recording_id(recording_id);
    grpc::ClientContext context;
    const auto reader = stub_->GetReceipt(&context, request);
    ReceiptStream receipt(recording_id);
    absl::Status taken = absl::OkStatus();
    v1::GetReceiptResponse response;
    while (taken.ok() && reader->Read(&response)) taken = receipt.Take(std::move(response));
    if (!taken.ok()) context.TryCancel();
    const absl::Status ended = FromGrpc(reader->Finish());
    if (!taken.ok()) return taken;
    return ended.ok() ? receipt.Finish() : ended;
  }

  absl::StatusOr<std::unique_ptr<AuditStream>> Follow(const AuditQuery& query, std::optional<uint64_t> from_sequence) override {
    auto asked = ToProto(query);
    if (!asked.ok()) return asked.status();
    v1::FollowAuditRequest request;
    *request.mutable_query() = *std::move(asked);
    if (from_sequence.has_value()) request.set_from_sequence(*from_sequence);
    auto stream = std::make_unique<GatewayAuditStream>(stub_.get(), request);
    if (absl::Status begun = stream->Begin(); !begun.ok()) return begun;
    return stream;
  }

 private:
  const std::unique_ptr<v1::Audit::Stub> stub_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Audit>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayAuditLog>(*std::move(stub));
}

}  // namespace otokura::client
