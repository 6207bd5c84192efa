// Finding calls, and showing what is known of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/recordings/limits.h"
#include "server/recordings/rows.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

access::Caller Operator(std::vector<std::string> centres = {"tokyo"}, const std::string& name = "operator") {
  return CallerOf(PersonAccount(v1::OPERATOR, name, std::move(centres)));
}

std::string RecordOf(TestSite& site, const std::string& call, const std::function<void(v1::Open*)>& change = nullptr) {
  v1::Open open = OpenOf(call);
  if (change) change(&open);
  const std::string id = RecordCall(site, open, "");
  site.clock().Advance(absl::Milliseconds(5));
  return id;
}

std::vector<std::string> Ids(const absl::StatusOr<v1::SearchResponse>& response) {
  EXPECT_TRUE(response.ok()) << response.status();
  std::vector<std::string> ids;
  if (response.ok()) {
    for (const v1::RecordingSummary& recording : response->recordings()) ids.push_back(recording.recording_id());
  }
  return ids;
}

v1::SearchRequest TermSearch(v1::PersonalField field, const std::string& value) {
  v1::SearchRequest request;
  request.mutable_term()->set_field(field);
  request.mutable_term()->set_value(value);
  *request.mutable_justification() = Inquiry();
  return request;
}

TEST(Catalogue, EachPersonalFieldFindsItsCallHoweverItIsTyped) {
  TestSite site;
  const std::string wanted = RecordOf(site, "PBX-0007", [](v1::Open* open) {
    open->mutable_metadata()->set_basic_pension_number("1234-567890");
    open->mutable_metadata()->set_caller_number("+81 3-1234-5678");
    open->mutable_metadata()->set_agent("Yamada Taro");
  });
  RecordOf(site, "PBX-0008", [](v1::Open* open) {
    open->mutable_metadata()->set_basic_pension_number("1234567891");
    open->mutable_metadata()->set_caller_number("0312345679");
    open->mutable_metadata()->set_agent("yamada jiro");
  });
  for (const auto& [field, value] : {std::pair<v1::PersonalField, std::string>{v1::BASIC_PENSION_NUMBER, "1234567890"},
                                     {v1::BASIC_PENSION_NUMBER, "１２３４－５６７８９０"},
                                     {v1::CALLER_NUMBER, "03-1234-5678"},
                                     {v1::CALLER_NUMBER, "０３（１２３４）５６７８"},
                                     {v1::AGENT, "  yamada   TARO "},
                                     {v1::CALL_ID, "PBX-0007"}}) {
    EXPECT_THAT(Ids(SearchFor(site, Operator(), TermSearch(field, value))), ElementsAre(wanted)) << value;
  }
  EXPECT_THAT(Ids(SearchFor(site, Operator(), TermSearch(v1::CALL_ID, "pbx-0007"))), IsEmpty()) << "call ids keep their case";
}

TEST(Catalogue, TimeCentreAndQueueNarrow) {
  TestSite site;
  const std::string first = RecordOf(site, "1");
  const int64_t middle = absl::ToUnixMillis(site.clock().Now());
  const std::string second = RecordOf(site, "2", [](v1::Open* open) { open->set_queue("loans"); });
  const std::string third = RecordOf(site, "3", [](v1::Open* open) { open->set_centre("osaka"); });
  const access::Caller both = Operator({"tokyo", "osaka"});
  v1::SearchRequest request;
  EXPECT_THAT(Ids(SearchFor(site, both, request)), ElementsAre(third, second, first));
  request.set_from_unix_ms(middle);
  EXPECT_THAT(Ids(SearchFor(site, both, request)), ElementsAre(third, second));
  request.clear_from_unix_ms();
  request.set_to_unix_ms(middle);
  EXPECT_THAT(Ids(SearchFor(site, both, request)), ElementsAre(first));
  request.clear_to_unix_ms();
  request.set_centre("tokyo");
  EXPECT_THAT(Ids(SearchFor(site, both, request)), ElementsAre(second, first));
  request.set_queue("loans");
  EXPECT_THAT(Ids(SearchFor(site, both, request)), ElementsAre(second));
}

