// Calls being heard: what may leave, when, and what tampering is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "crypto/cobblestone.h"
#include "proto/policy/shipped.h"
#include "server/access/contract_checks.h"
#include "server/keys/recording_keys.h"
#include "server/recordings/limits.h"
#include "tests/unit/recordings/test_streams.h"

namespace otokura::recordings {
namespace {

using access::Action;
using storage::StorageCall;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kChunk = crypto::kChunkBytes;

access::Caller Supervisor(const std::string& name = "supervisor") { return CallerOf(PersonAccount(v1::SUPERVISOR, name)); }

// A call in three parts: 2 chunks, 3 chunks, then the rest.
std::string RecordInterrupted(TestSite& site, const std::string& call, std::string_view speech) {
  v1::Open open = OpenOf(call);
  std::string id;
  for (const auto& [from, to] : {std::pair{uint64_t{0}, 2 * kChunk}, std::pair{2 * kChunk, 5 * kChunk}}) {
    RecorderStream stream(site, CallerOf(RecorderAccount()));
    stream.Open(open);
    const auto opened = stream.WaitOpened();
    EXPECT_TRUE(opened.has_value()) << stream.WaitEnd();
    stream.Speak(from, speech.substr(from, to - from));
    EXPECT_TRUE(stream.WaitCommitted(to));
    stream.Cancel();
    stream.WaitEnd().IgnoreError();
    open = ResumeOf(call, *opened, to);
    id = opened->recording_id();
  }
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(open);
  EXPECT_TRUE(stream.WaitOpened().has_value()) << stream.WaitEnd();
  stream.Speak(5 * kChunk, speech.substr(5 * kChunk));
  stream.FinishOver(speech);
  EXPECT_TRUE(stream.WaitSealed().has_value()) << stream.WaitEnd();
  return id;
}

TEST(Retrieval, EveryRangeIsThatSliceOfTheCall) {
  TestSite site;
  const std::string speech = Speech(9 * kChunk + 321);
  const std::string id = RecordInterrupted(site, "call-1", speech);
  ASSERT_EQ(site.Record(id).parts_size(), 3);
  std::vector<uint64_t> edges = {0, 1, speech.size() - 1};
  for (uint64_t chunk = 1; chunk <= 9; ++chunk) {
    for (const uint64_t edge : {chunk * kChunk - 1, chunk * kChunk, chunk * kChunk + 1}) edges.push_back(edge);
  }
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 60; ++i) edges.push_back(random() % speech.size());
  for (int i = 0; i < 300; ++i) {
    const uint64_t offset = edges[random() % edges.size()];
    const uint64_t end = edges[random() % edges.size()] + 1;
    const uint64_t length = end > offset ? end - offset : speech.size() - offset;
    const Heard heard = Download(site, id, offset, length);
    ASSERT_TRUE(heard.status.ok()) << offset << "+" << length << ": " << heard.status;
    ASSERT_TRUE(heard.audio == speech.substr(offset, length)) << offset << "+" << length << " gave " << heard.audio.size() << " bytes";
    ASSERT_EQ(heard.header->offset(), offset);
    ASSERT_EQ(heard.header->length(), length);
  }
  EXPECT_EQ(Download(site, id, 4 * kChunk + 7).audio, speech.substr(4 * kChunk + 7)) << "length 0: to the end";
}

TEST(Retrieval, RangeOutsideTheRecordingIsRefusedAndNothingLeaves) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(1000));
  for (const auto& [offset, length] :
       {std::pair<uint64_t, uint64_t>{0, 1001}, {1000, 0}, {1000, 1}, {999, 2}, {1001, 0}, {UINT64_MAX, 1}, {1, UINT64_MAX}}) {
    const Heard heard = Download(site, id, offset, length);
    EXPECT_EQ(heard.status.code(), absl::StatusCode::kOutOfRange) << offset << "+" << length << heard.status;
    EXPECT_EQ(heard.header, std::nullopt);
  }
  EXPECT_TRUE(Download(site, id, 999, 1).status.ok());
}

