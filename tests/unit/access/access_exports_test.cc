// Exports: how they are kept, and for how long (DESIGN §8). Over the wire: tests/integration/exports_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "server/access/export_rows.h"
#include "server/access/exports.h"
#include "tests/unit/access/access_site.h"

namespace otokura::access {
namespace {

using storage::StorageCall;
using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::RequestExportRequest RequestForTest(int recordings = 1) {
  v1::RequestExportRequest request;
  request.set_recipient("family-court");
  for (int i = 1; i <= recordings; ++i) request.add_recording_ids(RecordingForTest(i).Text());
  request.mutable_justification()->set_purpose("inquiry");
  request.mutable_justification()->set_reference("CASE-1");
  request.set_reason("ordered by the court");
  request.set_hours(2);
  return request;
}

v1::Account Person(const std::string& person) {
  v1::Account account = AccountForTest(v1::SUPERVISOR, "account-of-" + person);
  account.set_person_id(person);
  return account;
}

v1::ExportedObject ObjectForTest(int recording, char digest) {
  v1::ExportedObject object;
  object.set_recording_id(RecordingForTest(recording).Text());
  object.set_bytes(1000);
  object.set_sha256(std::string(32, digest));
  return object;
}

class ExportsTest : public ::testing::Test {
 protected:
  ExportsTest() {
    recipient_.set_name("family-court");
    recipient_.set_company("Family Court");
    recipient_.set_certificate(authority_.ForAccount(kTrustDomain, "court", kTestStart).certificate_pem);
    auto contracts =
        Contracts::Open(site_.engine->records(), site_.committer.get(), &site_.keys, PolicyForTest(), &site_.clock, ConfigForTest());
    EXPECT_TRUE(contracts.ok()) << contracts.status();
    contracts_ = *std::move(contracts);
    Reopen();
  }
  void Reopen() {
    exports_.reset();
    auto opened = Exports::Open(site_.engine->records(), site_.committer.get(), &site_.keys, &site_.clock, contracts_.get());
    ASSERT_TRUE(opened.ok()) << opened.status();
    exports_ = *std::move(opened);
  }
  absl::StatusOr<v1::Export> Commit(absl::StatusOr<Exports::Change> change, v1::AuditAction action) {
    if (!change.ok()) return change.status();
    std::promise<absl::StatusOr<v1::Export>> result;
    exports_->Commit(*std::move(change), audit::DraftForTest(action),
                     [&](absl::StatusOr<v1::Export> kept, auto) { result.set_value(std::move(kept)); });
    return result.get_future().get();
  }
  absl::StatusOr<v1::Export> Request(const std::string& person = "person-1") {
    rule_.clear();
    return Commit(exports_->Request(RequestForTest(2), Person(person), recipient_, &rule_), v1::EXPORT_REQUEST);
  }
  absl::StatusOr<v1::Export> Approve(const v1::Export& kept) {
    return Commit(exports_->Approve(*ExportId::Parse(kept.id()), kept.revision(), Person("person-2"), &rule_), v1::EXPORT_APPROVE);
  }
  absl::StatusOr<v1::Export> Revoke(const v1::Export& kept) {
    return Commit(exports_->Revoke(*ExportId::Parse(kept.id()), "done", Person("person-3"), &rule_), v1::EXPORT_REVOKE);
  }
  void PutTaken(const v1::Export& kept, const v1::ExportedObject& object) {
    storage::Batch batch;
    ASSERT_EQ(exports_->PutTaken(*ExportId::Parse(kept.id()), object, &batch), absl::OkStatus());
    ASSERT_EQ(site_.engine->records().Commit(batch), absl::OkStatus());
  }
  // Rows of that many exports, each of which was refused, put there at once.
  void PutMany(size_t count, absl::Time requested) {
    const ExportRows rows(&site_.engine->records(), &site_.keys);
    v1::ExportRecord record;
    record.mutable_kept()->set_state(v1::Export::REFUSED);
    record.mutable_kept()->set_requested_unix_ms(absl::ToUnixMillis(requested));
    storage::Batch batch;
    for (size_t i = 0; i < count; ++i) {
      record.mutable_kept()->set_id(ExportId::Make(requested + absl::Milliseconds(static_cast<int64_t>(i)), std::string(10, 'r')).Text());
      ASSERT_EQ(rows.Put(record, std::nullopt, &batch), absl::OkStatus());
    }
    ASSERT_EQ(site_.engine->records().Commit(batch), absl::OkStatus());
  }
  size_t RowsBeginningWith(const std::string& prefix) {
    size_t rows = 0;
    EXPECT_EQ(site_.engine->records().Scan(storage::Table::kMeta, RowsOf(prefix), [&](auto, auto) { return ++rows > 0; }),
              absl::OkStatus());
    return rows;
  }