TEST(Catalogue, I6_ScopeOwnCentreAll) {
  TestSite site;
  const auto agent = [](const std::string& name, const std::string& centre) {
    return [=](v1::Open* open) {
      open->mutable_metadata()->set_agent(name);
      open->set_centre(centre);
    };
  };
  const std::string mine = RecordOf(site, "1", agent("yamada", "tokyo"));
  const std::string colleague = RecordOf(site, "2", agent("suzuki", "tokyo"));
  const std::string namesake = RecordOf(site, "3", agent("yamada", "osaka"));
  v1::Account own = PersonAccount(v1::OPERATOR, "yamada");
  own.set_scope(v1::OWN);
  own.set_agent("yamada");
  EXPECT_THAT(Ids(SearchFor(site, CallerOf(own), {})), ElementsAre(mine)) << "an agent's name belongs to a centre";
  EXPECT_THAT(Ids(SearchFor(site, CallerOf(own), TermSearch(v1::AGENT, "suzuki"))), IsEmpty());
  EXPECT_THAT(Ids(SearchFor(site, Operator({"tokyo"}), {})), ElementsAre(colleague, mine));
  EXPECT_THAT(Ids(SearchFor(site, Operator({"tokyo", "osaka"}), {})), ElementsAre(namesake, colleague, mine));
  v1::SearchRequest elsewhere;
  elsewhere.set_centre("osaka");
  EXPECT_THAT(Ids(SearchFor(site, Operator({"tokyo"}), elsewhere)), IsEmpty());
  EXPECT_EQ(SearchFor(site, CallerOf(PersonAccount(v1::CONTRACTOR, "contractor")), {}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(SearchFor(site, CallerOf(RecorderAccount()), {}).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST(Catalogue, PersonIsFoundAcrossMonthsNewestFirst) {
  TestSite site;
  const auto caller = [](v1::Open* open) { open->mutable_metadata()->set_basic_pension_number("1234567890"); };
  const std::string april = RecordOf(site, "1", caller);
  site.clock().Advance(absl::Hours(24 * 30));
  ASSERT_TRUE(site.keys().EnsureEpochs({"standard"}, site.clock().Now(), [](const keys::Epoch&) { return absl::OkStatus(); }).ok());
  const std::string may = RecordOf(site, "2", caller);
  ASSERT_NE(site.Record(april).epoch_id(), site.Record(may).epoch_id());
  EXPECT_NE(site.Record(april).index_tags(1), site.Record(may).index_tags(1)) << "tags do not link a person across epochs";
  EXPECT_THAT(Ids(SearchFor(site, Operator(), TermSearch(v1::BASIC_PENSION_NUMBER, "1234567890"))), ElementsAre(may, april));
}

TEST(Catalogue, PagesAreStableWhileCallsArrive) {
  TestSite site;
  std::vector<std::string> expected;
  for (int i = 0; i < 7; ++i) expected.insert(expected.begin(), RecordOf(site, "call-" + std::to_string(i)));
  v1::SearchRequest request;
  request.set_page_size(3);
  std::vector<std::string> seen;
  for (int page = 0; page < 5; ++page) {
    const auto response = SearchFor(site, Operator(), request);
    for (const std::string& id : Ids(response)) seen.push_back(id);
    if (!response.ok() || response->next_page_token().empty()) break;
    request.set_page_token(response->next_page_token());
    RecordOf(site, "late-" + std::to_string(page));
  }
  EXPECT_THAT(seen, ElementsAreArray(expected));
}

TEST(Catalogue, LastFullPageHasNoSuccessor) {
  TestSite site;
  RecordOf(site, "1");
  RecordOf(site, "2");
  v1::SearchRequest request;
  request.set_page_size(2);
  const auto response = SearchFor(site, Operator(), request);
  EXPECT_THAT(Ids(response), ::testing::SizeIs(2));
  EXPECT_EQ(response->next_page_token(), "");
}

TEST(Catalogue, I6_PageTokenIsGoodForItsSearchAndAccountOnly) {
  TestSite site;
  RecordOf(site, "1");
  RecordOf(site, "2");
  v1::SearchRequest request;
  request.set_page_size(1);
  const auto first = SearchFor(site, Operator(), request);
  ASSERT_TRUE(first.ok());
  ASSERT_NE(first->next_page_token(), "");
  request.set_page_token(first->next_page_token());
  EXPECT_EQ(SearchFor(site, Operator({"tokyo"}, "another"), request).status().code(), absl::StatusCode::kInvalidArgument);
  v1::SearchRequest narrower = request;
  narrower.set_centre("tokyo");
  EXPECT_EQ(SearchFor(site, Operator(), narrower).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_page_size(200);
  EXPECT_THAT(Ids(SearchFor(site, Operator(), request)), ::testing::SizeIs(1)) << "the page size may change";
  request.set_page_token(first->next_page_token() + "A");
  EXPECT_EQ(SearchFor(site, Operator(), request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Catalogue, I10_LimitsAtTheEdges) {
  TestSite site;
  const auto code = [&](const std::function<void(v1::SearchRequest*)>& change) {
    v1::SearchRequest request;
    change(&request);
    return SearchFor(site, Operator(), request).status().code();
  };
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_page_size(kPageRowsMax); }), absl::StatusCode::kOk);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_page_size(kPageRowsMax + 1); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_from_unix_ms(-1); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_from_unix_ms(5), r->set_to_unix_ms(5); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_to_unix_ms(INT64_MAX); }), absl::StatusCode::kOk);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_centre(std::string(kNameBytesMax + 1, 'x')); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_queue("loans"); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { r->set_page_token(std::string(257, 'x')); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { *r = TermSearch(v1::BASIC_PENSION_NUMBER, "123"); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](v1::SearchRequest* r) { *r = TermSearch(v1::PERSONAL_FIELD_UNSPECIFIED, "123"); }), absl::StatusCode::kInvalidArgument);
}