TEST(Retrieval, LiveCallIsNotYetHeard) {
  TestSite site;
  RecorderStream live(site, CallerOf(RecorderAccount()));
  live.Open(OpenOf("call-1"));
  ASSERT_TRUE(live.WaitOpened().has_value());
  EXPECT_EQ(Download(site, live.WaitOpened()->recording_id()).status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Retrieval, I6_AbsentAndOutOfScopeAnswerIdentically) {
  TestSite site;
  v1::Open osaka = OpenOf("call-1");
  osaka.set_centre("osaka");
  const std::string elsewhere = RecordCall(site, osaka, Speech(10));
  const std::string absent = "01890a5d-ac96-774b-bcce-b302099a8057";
  absl::Status answers[2];
  int i = 0;
  for (const std::string& id : {elsewhere, absent}) {
    ListenerStream stream(site, Supervisor(), Action::kListen, RangeOf(id));
    answers[i++] = stream.WaitEnd();
    EXPECT_EQ(stream.header(), std::nullopt);
  }
  EXPECT_EQ(answers[0].code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(site.Count(v1::LISTEN, "scope-or-absent"), 2);
}

TEST(Retrieval, I6_RoleAndPurposeAreDenied) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(10));
  ListenerStream download(site, CallerOf(PersonAccount(v1::OPERATOR, "operator")), Action::kDownload, RangeOf(id));
  EXPECT_EQ(download.WaitEnd().code(), absl::StatusCode::kPermissionDenied);
  ListenerStream contractor(site, CallerOf(PersonAccount(v1::CONTRACTOR, "contractor")), Action::kListen, RangeOf(id));
  EXPECT_EQ(contractor.WaitEnd().code(), absl::StatusCode::kPermissionDenied);
  v1::RetrieveRequest no_reason = RangeOf(id);
  no_reason.clear_justification();
  ListenerStream silent(site, Supervisor(), Action::kListen, no_reason);
  EXPECT_FALSE(silent.WaitEnd().ok());
  EXPECT_EQ(download.audio() + contractor.audio() + silent.audio(), "");
  EXPECT_EQ(site.LogOf(v1::DOWNLOAD)[0].decision(), v1::DENIED);
  EXPECT_THAT(site.LogOf(v1::LISTEN), SizeIs(2));
}

TEST(Retrieval, I2_NothingLeavesBeforeItsEntryIsDurable) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(100));
  Turnstile log;
  site.engine().SetFault([&](StorageCall call, const storage::AudioObjectId*) {
    if (call == StorageCall::kCommit) log.Pass();
    return absl::OkStatus();
  });
  ListenerStream stream(site, Supervisor(), Action::kListen, RangeOf(id));
  log.WaitForSomebody();
  EXPECT_EQ(stream.header(), std::nullopt);
  log.Open();
  EXPECT_TRUE(stream.WaitEnd().ok());
  EXPECT_EQ(stream.audio().size(), 100u);
  site.NoFaults();
}

TEST(Retrieval, I2_LogThatCannotBeWrittenReleasesNothing) {
  for (const bool stores_anyway : {false, true}) {
    TestSite site;
    const std::string id = RecordCall(site, OpenOf("call-1"), Speech(100));
    site.FailOnce(StorageCall::kCommit, 1, absl::UnavailableError("medium"), stores_anyway);
    const Heard heard = Download(site, id);
    EXPECT_EQ(heard.status.code(), absl::StatusCode::kUnavailable) << heard.status;
    EXPECT_EQ(heard.audio, "");
    EXPECT_EQ(heard.header, std::nullopt);
  }
}

TEST(Retrieval, I2_EntryThatCannotBeClosedIsSaid) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(100));
  site.FailOnce(StorageCall::kCommit, 2, absl::UnavailableError("medium"));
  EXPECT_EQ(Download(site, id).status.code(), absl::StatusCode::kUnavailable);
}

