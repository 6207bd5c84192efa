// Hands the stored leaves to the client's side of an export, without a connection between them.
#ifndef OTOKURA_TESTS_BENCH_SERVED_LOG_H_
#define OTOKURA_TESTS_BENCH_SERVED_LOG_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "otokura/audit_log.h"
#include "server/audit/log_rows.h"
#include "server/audit/publisher.h"
#include "server/storage/storage.h"
#include "tests/bench/measure.h"

namespace otokura::bench {

class ServedLog : public client::AuditLog {
 public:
  // Borrowed.
  ServedLog(const storage::RecordReader* records, const audit::Publisher* publisher) : records_(records), publisher_(publisher) {}

  absl::StatusOr<client::LogHead> Head() override {
    return client::LogHead{.checkpoint = Checkpoint(), .verifier_key = publisher_->VerifierKey()};
  }
  absl::Status Export(uint64_t first, const client::LogSink& sink) override {
    const std::string note = Checkpoint();
    Demand(sink.begin(note));
    const auto key = Demand(crypto::NoteVerifier::Parse(publisher_->VerifierKey()));
    const uint64_t end = Demand(crypto::OpenCheckpoint(note, key)).tree_size;
    return records_->Scan(storage::Table::kLog, {audit::SequenceKey(first), audit::SequenceKey(end), false},
                          [&](std::string_view, std::string_view leaf) { return sink.leaf(first++, leaf).ok(); });
  }

  // Not part of an export.
  absl::StatusOr<client::AuditPage> List(const client::AuditQuery&, uint32_t, const std::string&) override { return NotServed(); }
  absl::StatusOr<client::AuditEntry> Show(uint64_t) override { return NotServed(); }
  absl::StatusOr<client::AuditCountPage> Count(const client::AuditQuery&, const std::vector<client::AuditField>&, client::AuditPeriod,
                                               const std::string&) override {
    return NotServed();
  }
  absl::StatusOr<std::unique_ptr<client::AuditStream>> Follow(const client::AuditQuery&, std::optional<uint64_t>) override {
    return NotServed();
  }
  absl::StatusOr<std::string> Prove(uint64_t) override { return NotServed(); }
  absl::StatusOr<std::string> ProveConsistency(const std::string&) override { return NotServed(); }
  absl::StatusOr<std::string> MakeReceipt(const std::string&) override { return NotServed(); }

 private:
  static absl::Status NotServed() { return absl::UnimplementedError("only exports are measured"); }
  std::string Checkpoint() const { return Demand(publisher_->newest()).note; }

  const storage::RecordReader* const records_;
  const audit::Publisher* const publisher_;
};

}  // namespace otokura::bench

#endif  // OTOKURA_TESTS_BENCH_SERVED_LOG_H_