TEST(Catalogue, TagOfAnotherPersonIsNotShown) {
  TestSite site;
  const auto pension = [](const std::string& number) {
    return [=](v1::Open* open) { open->mutable_metadata()->set_basic_pension_number(number); };
  };
  const std::string wanted = RecordOf(site, "1", pension("1234567890"));
  const std::string other = RecordOf(site, "2", pension("1234567891"));
  std::string tag;
  const v1::RecordingRecord record = site.Record(wanted);
  for (const std::string& entry : record.index_tags()) {
    if (entry[0] == static_cast<char>(crypto::IndexField::kBasicPensionNumber)) tag = entry;
  }
  site.Tamper(storage::Table::kTags, tag + site.Record(other).id(), "");
  EXPECT_THAT(Ids(SearchFor(site, Operator(), TermSearch(v1::BASIC_PENSION_NUMBER, "1234567890"))), ElementsAre(wanted));
}

TEST(Catalogue, DamagedRecordDoesNotHideTheOthers) {
  TestSite site;
  const std::string first = RecordOf(site, "1");
  const std::string damaged = RecordOf(site, "2");
  const std::string third = RecordOf(site, "3");
  site.Tamper(storage::Table::kRecordings, site.Record(damaged).id(), "\xff not a record");
  EXPECT_THAT(Ids(SearchFor(site, Operator(), {})), ElementsAre(third, first));
}

TEST(Catalogue, I2_SearchIsLoggedBeforeAndAfterOrAnswersNothing) {
  TestSite site;
  RecordOf(site, "1");
  ASSERT_TRUE(SearchFor(site, Operator(), TermSearch(v1::CALL_ID, "1")).ok());
  ASSERT_EQ(site.LogOf(v1::SEARCH).size(), 1u);
  ASSERT_EQ(site.LogOf(v1::DELIVERED).size(), 1u);
  EXPECT_EQ(site.LogOf(v1::DELIVERED)[0].of_sequence(), site.LogOf(v1::SEARCH)[0].sequence());
  EXPECT_EQ(site.LogOf(v1::DELIVERED)[0].rows(), 1u);
  for (const int nth : {1, 2}) {
    site.FailOnce(storage::StorageCall::kCommit, nth, absl::UnavailableError("medium"));
    EXPECT_EQ(SearchFor(site, Operator(), {}).status().code(), absl::StatusCode::kUnavailable) << nth;
    site.NoFaults();
  }
}