TEST(Retrieval, DeliveredSaysWhatLeft) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(20 * kChunk));
  ListenerStream stream(site, Supervisor(), Action::kListen, RangeOf(id, 100), /*takes_by_itself=*/false);
  stream.WaitMessages(1);
  stream.TakeOne();
  stream.WaitMessages(2);
  stream.TakeOne();
  ASSERT_EQ(stream.WaitMessages(3), 3);
  stream.Cancel();
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kCancelled);
  const auto delivered = site.LogOf(v1::DELIVERED);
  ASSERT_THAT(delivered, SizeIs(1));
  EXPECT_EQ(delivered[0].delivered_bytes(), stream.audio().size());
  EXPECT_EQ(delivered[0].delivered_bytes(), 8 * kChunk - 100);
  EXPECT_EQ(delivered[0].offset(), 100u);
  EXPECT_EQ(delivered[0].outcome(), "CANCELLED");
  EXPECT_EQ(delivered[0].of_sequence(), site.LogOf(v1::LISTEN)[0].sequence());
}

TEST(Retrieval, I6_SuspendedListenerIsCutAtTheNextMessage) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(20 * kChunk));
  const access::Caller caller = Supervisor();
  ListenerStream stream(site, caller, Action::kListen, RangeOf(id), /*takes_by_itself=*/false);
  stream.WaitMessages(1);
  stream.TakeOne();
  ASSERT_EQ(stream.WaitMessages(2), 2);
  Suspend(caller);
  stream.TakeOne();
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(stream.audio().size(), 4 * kChunk);
  EXPECT_EQ(site.LogOf(v1::DELIVERED)[0].delivered_bytes(), 4 * kChunk);
}

// In force for the caller's centre and purpose.
std::shared_ptr<access::Contract> ContractInForce() {
  const auto day = [](int n) { return absl::FormatCivilTime(access::DayOf(TestStart()) + n); };
  v1::KeptContract kept;
  kept.set_state(v1::KeptContract::CONFIRMED);
  kept.mutable_contract()->set_first_day(day(0));
  kept.mutable_contract()->set_last_day(day(1));
  kept.mutable_contract()->add_purposes("inquiry");
  kept.mutable_contract()->add_centres("tokyo");
  for (const std::string& name : policy::ShippedRules()->contracts().clauses()) {
    v1::Clause* const clause = kept.mutable_contract()->add_clauses();
    clause->set_name(name);
    clause->set_confirmed_on(day(0));
  }
  static const access::PolicyInForce kShipped(policy::ShippedRules());
  return std::make_shared<access::Contract>(std::move(kept), nullptr, &kShipped);
}

TEST(Retrieval, I5_AContractThatIsClosedCutsTheStreamsUnderItAtTheNextMessage) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(20 * kChunk));
  const std::shared_ptr<access::Contract> contract = ContractInForce();
  auto enrolled = std::make_shared<access::Enrolled>();
  access::Caller caller = Supervisor();
  enrolled->account = caller.account();
  enrolled->contract = contract;
  caller.enrolled = enrolled;
  ListenerStream stream(site, caller, Action::kListen, RangeOf(id), /*takes_by_itself=*/false);
  stream.WaitMessages(1);
  stream.TakeOne();
  ASSERT_EQ(stream.WaitMessages(2), 2);
  v1::KeptContract closed = *contract->kept();
  closed.set_state(v1::KeptContract::CLOSED);
  closed.set_revision(closed.revision() + 1);
  contract->Adopt(closed);
  stream.TakeOne();
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(stream.audio().size(), 4 * kChunk);
}

