#include "otokura/audit_log.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/unary.h"
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

absl::StatusOr<AuditEntry> Read(const v1::ListedEntry& listed) {
  v1::AuditEntry leaf;
  if (!leaf.ParseFromString(listed.leaf())) return absl::DataLossError("an entry of the audit log cannot be read; have the log verified");
  if (leaf.version() != 1)
    return absl::FailedPreconditionError(
        absl::StrCat("audit entry ", leaf.sequence(), " has version ", leaf.version(), "; this program reads version 1"));
  AuditEntry entry;
  entry.leaf = listed.leaf();
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
  Fill(listed.details(), &entry);
  return entry;
}

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
      auto entry = Read(listed);
      if (!entry.ok()) return entry.status();
      page.entries.push_back(*std::move(entry));
    }
    return page;
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