  LogSite site_;
  TestAuthority authority_{kTestStart};
  v1::Recipient recipient_;
  std::unique_ptr<Contracts> contracts_;
  std::unique_ptr<Exports> exports_;
  std::string rule_;
};

TEST_F(ExportsTest, I3_WhatWasDecidedAndTakenIsThereAfterARestart) {
  const auto requested = Request();
  ASSERT_TRUE(requested.ok()) << requested.status();
  const auto approved = Approve(*requested);
  ASSERT_TRUE(approved.ok()) << approved.status();
  PutTaken(*approved, ObjectForTest(2, 'a'));
  PutTaken(*approved, ObjectForTest(1, 'b'));
  PutTaken(*approved, ObjectForTest(2, 'c'));
  Reopen();
  const auto shown = exports_->Show(*ExportId::Parse(requested->id()));
  ASSERT_TRUE(shown.ok() && shown->has_value()) << shown.status();
  EXPECT_EQ((*shown)->state(), v1::Export::ACTIVE);
  EXPECT_EQ((*shown)->decided_by_person(), "person-2");
  ASSERT_EQ((*shown)->taken_size(), 2);
  EXPECT_EQ((*shown)->taken(0).recording_id(), RecordingForTest(1).Text());
  EXPECT_EQ((*shown)->taken(1).sha256(), std::string(32, 'c')) << "as it was taken last";
  const auto standing = exports_->Find(*ExportId::Parse(requested->id()));
  ASSERT_TRUE(standing.ok());
  EXPECT_EQ((*standing)->certificate(), recipient_.certificate());
}

TEST_F(ExportsTest, WhoHoldsItLearnsOfItsEnd) {
  const auto approved = Approve(*Request());
  ASSERT_TRUE(approved.ok()) << approved.status();
  const auto held = *exports_->Find(*ExportId::Parse(approved->id()));
  EXPECT_EQ(held->kept()->state(), v1::Export::ACTIVE);
  ASSERT_TRUE(Revoke(*approved).ok());
  EXPECT_EQ(held->kept()->state(), v1::Export::REVOKED);
  EXPECT_TRUE(held->Names({approved->account(), "person-1", RecordingForTest(2)}));
  EXPECT_FALSE(held->Names({approved->account(), "person-2", RecordingForTest(2)}));
  EXPECT_FALSE(held->Names({"another", "person-1", RecordingForTest(2)}));
  EXPECT_FALSE(held->Names({approved->account(), "person-1", RecordingForTest(3)}));
}

TEST_F(ExportsTest, I10_SoManyAreKeptAndOldOnesMakeRoomWithAllThatWasTaken) {
  const auto first = Request();
  ASSERT_TRUE(first.ok()) << first.status();
  PutTaken(*first, ObjectForTest(1, 'a'));
  PutTaken(*first, ObjectForTest(2, 'a'));
  PutMany(kExportsMax - 2, site_.clock.Now() + absl::Minutes(1));
  site_.clock.Advance(absl::Hours(1));
  Reopen();
  ASSERT_TRUE(Request("person-2").ok());
  EXPECT_EQ(Request("person-3").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RowsBeginningWith("exported/"), 2u);
  site_.clock.Advance(kExportsKept);
  ASSERT_TRUE(Request("person-3").ok());
  EXPECT_EQ(RowsBeginningWith("exported/"), 0u);
  EXPECT_EQ(RowsBeginningWith("export/"), kExportsMax + 1 - kExportsDroppedAtOnce);
}

TEST_F(ExportsTest, I10_APageReadsSoManyRowsAndHoldsSoManyBytes) {
  const auto own = Request();
  ASSERT_TRUE(own.ok()) << own.status();
  site_.clock.Advance(absl::Hours(1));
  PutMany(kExportRowsReadForAPage, site_.clock.Now());
  const auto first = exports_->List(std::nullopt, 10, 1 << 20, false);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->exports, SizeIs(0));
  ASSERT_TRUE(first->next_before.has_value());
  const auto second = exports_->List(first->next_before, 10, 1 << 20, false);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_THAT(second->exports, SizeIs(1));
  EXPECT_EQ(second->exports[0].id(), own->id());
  EXPECT_THAT(exports_->List(std::nullopt, 10, 1, true)->exports, SizeIs(1)) << "one at least";
}

TEST_F(ExportsTest, AChangeThatWasOvertakenIsAborted) {
  const auto requested = Request();
  ASSERT_TRUE(requested.ok()) << requested.status();
  const ExportId id = *ExportId::Parse(requested->id());
  absl::StatusOr<Exports::Change> approval = exports_->Approve(id, requested->revision(), Person("person-2"), &rule_);
  ASSERT_TRUE(Revoke(*requested).ok());
  EXPECT_EQ(Commit(std::move(approval), v1::EXPORT_APPROVE).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ((*exports_->Find(id))->kept()->state(), v1::Export::REVOKED);
}

TEST_F(ExportsTest, I1_I7_RowsAreSealedAndOneThatWasSwappedStopsTheStart) {
  const auto one = Request("person-1");
  ASSERT_TRUE(one.ok() && Request("person-2").ok());
  PutTaken(*one, ObjectForTest(1, 'a'));
  PutTaken(*one, ObjectForTest(2, 'b'));
  std::vector<std::pair<std::string, std::string>> rows, taken;
  ASSERT_EQ(site_.engine->records().Scan(storage::Table::kMeta, {},
                                         [&](std::string_view key, std::string_view row) {
                                           for (const char* text : {"person-", "ordered", "family-court", "aaaaaaaa"}) {
                                             EXPECT_THAT(std::string(row), ::testing::Not(HasSubstr(text)));
                                           }
                                           if (key.starts_with("export/")) rows.emplace_back(key, row);
                                           if (key.starts_with("exported/")) taken.emplace_back(key, row);
                                           return true;
                                         }),
            absl::OkStatus());
  ASSERT_THAT(rows, SizeIs(2));
  ASSERT_THAT(taken, SizeIs(2));
  site_.Tamper(storage::Table::kMeta, taken[0].first, taken[1].second);
  EXPECT_EQ(exports_->Show(*ExportId::Parse(one->id())).status().code(), absl::StatusCode::kDataLoss);
  site_.Tamper(storage::Table::kMeta, rows[0].first, rows[1].second);
  EXPECT_EQ(Exports::Open(site_.engine->records(), site_.committer.get(), &site_.keys, &site_.clock, contracts_.get()).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace otokura::access