TEST(Retrieval, I10_StreamsOfAnAccountAndInAll) {
  v1::LimitsConfig limits;
  limits.set_retrievals_per_account_max(1);
  limits.set_retrieval_streams_max(2);
  TestSite site(limits);
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(100));
  auto held = std::make_unique<ListenerStream>(site, Supervisor("a"), Action::kListen, RangeOf(id), false);
  held->WaitMessages(1);
  {
    ListenerStream second(site, Supervisor("a"), Action::kListen, RangeOf(id));
    EXPECT_EQ(DetailOf(second.WaitEnd()).limit_reached().limit(), "retrievals_per_account_max");
  }
  ListenerStream other(site, Supervisor("b"), Action::kListen, RangeOf(id), false);
  other.WaitMessages(1);
  ListenerStream third(site, Supervisor("c"), Action::kListen, RangeOf(id));
  EXPECT_EQ(DetailOf(third.WaitEnd()).limit_reached().limit(), "retrieval_streams_max");
  held->Cancel();
  held->WaitEnd().IgnoreError();
  ListenerStream again(site, Supervisor("a"), Action::kListen, RangeOf(id));
  EXPECT_EQ(again.WaitEnd(), absl::OkStatus()) << "the place is given back before the end is told";
}

TEST(Retrieval, DrainCutsAndLogsTheCut) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(100));
  ListenerStream stream(site, Supervisor(), Action::kListen, RangeOf(id), false);
  stream.WaitMessages(1);
  site.retrieval().Drain(absl::ZeroDuration());
  EXPECT_EQ(stream.WaitEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(site.LogOf(v1::DELIVERED), SizeIs(1));
  EXPECT_EQ(Download(site, id).status.code(), absl::StatusCode::kUnavailable);
}

