#include "client/command/audit_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace otokura::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kRecording[] = "01a2013c-5ac4-7984-9723-0effe47e9048";

class AuditReportTest : public ::testing::Test {
 protected:
  // The next entry about kRecording.
  AuditEntry& Add(const std::string& action, const std::string& account) {
    AuditEntry entry;
    entry.sequence = 10 + 5 * entries_.size();
    entry.time = Time(std::chrono::hours(500'000 + entries_.size()));
    entry.action = action;
    entry.decision = action == "DELIVERED" ? "NOTED" : "ALLOWED";
    entry.account = account;
    entry.recording_id = kRecording;
    entry.access_number = 4 + entries_.size();
    entry.previous_sequence = entry.sequence - 5;
    entries_.insert(entries_.begin(), entry);
    return entries_.front();
  }
  void Delivered(uint64_t of_sequence, const std::string& account, uint64_t bytes) {
    AuditEntry& entry = Add("DELIVERED", account);
    entry.closes = true;
    entry.of_sequence = of_sequence;
    entry.delivered_bytes = bytes;
    entry.outcome = "OK";
  }
  AuditReport Report() const { return MakeReport({.recording_id = kRecording}, entries_); }

  std::vector<AuditEntry> entries_;  // newest first
};

TEST_F(AuditReportTest, JoinsAnAccessWithWhatWasDelivered) {
  Add("LISTEN", "hanako").purpose = "inquiry";
  Add("DOWNLOAD", "taro");
  Delivered(15, "taro", 900);
  Delivered(10, "hanako", 500);
  const AuditReport report = Report();
  ASSERT_THAT(report.accesses, SizeIs(2));
  EXPECT_EQ(report.accesses[0].entry.account, "hanako");
  EXPECT_EQ(report.accesses[0].delivered_bytes, 500u);
  EXPECT_EQ(report.accesses[1].delivered_bytes, 900u);
  EXPECT_EQ(report.total.accesses, 2u);
  EXPECT_EQ(report.total.recordings, 1u);
  EXPECT_EQ(report.total.delivered_bytes, 1400u);
  ASSERT_THAT(report.accounts, SizeIs(2));
  EXPECT_EQ(report.accounts[0].delivered_bytes, 500u);
  EXPECT_EQ(report.wholeness.proof, Proof::kNone);
  EXPECT_THAT(report.wholeness.text, HasSubstr("Accesses 4 to 7"));
}

TEST_F(AuditReportTest, RefusalsAreCountedAsOftenAsTheyWere) {
  AuditEntry& once = Add("LISTEN", "partner");
  once.decision = "DENIED";
  AuditEntry& flood = Add("LISTEN", "partner");
  flood.decision = "DENIED";
  flood.rows = 40;
  const AuditReport report = Report();
  EXPECT_EQ(report.total.denied, 41u);
  EXPECT_EQ(report.total.accesses, 0u);
  EXPECT_EQ(report.total.recordings, 0u);
}

TEST_F(AuditReportTest, WhatBeganBeforeTheSpanAndWhatIsNotClosedIsSaid) {
  Delivered(3, "hanako", 70);
  Add("LISTEN", "taro");
  const AuditReport report = Report();
  ASSERT_THAT(report.accesses, SizeIs(2));
  EXPECT_TRUE(report.accesses[0].began_before);
  EXPECT_FALSE(report.accesses[1].closed);
  const std::string markdown = ToMarkdown(report);
  EXPECT_THAT(markdown, HasSubstr("began before the span, entry 3"));
  EXPECT_THAT(markdown, HasSubstr("not closed"));
  EXPECT_EQ(report.total.delivered_bytes, 70u);
}

TEST_F(AuditReportTest, I7_AMissingEntryIsNamed) {
  for (int i = 0; i < 4; ++i) Add("SHOW", "hanako");
  entries_.erase(entries_.begin() + 1);
  const AuditReport report = Report();
  EXPECT_EQ(report.wholeness.proof, Proof::kNotWhole);
  EXPECT_THAT(report.wholeness.text, HasSubstr("NOT WHOLE: entry 25 is access 7"));
  EXPECT_EQ(ToJson(report)["proof"], "not-whole");
}

TEST_F(AuditReportTest, OfAnAccountTheListingAloneProvesNothing) {
  Add("SHOW", "hanako");
  EXPECT_THAT(MakeReport({.account = "hanako"}, entries_).wholeness.text,
              AllOf(HasSubstr("only the log as a whole"), HasSubstr("NOT PROVEN")));
}

TEST_F(AuditReportTest, TextFromElsewhereStaysText) {
  AuditEntry& entry = Add("SHOW", "hanako");
  entry.reference = "| *bold* <img> \x1b[31m";
  const std::string markdown = ToMarkdown(Report());
  EXPECT_THAT(markdown, HasSubstr("\\| \\*bold\\* \\<img\\> ?\\[31m"));
  EXPECT_THAT(markdown, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace otokura::client
