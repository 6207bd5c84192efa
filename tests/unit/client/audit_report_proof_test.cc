// Reports joined to the verified log: the index is never believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "client/command/audit_report.h"
#include "tests/unit/client/served_log.h"

namespace otokura::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Opens each entry's account as it goes: even entries are hanako's, odd ones taro's.
class OpenedLog : public ServedLog {
 public:
  static std::string AccountOf(uint64_t sequence) { return sequence % 2 == 0 ? "hanako" : "taro"; }
  AuditEntry Opened(uint64_t sequence, const std::string& leaf) const {
    AuditEntry entry = ParseAuditEntry(leaf).value();
    if (pruned.count(sequence) > 0) return entry;
    entry.account = AccountOf(sequence);
    entry.closed.clear();
    return entry;
  }
  absl::Status Export(uint64_t first, const LogSink& sink) override {
    LogSink both = sink;
    both.leaf = [&](uint64_t sequence, std::string_view leaf) {
      absl::Status taken = sink.leaf(sequence, leaf);
      return taken.ok() && sink.opened ? sink.opened(Opened(sequence, std::string(leaf))) : taken;
    };
    return ServedLog::Export(first, both);
  }
  std::string RootAt(uint64_t size) const {
    crypto::MerkleFrontier tree;
    for (uint64_t i = 0; i < size; ++i) tree.Append(crypto::MerkleLeafHash(leaves[i]));
    return tree.Root();
  }

  std::set<uint64_t> pruned;
};

class AuditReportProofTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kListedSize = 20;  // of 25: the log went on since
  AuditReportProofTest() {
    log_.Grow(25);
    root_ = log_.RootAt(kListedSize);
  }
  // As an honest index lists it, newest first.
  std::vector<AuditEntry> Listed() const {
    std::vector<AuditEntry> listed;
    for (uint64_t i = kListedSize; i-- > 0;) {
      if (i % 2 == 0) listed.push_back(log_.Opened(i, log_.leaves[i]));
    }
    return listed;
  }
  AuditReport Report(const std::vector<AuditEntry>& listed) {
    const auto span = VerifySpan(log_, query_, kListedSize, root_, LogVerification{.log_key = log_.key()});
    EXPECT_TRUE(span.ok()) << span.status();
    return MakeReport(query_, listed, &*span);
  }

  OpenedLog log_;
  std::string root_;
  AuditQuery query_{.account = "hanako"};
};

TEST_F(AuditReportProofTest, AVerifiedReportIsWhole) {
  const AuditReport report = Report(Listed());
  EXPECT_EQ(report.wholeness.proof, Proof::kWhole);
  EXPECT_THAT(report.wholeness.text, AllOf(HasSubstr("WHOLE: verified 25 entries"), HasSubstr("of size 25")));
  EXPECT_EQ(report.entries, 10u);
  EXPECT_EQ(report.accesses.size(), 10u);
  EXPECT_EQ(ToJson(report)["proof"], "whole");
}

TEST_F(AuditReportProofTest, I7_AnEntryThatTheIndexLeftOutIsFoundAndReported) {
  std::vector<AuditEntry> listed = Listed();
  listed.erase(listed.begin() + 3);  // entry 12
  const AuditReport report = Report(listed);
  EXPECT_EQ(report.wholeness.proof, Proof::kNotWhole);
  EXPECT_THAT(report.wholeness.text, HasSubstr("the index left out entry 12"));
  EXPECT_EQ(report.accesses.size(), 10u) << "what the log holds is reported";
}

TEST_F(AuditReportProofTest, I7_AnEntryThatWasListedOtherwiseIsFound) {
  std::vector<AuditEntry> listed = Listed();
  listed[0].leaf[4] ^= 1;
  EXPECT_THAT(Report(listed).wholeness.text, HasSubstr("entry 18 was listed otherwise than the log holds it"));
  listed = Listed();
  AuditEntry invented = listed[0];
  invented.sequence = 17;
  listed.insert(listed.begin() + 1, invented);
  EXPECT_THAT(Report(listed).wholeness.text, HasSubstr("entry 17 was listed, but in the log it is none of these"));
}

TEST_F(AuditReportProofTest, I7_ALogThatIsNotTheOneSignedIsFound) {
  log_.sends_instead = log_.leaves;
  log_.sends_instead[9] = log_.leaves[7];
  const AuditReport report = Report(Listed());
  EXPECT_EQ(report.wholeness.proof, Proof::kNotWhole);
  EXPECT_THAT(report.wholeness.text, HasSubstr("NOT WHOLE: entry 9: says that it is entry 7"));
}

TEST_F(AuditReportProofTest, I7_AListingOfAnotherTreeIsFound) {
  root_ = log_.RootAt(kListedSize - 1);
  const AuditReport report = Report(Listed());
  EXPECT_EQ(report.wholeness.proof, Proof::kNotWhole);
  EXPECT_THAT(report.wholeness.text, HasSubstr("the first 20 entries are not those"));
}

TEST_F(AuditReportProofTest, WhoseNamesWereDroppedIsSaid) {
  log_.pruned = {3, 4};
  std::vector<AuditEntry> listed = Listed();
  std::erase_if(listed, [](const AuditEntry& entry) { return entry.sequence == 4; });
  const AuditReport report = Report(listed);
  EXPECT_EQ(report.wholeness.proof, Proof::kWhole);
  EXPECT_THAT(report.wholeness.text, HasSubstr("Of 2 further entries in the span the names were dropped"));
}

TEST_F(AuditReportProofTest, OnlyTheSpanIsReported) {
  query_ = {.recording_id = "62626262-6262-6262-6262-626262626262"};  // entries 1, 7, 13 and 19
  query_.from = ParseAuditEntry(log_.leaves[7]).value().time;
  query_.to = ParseAuditEntry(log_.leaves[19]).value().time;
  std::vector<AuditEntry> listed;
  for (const uint64_t i : {13, 7}) listed.push_back(log_.Opened(i, log_.leaves[i]));
  const AuditReport report = Report(listed);
  EXPECT_EQ(report.wholeness.proof, Proof::kWhole) << report.wholeness.text;
  EXPECT_EQ(report.entries, 2u);
}

TEST_F(AuditReportProofTest, AnotherKeyProvesNothing) {
  const auto span = VerifySpan(log_, query_, kListedSize, root_, LogVerification{.log_key = ServedLog('x').key()});
  EXPECT_TRUE(absl::IsPermissionDenied(span.status())) << span.status();
}

}  // namespace
}  // namespace otokura::client