TEST(Retrieval, I7_FlippedByteIsDataLossAndNamesItsChunk) {
  TestSite site;
  const std::string speech = Speech(9 * kChunk + 321);
  const std::string id = RecordInterrupted(site, "call-1", speech);
  struct Flip {
    std::string what;
    uint32_t part;
    uint64_t at;
    uint64_t chunk;
    uint64_t offset;  // of the chunk, in the recording
  };
  const uint64_t tail = crypto::SealedChunkOffset(4);
  const Flip flips[] = {{"salt of the first part", 0, 0, 0, 0},
                        {"last byte of a salt", 1, crypto::kSaltBytes - 1, 0, 2 * kChunk},
                        {"commitment", 1, crypto::kSaltBytes, 0, 2 * kChunk},
                        {"last byte of a commitment", 2, crypto::kHeaderBytes - 1, 0, 5 * kChunk},
                        {"first byte of a chunk", 0, crypto::SealedChunkOffset(1), 1, kChunk},
                        {"body of a chunk", 1, crypto::SealedChunkOffset(2) + 8000, 2, 4 * kChunk},
                        {"tag of a chunk", 1, crypto::SealedChunkOffset(3) - 1, 2, 4 * kChunk},
                        {"body of the final chunk", 2, tail, 4, 9 * kChunk},
                        {"tag of the final chunk", 2, tail + 321 + 15, 4, 9 * kChunk}};
  for (const Flip& flip : flips) {
    SCOPED_TRACE(flip.what);
    const std::string good = site.Object(id, flip.part);
    std::string bad = good;
    bad[flip.at] ^= 1;
    site.SetObject(id, flip.part, bad);
    const Heard heard = Download(site, id);
    EXPECT_EQ(heard.status.code(), absl::StatusCode::kDataLoss) << heard.status;
    const v1::DamagedChunk damaged = DetailOf(heard.status).damaged_chunk();
    EXPECT_EQ(damaged.recording_id(), id);
    EXPECT_EQ(damaged.part(), flip.part);
    EXPECT_EQ(damaged.chunk(), flip.chunk);
    EXPECT_EQ(damaged.offset(), flip.offset);
    EXPECT_TRUE(heard.audio == speech.substr(0, heard.audio.size())) << "only what verified";
    EXPECT_LE(heard.audio.size(), flip.offset);
    EXPECT_THAT(site.Fsck(), ::testing::Not(IsEmpty()));
    site.SetObject(id, flip.part, good);
  }
  EXPECT_EQ(site.Count(v1::RECORDING_DATA_LOSS, "found-at-retrieval"), 9);
  EXPECT_TRUE(Download(site, id).status.ok());
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(Retrieval, I7_TruncatedMissingAndSwappedObjectsAreDataLoss) {
  TestSite site;
  const std::string speech = Speech(9 * kChunk + 321);
  const std::string id = RecordInterrupted(site, "call-1", speech);
  const std::string good = site.Object(id, 2);
  for (const std::string& bad :
       {good.substr(0, crypto::SealedChunkOffset(3) + 5), good.substr(0, good.size() - 1), std::string(), site.Object(id, 1),
        good.substr(0, crypto::SealedChunkOffset(1)) + good.substr(crypto::SealedChunkOffset(2))}) {
    site.SetObject(id, 2, bad);
    const Heard heard = Download(site, id);
    EXPECT_EQ(heard.status.code(), absl::StatusCode::kDataLoss) << heard.status;
    EXPECT_EQ(DetailOf(heard.status).damaged_chunk().part(), 2u);
    EXPECT_TRUE(heard.audio == speech.substr(0, heard.audio.size()));
    EXPECT_THAT(site.Fsck(), ::testing::Not(IsEmpty()));
  }
}

// Authentic under the very key, and yet not what was recorded: only the manifest's salt and commitment tell.
TEST(Retrieval, I7_PartSealedAnewUnderItsOwnKeyIsNotTheOneRecorded) {
  TestSite site;
  const std::string speech = Speech(kChunk);
  const std::string id = RecordCall(site, OpenOf("call-1"), speech);
  const v1::RecordingRecord record = site.Record(id);
  const auto sealer =
      keys::RecordingSealer::Resume(**site.keys().Find(record.epoch_id()), *storage::RecordingId::Parse(id), record.wrapped_data_key());
  ASSERT_TRUE(sealer.ok());
  auto part = *sealer->StartPart(0);
  std::string forged = part.header();
  ASSERT_TRUE(part.SealNext(std::string(kChunk, 'f'), &forged).ok());
  ASSERT_TRUE(part.SealFinal("", &forged).ok());
  site.SetObject(id, 0, forged);
  const Heard heard = Download(site, id);
  EXPECT_EQ(heard.status.code(), absl::StatusCode::kDataLoss) << heard.status;
  EXPECT_EQ(heard.audio, "");
  EXPECT_THAT(site.Fsck(), ::testing::Not(IsEmpty()));
}

TEST(Retrieval, I7_ChangedRecordReleasesNothing) {
  TestSite site;
  const std::string id = RecordInterrupted(site, "call-1", Speech(9 * kChunk));
  const std::string other = RecordCall(site, OpenOf("call-2"), Speech(kChunk));
  const v1::RecordingRecord good = site.Record(id);
  const v1::RecordingRecord another = site.Record(other);
  const std::vector<std::pair<std::string, std::function<void(v1::RecordingRecord*)>>> changes = {
      {"centre", [](v1::RecordingRecord* r) { r->set_centre("osaka"); }},
      {"queue", [](v1::RecordingRecord* r) { r->set_queue("loans"); }},
      {"format", [](v1::RecordingRecord* r) { r->mutable_format()->set_encoding(v1::AudioFormat::PCMA); }},
      {"end_offset", [](v1::RecordingRecord* r) { r->set_end_offset(r->end_offset() - kChunk); }},
      {"start_offset", [](v1::RecordingRecord* r) { r->set_start_offset(kChunk); }},
      {"a part left out", [](v1::RecordingRecord* r) { r->mutable_parts()->DeleteSubrange(1, 1); }},
      {"parts in another order", [](v1::RecordingRecord* r) { r->mutable_parts()->SwapElements(0, 1); }},
      {"a gap that is none", [](v1::RecordingRecord* r) { r->add_gaps()->set_length(5); }},
      {"digest check", [](v1::RecordingRecord* r) { r->set_digest_check(v1::MATCHED_TAIL); }},
      {"state", [](v1::RecordingRecord* r) { r->set_state(v1::INCOMPLETE); }},
      {"rolled back to live", [](v1::RecordingRecord* r) { r->set_state(v1::LIVE); }},
      {"opened time", [](v1::RecordingRecord* r) { r->set_opened_unix_ms(1); }},
      {"retention class", [](v1::RecordingRecord* r) { r->set_retention_class("short"); }},
      {"manifest digest", [](v1::RecordingRecord* r) { r->set_manifest_sha256(std::string(32, 'x')); }},
      {"log entry of another", [&](v1::RecordingRecord* r) { r->set_sealed_sequence(another.sealed_sequence()); }},
      {"log entry that is none", [](v1::RecordingRecord* r) { r->set_sealed_sequence(100000); }},
      {"data key of another", [&](v1::RecordingRecord* r) { r->set_wrapped_data_key(another.wrapped_data_key()); }},
      {"epoch", [](v1::RecordingRecord* r) { r->set_epoch_id(std::string(16, 'x')); }}};
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    v1::RecordingRecord bad = good;
    change(&bad);
    site.TamperRecord(bad);
    const Heard heard = Download(site, id);
    EXPECT_EQ(heard.status.code(), absl::StatusCode::kDataLoss) << heard.status;
    EXPECT_EQ(heard.header, std::nullopt);
    EXPECT_EQ(heard.audio, "");
    EXPECT_THAT(site.Fsck(), ::testing::Not(IsEmpty()));
  }
  site.TamperRecord(good);
  EXPECT_TRUE(Download(site, id).status.ok());
  EXPECT_THAT(site.Fsck(), IsEmpty());
}

