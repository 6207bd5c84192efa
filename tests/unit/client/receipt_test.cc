// Receipts: what is left out, added or changed is found, and the first reason is named.
#include "client/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "crypto/tlog/proofs.h"
#include "otokura/v1/audit.pb.h"
#include "tests/unit/client/served_log.h"

namespace otokura::client {
namespace {

using ::testing::HasSubstr;

// The roots of subtrees of a few leaves, reckoned anew each time.
class LeafHashes : public crypto::HashReader {
 public:
  explicit LeafHashes(const std::vector<std::string>* leaves) : leaves_(leaves) {}
  absl::StatusOr<std::string> SubtreeRoot(int height, uint64_t index) override {
    crypto::MerkleFrontier tree;
    for (uint64_t i = index << height; i < (index + 1) << height; ++i) tree.Append(crypto::MerkleLeafHash((*leaves_)[i]));
    return tree.Root();
  }

 private:
  const std::vector<std::string>* const leaves_;
};

class ReceiptTest : public ::testing::Test {
 protected:
  ReceiptTest() {
    Log(kId, v1::RECORDING_OPENED);
    Log(kOther, v1::RECORDING_OPENED);
    Log(kId, v1::RECORDING_SEALED);
    Log(kId, v1::LISTEN);
    Log(kOther, v1::SHOW);
    Log(kId, v1::RECEIPT);
    early_ = Make({0, 2, 3, 5}, 6);
    Log(kOther, v1::RECEIPT);
    Log(kId, v1::DOWNLOAD);
    Log(kId, v1::DELIVERED);
    Log(kId, v1::RECEIPT);
    log_.Grow(13);
    receipt_ = Make({0, 2, 3, 5, 7, 8, 9}, 12);
  }
  void Log(const std::string& id, v1::AuditAction action) {
    v1::AuditEntry entry;
    entry.set_version(1);
    entry.set_sequence(log_.leaves.size());
    entry.set_time_unix_us(1'750'000'000'000'000 + static_cast<int64_t>(log_.leaves.size()));
    entry.set_action(action);
    entry.set_decision(v1::ALLOWED);
    entry.set_recording_id(id);
    Count& count = counts_[id];
    entry.set_access_number(++count.accesses);
    if (count.accesses > 1) entry.set_previous_sequence(count.last);
    count.last = entry.sequence();
    log_.leaves.push_back(entry.SerializeAsString());
  }
  ReceiptEntry Proven(uint64_t index, uint64_t size) {
    LeafHashes hashes(&log_.leaves);
    return {.index = index, .leaf = log_.leaves[index], .hashes = *crypto::ProveInclusion(index, size, hashes)};
  }
  Receipt Make(const std::vector<uint64_t>& indices, uint64_t size) {
    Receipt receipt{.recording_id = kIdText, .checkpoint = log_.Checkpoint(size)};
    for (const uint64_t index : indices) receipt.entries.push_back(Proven(index, size));
    return receipt;
  }
  // The proofs are the log's own, the entry another than was logged.
  static std::string Changed(const std::string& leaf, void (*change)(v1::AuditEntry& entry)) {
    v1::AuditEntry entry;
    EXPECT_TRUE(entry.ParseFromString(leaf));
    change(entry);
    return entry.SerializeAsString();
  }
  std::string WhyNot(const Receipt& receipt) const {
    const auto parsed = ParseReceipt(FormatReceipt(receipt));
    if (!parsed.ok()) return std::string(parsed.status().message());
    const auto verified = VerifyReceipt(*parsed, log_.key());
    return verified.ok() ? "it holds" : std::string(verified.status().message());
  }

  struct Count {
    uint64_t accesses = 0, last = 0;
  };
  static constexpr char kIdText[] = "01977420-dc00-7abc-8def-0123456789ab";
  const std::string kId{"\x01\x97\x74\x20\xdc\x00\x7a\xbc\x8d\xef\x01\x23\x45\x67\x89\xab", 16};
  const std::string kOther = std::string(16, 'o');
  std::map<std::string, Count> counts_;
  ServedLog log_;
  Receipt early_, receipt_;
};

TEST_F(ReceiptTest, AReceiptHolds) {
  const auto parsed = ParseReceipt(FormatReceipt(receipt_));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const auto verified = VerifyReceipt(*parsed, log_.key());
  ASSERT_TRUE(verified.ok()) << verified.status();
  ASSERT_EQ(verified->accesses.size(), 7u);
  EXPECT_EQ(verified->accesses[2].action, "LISTEN");
  EXPECT_EQ(verified->accesses.back().access_number, 7u);
  EXPECT_EQ(verified->checkpoint.tree_size, 12u);
  EXPECT_EQ(WhyNot(early_), "it holds");
}

TEST_F(ReceiptTest, I7_AnEntryLeftOutIsFound) {
  for (size_t i = 0; i + 1 < receipt_.entries.size(); ++i) {
    Receipt bent = receipt_;
    bent.entries.erase(bent.entries.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_THAT(WhyNot(bent), HasSubstr("those before it are missing")) << i;
    EXPECT_THAT(WhyNot(bent), HasSubstr(absl::StrCat("access ", i + 1, " "))) << i;
  }
  Receipt bent = receipt_;
  bent.entries.pop_back();
  EXPECT_THAT(WhyNot(bent), HasSubstr("later ones may have been left out"));
}

TEST_F(ReceiptTest, I7_EntriesSwappedOrRepeatedAreFound) {
  Receipt bent = receipt_;
  std::swap(bent.entries[1], bent.entries[2]);
  EXPECT_THAT(WhyNot(bent), HasSubstr("access 2 (entry 3) says that it is access 3"));
  bent = receipt_;
  bent.entries.insert(bent.entries.begin() + 2, bent.entries[1]);
  EXPECT_THAT(WhyNot(bent), HasSubstr("access 3 (entry 2) says that it is access 2: one is there twice"));
}

TEST_F(ReceiptTest, I7_AChangedEntryIsFound) {
  for (size_t i = 0; i < receipt_.entries.size(); ++i) {
    for (const auto change :
         {+[](v1::AuditEntry& entry) { entry.set_role("auditor"); }, +[](v1::AuditEntry& entry) { entry.set_decision(v1::DENIED); },
          +[](v1::AuditEntry& entry) { entry.set_time_unix_us(1); }}) {
      Receipt bent = receipt_;
      bent.entries[i].leaf = Changed(bent.entries[i].leaf, change);
      EXPECT_THAT(WhyNot(bent), HasSubstr(absl::StrCat("access ", i + 1, " "))) << i;
      EXPECT_THAT(WhyNot(bent), HasSubstr("is not the one in the log")) << i;
    }
  }
}

TEST_F(ReceiptTest, I7_AChangedProofIsFound) {
  for (size_t i = 0; i < receipt_.entries.size(); ++i) {
    Receipt bent = receipt_;
    bent.entries[i].hashes[0][7] ^= 1;
    EXPECT_THAT(WhyNot(bent), HasSubstr("is not the one in the log")) << i;
    bent = receipt_;
    bent.entries[i].hashes.pop_back();
    EXPECT_THAT(WhyNot(bent), HasSubstr("is not the one in the log")) << i;
    bent = receipt_;
    ++bent.entries[i].index;
    EXPECT_THAT(WhyNot(bent), HasSubstr("is not the one in the log")) << i;
  }
}

TEST_F(ReceiptTest, I7_AnotherCheckpointIsFound) {
  Receipt bent = receipt_;
  bent.checkpoint = log_.Checkpoint(13);
  EXPECT_THAT(WhyNot(bent), HasSubstr("is not the one in the log"));
  bent.checkpoint = absl::StrReplaceAll(receipt_.checkpoint, {{"\n12\n", "\n13\n"}});
  EXPECT_THAT(WhyNot(bent), HasSubstr("does not verify; the text was changed"));
  bent.checkpoint = ServedLog('x').Checkpoint(0);
  EXPECT_THAT(WhyNot(bent), HasSubstr("no known key signed it"));
}

TEST_F(ReceiptTest, I7_AnotherRecordingsEntryIsFound) {
  Receipt bent = receipt_;
  bent.entries[0] = Proven(1, 12);
  EXPECT_THAT(WhyNot(bent), HasSubstr("access 1 (entry 1) is about another recording"));
  bent = receipt_;
  bent.recording_id = "01977420-dc00-7abc-8def-0123456789ac";
  EXPECT_THAT(WhyNot(bent), HasSubstr("is about another recording"));
}

TEST_F(ReceiptTest, I7_AnOlderReceiptsTailIsFound) {
  Receipt bent = receipt_;
  bent.entries.back() = early_.entries.back();
  EXPECT_THAT(WhyNot(bent), HasSubstr("access 7 (entry 5)"));
  bent.entries.back() = Proven(5, 12);
  EXPECT_THAT(WhyNot(bent), HasSubstr("access 7 (entry 5) says that it is access 4"));
  bent = receipt_;
  bent.checkpoint = early_.checkpoint;
  EXPECT_THAT(WhyNot(bent), HasSubstr("is not the one in the log"));
}

TEST_F(ReceiptTest, I7_LinksThatASignedLogGetsWrongAreFound) {
  log_.leaves[7] = Changed(log_.leaves[7], [](v1::AuditEntry& entry) { entry.set_previous_sequence(3); });
  EXPECT_THAT(WhyNot(Make({0, 2, 3, 5, 7, 8, 9}, 12)), HasSubstr("access 5 (entry 7) names entry 3 as the one before it"));
}

TEST_F(ReceiptTest, ARefusedReceiptClosesNothing) {
  log_.leaves[9] = Changed(log_.leaves[9], [](v1::AuditEntry& entry) { entry.set_decision(v1::DENIED); });
  EXPECT_THAT(WhyNot(Make({0, 2, 3, 5, 7, 8, 9}, 12)), HasSubstr("its last entry is not that of a receipt"));
}

TEST_F(ReceiptTest, WhatIsNoReceiptIsRefused) {
  const std::string whole = FormatReceipt(receipt_);
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const auto parsed = ParseReceipt(std::string_view(whole).substr(0, cut));
    EXPECT_FALSE(parsed.ok() && VerifyReceipt(*parsed, log_.key()).ok()) << cut;
  }
  EXPECT_THAT(ParseReceipt("nonsense\n").status().message(), HasSubstr("is this a receipt?"));
  EXPECT_TRUE(absl::IsFailedPrecondition(ParseReceipt("otokura/receipt@v2\n").status()));
  Receipt bent = receipt_;
  bent.entries[1].hashes.assign(65, std::string(32, 'h'));
  EXPECT_THAT(WhyNot(bent), HasSubstr("at most 64 lines"));
  bent = receipt_;
  bent.entries[1].leaf.assign(65536, 'l');
  EXPECT_THAT(WhyNot(bent), HasSubstr("in block 2 'entry ', its number"));
}

}  // namespace
}  // namespace otokura::client