TEST(Catalogue, I6_PersonalSearchNeedsAReason) {
  TestSite site;
  v1::SearchRequest request = TermSearch(v1::CALL_ID, "1");
  request.clear_justification();
  EXPECT_FALSE(SearchFor(site, Operator(), request).ok());
}

TEST(Catalogue, ShowOpensMetadataForWhoMaySeeIt) {
  TestSite site;
  const std::string id = RecordOf(site, "PBX-7", [](v1::Open* open) {
    open->mutable_metadata()->set_basic_pension_number("1234567890");
    open->mutable_metadata()->set_notes("a note");
  });
  const auto shown = ShowOne(site, Operator(), id);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->metadata().call_id(), "PBX-7");
  EXPECT_EQ(shown->metadata().basic_pension_number(), "1234567890");
  EXPECT_EQ(shown->metadata().notes(), "a note");
  EXPECT_EQ(shown->recording().recorder(), "recorder-1");
  for (const v1::Role role : {v1::CONTRACTOR, v1::AUDITOR, v1::SECURITY, v1::ADMIN, v1::RECORDER}) {
    EXPECT_EQ(ShowOne(site, CallerOf(PersonAccount(role, "x")), id).status().code(), absl::StatusCode::kPermissionDenied) << role;
  }
  EXPECT_EQ(ShowOne(site, Operator({"osaka"}), id).status(), ShowOne(site, Operator(), "01890a5d-ac96-774b-bcce-b302099a8057").status());
  EXPECT_EQ(ShowOne(site, Operator(), "not an id").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Catalogue, ShowWorksWhileTheCallIsLive) {
  TestSite site;
  RecorderStream live(site, CallerOf(RecorderAccount()));
  live.Open(OpenOf("PBX-7"));
  ASSERT_TRUE(live.WaitOpened().has_value());
  const auto shown = ShowOne(site, Operator(), live.WaitOpened()->recording_id());
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->recording().state(), v1::LIVE);
  EXPECT_EQ(shown->metadata().call_id(), "PBX-7");
}

TEST(Catalogue, I7_ShowFindsWhatWasChanged) {
  TestSite site;
  const std::string id = RecordOf(site, "1");
  const std::string other = RecordOf(site, "2");
  const v1::RecordingRecord good = site.Record(id);
  for (const bool live : {false, true}) {
    v1::RecordingRecord bad = good;
    bad.set_queue("loans");
    if (live) bad.set_state(v1::LIVE);
    site.TamperRecord(bad);
    EXPECT_EQ(ShowOne(site, Operator(), id).status().code(), absl::StatusCode::kDataLoss);
  }
  site.TamperRecord(good);
  const std::string foreign = **site.engine().records().Get(storage::Table::kMetadata, site.Record(other).id());
  for (const std::optional<std::string>& bad :
       {std::optional<std::string>(foreign), std::optional<std::string>("x"), std::optional<std::string>()}) {
    site.Tamper(storage::Table::kMetadata, good.id(), bad);
    EXPECT_EQ(ShowOne(site, Operator(), id).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(site.Fsck(), ::testing::Not(IsEmpty()));
  }
}

TEST(Catalogue, I2_ShowThatCannotBeLoggedOpensNothing) {
  TestSite site;
  const std::string id = RecordOf(site, "1");
  for (const int nth : {1, 2}) {
    site.FailOnce(storage::StorageCall::kCommit, nth, absl::UnavailableError("medium"));
    EXPECT_EQ(ShowOne(site, Operator(), id).status().code(), absl::StatusCode::kUnavailable) << nth;
    site.NoFaults();
  }
}

}  // namespace
}  // namespace otokura::recordings