TEST(Retrieval, I7_SwappedMissingOrChangedManifestReleasesNothing) {
  TestSite site;
  const std::string id = RecordCall(site, OpenOf("call-1"), Speech(kChunk));
  const std::string other = RecordCall(site, OpenOf("call-2"), Speech(kChunk));
  const std::string key = site.Record(id).id();
  const std::string good = **site.engine().records().Get(storage::Table::kManifests, key);
  const std::string foreign = **site.engine().records().Get(storage::Table::kManifests, site.Record(other).id());
  std::string flipped = good;
  flipped.back() ^= 1;
  for (const std::optional<std::string>& bad :
       {std::optional<std::string>(foreign), std::optional<std::string>(flipped), std::optional<std::string>()}) {
    site.Tamper(storage::Table::kManifests, key, bad);
    const Heard heard = Download(site, id);
    EXPECT_EQ(heard.status.code(), absl::StatusCode::kDataLoss) << heard.status;
    EXPECT_EQ(heard.header, std::nullopt);
    EXPECT_THAT(site.Fsck(), ::testing::Not(IsEmpty()));
  }
}

// Record, manifest and all rows of a recording set back or taken away together: only the log still knows.
TEST(Retrieval, I7_RecordingDeletedOrRolledBackWithAllItsRowsIsFoundByFsck) {
  TestSite site;
  RecorderStream stream(site, CallerOf(RecorderAccount()));
  stream.Open(OpenOf("call-1"));
  ASSERT_TRUE(stream.WaitOpened().has_value());
  const v1::RecordingRecord live = site.Record(stream.WaitOpened()->recording_id());
  stream.FinishOver("");
  ASSERT_TRUE(stream.WaitSealed().has_value());
  site.TamperRecord(live);
  site.Tamper(storage::Table::kManifests, live.id(), std::nullopt);
  site.Tamper(storage::Table::kMeta, "live/" + live.id(), "");
  EXPECT_THAT(site.Fsck(), ::testing::Contains(::testing::HasSubstr("sealed a recording whose record says that it is live")));

  site.Tamper(storage::Table::kRecordings, live.id(), std::nullopt);
  EXPECT_THAT(site.Fsck(), ::testing::Contains(::testing::HasSubstr("names a recording that is not in the store")));
}

}  // namespace
}  // namespace otokura::recordings
