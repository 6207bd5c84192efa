// Export, checkpoints and proofs over gRPC: who gets them, what is logged of it, and whether they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "crypto/merkle.h"
#include "crypto/tlog/checkpoint.h"
#include "crypto/tlog/entry_bundle.h"
#include "otokura/v1/audit.grpc.pb.h"
#include "server/rpc/status.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

struct Exported {
  absl::Status status;
  std::string checkpoint;
  std::vector<std::string> leaves;
  std::vector<v1::AuditDetails> details;
};

class AuditProofs : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_log()->set_checkpoint_interval_ms(100);
    ASSERT_EQ(site_.StartInMemory(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    ASSERT_TRUE(RecordCall(site_.ConnectAs("recorder"), OpenRequest("call"), Speech(20000)).ok());
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(const std::string& account,
                                grpc::Status (v1::Audit::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    const auto stub = v1::Audit::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    Response response;
    if (absl::Status status = rpc::FromGrpc((stub.get()->*method)(&context, request, &response)); !status.ok()) return status;
    return response;
  }
  absl::StatusOr<v1::GetCheckpointResponse> Checkpoint(const std::string& account) {
    return Call(account, &v1::Audit::Stub::GetCheckpoint, v1::GetCheckpointRequest());
  }
  absl::StatusOr<v1::ProveInclusionResponse> Inclusion(const std::string& account, uint64_t sequence) {
    v1::ProveInclusionRequest request;
    request.set_sequence(sequence);
    return Call(account, &v1::Audit::Stub::ProveInclusion, request);
  }
  absl::StatusOr<v1::ProveConsistencyResponse> Consistency(const std::string& account, uint64_t old_size) {
    v1::ProveConsistencyRequest request;
    request.set_old_size(old_size);
    return Call(account, &v1::Audit::Stub::ProveConsistency, request);
  }
  Exported Export(const std::string& account, uint64_t first, bool with_details = false) {
    const auto stub = v1::Audit::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::ExportLogRequest request;
    request.set_first_sequence(first);
    request.set_with_details(with_details);
    const auto reader = stub->ExportLog(&context, request);
    Exported exported;
    v1::ExportLogResponse response;
    while (reader->Read(&response)) {
      if (!response.has_leaves()) {
        exported.checkpoint = response.checkpoint();
        continue;
      }
      EXPECT_EQ(response.leaves().first_sequence(), first + exported.leaves.size());
      crypto::EntryBundleReader entries(response.leaves().bundle());
      while (const auto leaf = entries.Next()) exported.leaves.emplace_back(*leaf);
      EXPECT_TRUE(entries.AtEnd());
      exported.details.insert(exported.details.end(), response.leaves().details().begin(), response.leaves().details().end());
    }
    exported.status = rpc::FromGrpc(reader->Finish());
    return exported;
  }
  crypto::Checkpoint Opened(const std::string& note) {
    auto head = Checkpoint("auditor");
    EXPECT_TRUE(head.ok()) << head.status();
    auto checkpoint = crypto::OpenCheckpoint(note, *crypto::NoteVerifier::Parse(head->verifier_key()));
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    return *checkpoint;
  }
  // Returns a checkpoint once one covers everything that was logged before the call.
  crypto::Checkpoint Settled() {
    const size_t logged = ReadLog(site_.ConnectAs("auditor")).value().size();
    for (;;) {
      const crypto::Checkpoint checkpoint = Opened(Checkpoint("auditor")->checkpoint());
      if (checkpoint.tree_size >= logged) return checkpoint;
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  std::vector<LoggedEntry> Log() { return ReadLog(site_.ConnectAs("auditor")).value(); }

  Site site_;
};

TEST_F(AuditProofs, I6_OnlySecurityAndAuditorsAndEveryRefusalIsLogged) {
  Settled();
  for (const char* account : {"recorder", "operator", "supervisor", "contractor", "admin"}) {
    EXPECT_TRUE(absl::IsPermissionDenied(Checkpoint(account).status())) << account;
    EXPECT_TRUE(absl::IsPermissionDenied(Inclusion(account, 0).status())) << account;
    EXPECT_TRUE(absl::IsPermissionDenied(Consistency(account, 1).status())) << account;
    const Exported exported = Export(account, 0);
    EXPECT_TRUE(absl::IsPermissionDenied(exported.status)) << account;
    EXPECT_EQ(exported.checkpoint, "") << account;
  }
  const auto log = Log();
  EXPECT_EQ(Count(log, v1::AUDIT_PROOF, v1::DENIED), 15);
  EXPECT_EQ(Count(log, v1::AUDIT_EXPORT, v1::DENIED), 5);
  for (const char* account : {"security", "auditor"}) {
    EXPECT_TRUE(Checkpoint(account).ok()) << account;
    EXPECT_TRUE(Inclusion(account, 0).ok()) << account;
    EXPECT_TRUE(Consistency(account, 1).ok()) << account;
    EXPECT_EQ(Export(account, 0).status, absl::OkStatus()) << account;
  }
}

TEST_F(AuditProofs, I2_AnExportIsLoggedBeforeAndAfter) {
  Settled();
  const Exported exported = Export("auditor", 5);
  ASSERT_EQ(exported.status, absl::OkStatus());
  size_t bytes = 0;
  for (const std::string& leaf : exported.leaves) bytes += leaf.size() + crypto::kEntryLengthBytes;
  const auto log = Log();
  uint64_t allowed = 0;
  for (const LoggedEntry& entry : log) {
    if (entry.leaf.action() == v1::AUDIT_EXPORT) {
      EXPECT_EQ(entry.leaf.decision(), v1::ALLOWED);
      EXPECT_EQ(entry.details.account().value(), "auditor");
      allowed = entry.leaf.sequence();
    }
    if (entry.leaf.action() != v1::DELIVERED || entry.leaf.of_sequence() != allowed) continue;
    EXPECT_EQ(entry.leaf.rows(), exported.leaves.size());
    EXPECT_EQ(entry.leaf.delivered_bytes(), bytes);
    EXPECT_EQ(entry.leaf.outcome(), "OK");
    return;
  }
  FAIL() << "no entry closes the export";
}

TEST_F(AuditProofs, I7_WhatIsExportedIsWhatWasSigned) {
  Settled();
  const Exported exported = Export("security", 0, true);
  ASSERT_EQ(exported.status, absl::OkStatus());
  const crypto::Checkpoint checkpoint = Opened(exported.checkpoint);
  ASSERT_EQ(exported.leaves.size(), checkpoint.tree_size);
  crypto::MerkleFrontier tree;
  for (const std::string& leaf : exported.leaves) tree.Append(crypto::MerkleLeafHash(leaf));
  EXPECT_EQ(tree.Root(), checkpoint.root);
  ASSERT_EQ(exported.details.size(), exported.leaves.size());
  bool opened = false;
  for (const v1::AuditDetails& details : exported.details) opened |= details.account().value() == "admin";
  EXPECT_TRUE(opened);
  EXPECT_TRUE(Export("security", 0).details.empty()) << "unless asked for, nothing is opened";
}

TEST_F(AuditProofs, WatchingCheckpointsDoesNotGrowTheLog) {
  const crypto::Checkpoint before = Settled();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Opened(Checkpoint("auditor")->checkpoint()), before);
    EXPECT_TRUE(Consistency("auditor", 1).ok());
  }
}

TEST_F(AuditProofs, I7_ProofsHold) {
  const crypto::Checkpoint older = Settled();
  ASSERT_TRUE(RecordCall(site_.ConnectAs("recorder"), OpenRequest("another"), Speech(20000)).ok());
  const crypto::Checkpoint newer = Settled();
  ASSERT_GT(newer.tree_size, older.tree_size);
  for (uint64_t sequence : {uint64_t{0}, older.tree_size - 1, older.tree_size, newer.tree_size - 1}) {
    const auto proof = Inclusion("auditor", sequence);
    ASSERT_TRUE(proof.ok()) << proof.status();
    const crypto::Checkpoint over = Opened(proof->checkpoint());
    const std::vector<std::string> hashes(proof->hashes().begin(), proof->hashes().end());
    EXPECT_EQ(crypto::VerifyInclusion(sequence, over.tree_size, crypto::MerkleLeafHash(proof->leaf()), hashes, over.root),
              absl::OkStatus());
    v1::AuditEntry entry;
    EXPECT_TRUE(entry.ParseFromString(proof->leaf()));
    EXPECT_EQ(entry.sequence(), sequence);
  }
  const auto proof = Consistency("auditor", older.tree_size);
  ASSERT_TRUE(proof.ok()) << proof.status();
  const crypto::Checkpoint over = Opened(proof->checkpoint());
  const std::vector<std::string> hashes(proof->hashes().begin(), proof->hashes().end());
  EXPECT_EQ(crypto::VerifyConsistency(older.tree_size, over.tree_size, older.root, over.root, hashes), absl::OkStatus());
}

TEST_F(AuditProofs, WhatCannotBeAskedForIsRefused) {
  const crypto::Checkpoint checkpoint = Settled();
  EXPECT_TRUE(absl::IsOutOfRange(Export("auditor", checkpoint.tree_size + 1000).status));
  EXPECT_TRUE(absl::IsFailedPrecondition(Inclusion("auditor", checkpoint.tree_size + 1000).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Consistency("auditor", 0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Consistency("auditor", checkpoint.tree_size + 1000).status()));
}

TEST_F(AuditProofs, TheLastCheckpointOfARunCoversItsEnd) {
  site_.Stop();
  const std::string note = ReadFile(site_.config().key_store_dir() + "/log-checkpoint");
  const auto key = crypto::NoteVerifier::Parse(
      ReadFile(site_.config().key_store_dir() + "/log.vkey").substr(0, ReadFile(site_.config().key_store_dir() + "/log.vkey").find('\n')));
  ASSERT_TRUE(key.ok()) << key.status();
  const auto checkpoint = crypto::OpenCheckpoint(note, *key);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_GT(checkpoint->tree_size, 10u);
  EXPECT_THAT(checkpoint->origin, HasSubstr("/otokura/"));
  EXPECT_THAT(checkpoint->origin, HasSubstr(site_.config().trust_domain()));
}

}  // namespace
}  // namespace otokura::integration
