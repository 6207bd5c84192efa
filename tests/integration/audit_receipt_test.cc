// GetReceipt over gRPC: who gets one, that it is logged first, and that it is all there is.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"
#include "crypto/tlog/checkpoint.h"
#include "otokura/v1/audit.grpc.pb.h"
#include "server/rpc/status.h"
#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {
namespace {

constexpr std::chrono::seconds kPatience{60};

struct Got {
  absl::Status status;
  std::string checkpoint;
  std::vector<v1::ProvenLeaf> leaves;  // newest first
  std::vector<v1::AuditEntry> entries;
};

class ReceiptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.config().mutable_log()->set_checkpoint_interval_ms(100);
    ASSERT_EQ(site_.StartInMemory(), absl::OkStatus());
    ASSERT_EQ(site_.EnrolEverybody(), absl::OkStatus());
    const auto recorded = RecordCall(site_.ConnectAs("recorder"), OpenRequest("call"), Speech(20000));
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    id_ = recorded->recording_id();
    ASSERT_TRUE(RecordCall(site_.ConnectAs("recorder"), OpenRequest("another"), Speech(20000)).ok());
  }
  Got Get(const std::string& account, const std::string& id) {
    const auto stub = v1::Audit::NewStub(site_.ConnectAs(account));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::GetReceiptRequest request;
    request.set_recording_id(id);
    const auto reader = stub->GetReceipt(&context, request);
    Got got;
    v1::GetReceiptResponse response;
    while (reader->Read(&response)) {
      EXPECT_EQ(got.checkpoint.empty(), !response.checkpoint().empty()) << "the checkpoint comes first, once";
      got.checkpoint += response.checkpoint();
      for (const v1::ProvenLeaf& leaf : response.leaves()) {
        got.leaves.push_back(leaf);
        EXPECT_TRUE(got.entries.emplace_back().ParseFromString(leaf.leaf()));
      }
    }
    got.status = rpc::FromGrpc(reader->Finish());
    return got;
  }
  crypto::Checkpoint Opened(const std::string& note) {
    const std::string key = ReadFile(site_.config().key_store_dir() + "/log.vkey");
    const auto checkpoint = crypto::OpenCheckpoint(note, *crypto::NoteVerifier::Parse(key.substr(0, key.find('\n'))));
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    return checkpoint.ok() ? *checkpoint : crypto::Checkpoint();
  }
  std::vector<LoggedEntry> Log() { return ReadLog(site_.ConnectAs("auditor")).value(); }

  Site site_;
  std::string id_;
};

TEST_F(ReceiptTest, I7_AReceiptIsAllThatWasLoggedAboutTheRecordingAndItsOwnEntry) {
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(Show(site_.ConnectAs("operator"), id_).ok());  // more than one message takes
  const Got got = Get("auditor", id_);
  ASSERT_EQ(got.status, absl::OkStatus());
  const crypto::Checkpoint checkpoint = Opened(got.checkpoint);
  ASSERT_GT(got.leaves.size(), 80u);
  EXPECT_EQ(got.entries.front().action(), v1::RECEIPT);
  EXPECT_EQ(got.entries.front().decision(), v1::ALLOWED);
  for (size_t i = 0; i < got.leaves.size(); ++i) {
    const v1::ProvenLeaf& leaf = got.leaves[i];
    const std::vector<std::string> hashes(leaf.hashes().begin(), leaf.hashes().end());
    EXPECT_EQ(crypto::VerifyInclusion(leaf.sequence(), checkpoint.tree_size, crypto::MerkleLeafHash(leaf.leaf()), hashes, checkpoint.root),
              absl::OkStatus());
    EXPECT_EQ(got.entries[i].access_number(), got.leaves.size() - i);
    EXPECT_EQ(got.entries[i].recording_id(), got.entries.front().recording_id());
    EXPECT_EQ(got.entries[i].previous_sequence(), i + 1 < got.leaves.size() ? got.leaves[i + 1].sequence() : 0);
  }
  int logged = 0;
  for (const LoggedEntry& entry : Log()) logged += entry.leaf.recording_id() == got.entries.front().recording_id();
  EXPECT_EQ(static_cast<size_t>(logged), got.leaves.size());
}

TEST_F(ReceiptTest, I2_TheNextReceiptShowsTheOneBefore) {
  const Got first = Get("auditor", id_), second = Get("security", id_);
  ASSERT_EQ(first.status, absl::OkStatus());
  ASSERT_EQ(second.status, absl::OkStatus());
  ASSERT_EQ(second.leaves.size(), first.leaves.size() + 1);
  EXPECT_EQ(second.entries[1].role(), "auditor");
  EXPECT_EQ(second.leaves[1].leaf(), first.leaves[0].leaf());
  EXPECT_EQ(Count(Log(), v1::RECEIPT, v1::ALLOWED), 2);
}

TEST_F(ReceiptTest, I6_OnlySecurityAndAuditorsAndEveryRefusalIsLogged) {
  for (const char* account : {"recorder", "operator", "supervisor", "contractor", "admin"}) {
    const Got got = Get(account, id_);
    EXPECT_TRUE(absl::IsPermissionDenied(got.status)) << account;
    EXPECT_EQ(got.checkpoint, "") << account;
    EXPECT_TRUE(got.leaves.empty()) << account;
  }
  const auto log = Log();
  EXPECT_EQ(Count(log, v1::RECEIPT, v1::DENIED), 5);
  EXPECT_EQ(Count(log, v1::RECEIPT, v1::ALLOWED), 0);
}

TEST_F(ReceiptTest, WhatDoesNotExistHasNoReceiptAndWhatWasAskedForIsInNoLeaf) {
  for (const std::string& id : {std::string("01977420-dc00-7abc-8def-0123456789ab"), std::string("no id"), std::string()}) {
    EXPECT_TRUE(absl::IsNotFound(Get("auditor", id).status)) << id;
  }
  int refused = 0;
  for (const LoggedEntry& entry : Log()) {
    if (entry.leaf.action() != v1::RECEIPT) continue;
    ++refused;
    EXPECT_EQ(entry.leaf.rule(), "scope-or-absent");
    EXPECT_EQ(entry.leaf.recording_id(), "");
  }
  EXPECT_EQ(refused, 3);
}

}  // namespace
}  // namespace otokura::integration
