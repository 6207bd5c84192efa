// A log whose key handed over, exported and verified by somebody who holds the first key alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "client/posix_file.h"
#include "tests/unit/client/served_log.h"
#include "tests/unit/storage/scratch_folder.h"

namespace otokura::client {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LogHandOverTest : public ::testing::Test {
 protected:
  LogHandOverTest() {
    log_.Grow(300);
    before_ = log_.Checkpoint(300);
    log_.HandOver('t');
    log_.Grow(700);
    log_.HandOver('u');
    log_.Grow(800);
  }
  absl::Status Export() { return ExportLog(log_, {.folder = folder_, .log_key = first_}).status(); }
  Verified Verify(const std::string& since = "") { return VerifyFolder(folder_, first_, since); }
  Verified VerifyLive() {
    Verified verified;
    LogVerification options{.log_key = first_};
    options.finding = [&verified](const LogFinding& finding) { verified.findings.push_back(finding); };
    auto verdict = VerifyLiveLog(log_, options);
    EXPECT_TRUE(verdict.ok()) << verdict.status();
    if (verdict.ok()) verified.verdict = *verdict;
    return verified;
  }
  static auto Finding(const std::string& problem) { return Contains(Field(&LogFinding::problem, HasSubstr(problem))); }

  storage::ScratchFolder scratch_;
  const std::string folder_ = scratch_.path() + "/log";
  ServedLog log_;
  const crypto::NoteVerifier first_ = log_.key();
  std::string before_;
};

TEST_F(LogHandOverTest, I7_WhoHoldsTheFirstKeyFollows) {
  ASSERT_EQ(Export(), absl::OkStatus());
  const Verified verified = Verify(before_);
  EXPECT_THAT(verified.findings, IsEmpty());
  EXPECT_EQ(verified.verdict.entries, 800u);
  EXPECT_EQ(verified.verdict.newest_key, log_.key().VerifierKey());
  EXPECT_THAT(VerifyLive().findings, IsEmpty());
  EXPECT_THAT(VerifyFolder(folder_, log_.key()).findings, IsEmpty()) << "and who holds the newest";
}

TEST_F(LogHandOverTest, I7_ACheckpointOfAKeyThatHandedOverIsAFork) {
  ASSERT_EQ(Export(), absl::OkStatus());
  ServedLog fork;
  fork.Grow(800);
  ASSERT_EQ(ReplaceFile(folder_ + "/checkpoint", fork.Checkpoint(800)), absl::OkStatus());
  EXPECT_THAT(Verify().findings, Finding("a fork of the log"));
  fork.hand_overs = log_.hand_overs;
  EXPECT_TRUE(absl::IsDataLoss(ExportLog(fork, {.folder = scratch_.path() + "/fork", .log_key = first_}).status()));
}

TEST_F(LogHandOverTest, I7_ALogRewrittenBehindAHandOverIsFound) {
  ServedLog other;
  other.Grow(100);
  v1::AuditEntry changed = other.Next();
  changed.set_role("auditor");
  other.Add(changed);
  other.Grow(300);
  other.HandOver('t');
  other.Grow(700);
  other.HandOver('u');
  other.Grow(800);
  other.hand_overs = log_.hand_overs;  // those of the log as it was
  log_.sends_instead = other.leaves;
  EXPECT_THAT(VerifyLive().findings, Finding("the first 300 entries are not those that it was made over"));
}

TEST_F(LogHandOverTest, I7_WithoutTheHandOversTheFirstKeyProvesNothing) {
  ASSERT_EQ(Export(), absl::OkStatus());
  std::filesystem::remove(folder_ + "/hand-over/2");
  EXPECT_THAT(Verify().findings, Finding("no known key signed it"));
}

TEST_F(LogHandOverTest, I7_AChangedHandOverIsFound) {
  ASSERT_EQ(Export(), absl::OkStatus());
  std::string note = log_.hand_overs[0];
  note[note.find("\n300\n") + 1] = '4';
  ASSERT_EQ(ReplaceFile(folder_ + "/hand-over/1", note), absl::OkStatus());
  EXPECT_THAT(Verify().findings, Finding("does not verify"));
}

TEST_F(LogHandOverTest, AnExportGoesOnOverAHandOver) {
  ServedLog log;
  const crypto::NoteVerifier first = log.key();
  log.Grow(300);
  ASSERT_TRUE(ExportLog(log, {.folder = folder_, .log_key = first}).ok());
  log.HandOver('t');
  log.Grow(400);
  ASSERT_TRUE(ExportLog(log, {.folder = folder_, .log_key = first}).ok());
  EXPECT_THAT(VerifyFolder(folder_, first).findings, IsEmpty());
  log.hand_overs.clear();
  EXPECT_TRUE(absl::IsDataLoss(ExportLog(log, {.folder = folder_, .log_key = first}).status())) << "the gateway tells otherwise now";
}

}  // namespace
}  // namespace otokura::client
