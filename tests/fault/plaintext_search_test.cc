// A call is recorded, found, shown, heard and downloaded, with the gateway killed in between: nothing of it may lie anywhere in clear.
#include "tests/fault/plaintext_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/fault/library_site.h"
#include "tests/fault/process.h"

namespace otokura::fault {
namespace {

using ::testing::IsEmpty;

// The test's own; no account or configuration has any of them.
constexpr char16_t kCallId[] = u"pbx-unmistakable-4711";
constexpr char16_t kCaller[] = u"＋８１（０）９０ー３３１５ー７７２９";
constexpr char16_t kNormalisedCaller[] = u"09033157729";
constexpr char16_t kPension[] = u"3857-190264";
constexpr char16_t kNormalisedPension[] = u"3857190264";
constexpr char16_t kAgent[] = u"Suzuki Hanako";
constexpr char16_t kNormalisedAgent[] = u"suzuki hanako";
constexpr char16_t kNotes[] = u"鈴木さん、昭和四十七年の記録が抜けている";

constexpr size_t kAudioBytes = 600 * 1000;
constexpr size_t kSpokenOnline = 200 * 1000;
constexpr size_t kSpokenOffline = 300 * 1000;
constexpr size_t kPacketBytes = 160;

PlaintextSearch SearchFor(const std::string& audio) {
  PlaintextSearch search(audio);
  for (const char16_t* value : {kCallId, kCaller, kNormalisedCaller, kPension, kNormalisedPension, kAgent, kNormalisedAgent, kNotes})
    search.AddValue(value);
  return search;
}

TEST(PlaintextSearch, FindsWhatItLooksForWhereItIs) {
  const std::string audio = integration::Speech(10000);
  const PlaintextSearch search = SearchFor(audio);
  const std::string noise = integration::Speech(10000, 2);
  EXPECT_THAT(search.FindIn(noise), IsEmpty());
  for (size_t from = 0; from < 40; ++from) {
    EXPECT_THAT(search.FindIn(noise.substr(0, 100 + from) + audio.substr(5000 + from, kAudioRunBytes) + noise),
                testing::ElementsAre("audio"));
    EXPECT_THAT(search.FindIn(noise.substr(0, 100 + from) + audio.substr(5000 + from, kAudioRunBytes - 1)), IsEmpty());
  }
  EXPECT_THAT(search.FindIn(noise + Utf8(kNormalisedPension) + noise), testing::ElementsAre("3857190264 as UTF-8"));
  EXPECT_THAT(search.FindIn(noise + Utf8(FullWidth(kNormalisedPension)) + noise), testing::ElementsAre("3857190264 as UTF-8"));
  EXPECT_THAT(search.FindIn(noise + Utf16(kNotes, false) + noise), testing::SizeIs(testing::Ge(1u)));
  EXPECT_THAT(search.FindIn(noise + Utf16(kNormalisedCaller, true) + noise), testing::Contains("09033157729 as UTF-16 BE"));
}

class NothingInClear : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(site_.Set(), absl::OkStatus()); }

  std::string Spool() const { return site_.folder() + "/spool"; }

  client::CallInfo PersonalCall() const {
    client::CallInfo info = CallOf(Utf8(kCallId));
    info.personal.caller_number = Utf8(kCaller);
    info.personal.basic_pension_number = Utf8(kPension);
    info.personal.agent = Utf8(kAgent);
    info.personal.notes = Utf8(kNotes);
    return info;
  }

  void Speak(client::Call& call, size_t bytes) {
    for (const size_t end = spoken_ + bytes; spoken_ < end; spoken_ += kPacketBytes) {
      ASSERT_EQ(call.WaitForRoom(kPacketBytes, Deadline()), absl::OkStatus());
      ASSERT_EQ(call.Write(std::string_view(audio_).substr(spoken_, kPacketBytes)), absl::OkStatus());
    }
  }

  uint64_t SpooledBytes() const {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Spool())) {
      std::error_code gone;
      const uint64_t size = entry.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

  // Everything of the site but the test's own originals and certificates: data, keys, spool, events, configuration.
  void ExpectNothingInClear() {
    int files = 0;
    EXPECT_THAT(search_.FindUnder(site_.folder(), &files), IsEmpty());
    EXPECT_GT(files, 10);
  }

  // Recorded with the gateway killed in the middle, so that spool and a second part have their share of it.
  void Record() {
    auto recorder = client::Recorder::Create(QuickRecorder(site_.ConnectionAs("recorder"), Spool(), nullptr));
    ASSERT_TRUE(recorder.ok()) << recorder.status();
    auto call = (*recorder)->StartCall(PersonalCall());
    ASSERT_TRUE(call.ok()) << call.status();
    Speak(**call, kSpokenOnline);
    ASSERT_TRUE(WaitFor([&] { return (*call)->committed_bytes() > kSpokenOnline / 2; }));
    site_.Kill();
    Speak(**call, kSpokenOffline);
    ASSERT_TRUE(WaitFor([&] { return SpooledBytes() > kSpokenOffline / 2; }));
    ExpectNothingInClear();
    ASSERT_EQ(site_.Start(), absl::OkStatus());
    Speak(**call, kAudioBytes - spoken_);
    (*call)->Finish();
    const auto sealed = (*call)->Wait(Deadline());
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->digest_check, client::DigestCheck::kMatched);
    recording_ = sealed->recording_id;
  }

  LibrarySite site_;
  const std::string audio_ = integration::Speech(kAudioBytes);
  const PlaintextSearch search_ = SearchFor(audio_);
  size_t spoken_ = 0;
  std::string recording_;
};

TEST_F(NothingInClear, I1_NeitherOnDiskNorInTheLog) {
  ASSERT_NO_FATAL_FAILURE(Record());
  const auto operator_archive = site_.ArchiveAs("operator");
  client::SearchQuery query;
  query.justification = Inquiry();
  const std::pair<client::PersonalField, std::u16string> terms[] = {
      {client::PersonalField::kCallId, kCallId},
      {client::PersonalField::kCallerNumber, kCaller},
      {client::PersonalField::kCallerNumber, kNormalisedCaller},
      {client::PersonalField::kBasicPensionNumber, FullWidth(kNormalisedPension)},
      {client::PersonalField::kAgent, kAgent}};
  for (const auto& [field, value] : terms) {
    query.field = field;
    query.value = Utf8(value);
    const auto page = operator_archive->Search(query, 0, "");
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->recordings.size(), 1u) << query.value;
    EXPECT_EQ(page->recordings[0].id, recording_);
  }
  const auto shown = operator_archive->Show(recording_, Inquiry());
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->personal.notes, Utf8(kNotes));
  EXPECT_EQ(integration::Listen(site_.site().ConnectAs("operator"), recording_, {1000, 200000}).audio, audio_.substr(1000, 200000));
  const auto kept = site_.Audio(recording_);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_TRUE(*kept == audio_);

  for (const integration::LoggedEntry& entry : site_.Log()) EXPECT_THAT(search_.FindIn(entry.leaf.SerializeAsString()), IsEmpty());
  site_.Kill();
  ExpectNothingInClear();
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  site_.StopAndExpectWhole();
  ExpectNothingInClear();
  ExpectNoPairTwice();
}

// Errors are logged, printed and mailed about: what was wrong is named, never repeated.
TEST_F(NothingInClear, I1_ErrorsDoNotRepeatWhatWasWrong) {
  const auto operator_channel = site_.site().ConnectAs("operator");
  const auto recorder_channel = site_.site().ConnectAs("recorder");
  std::vector<absl::Status> refusals;
  v1::RecordRequest open = integration::OpenRequest(Utf8(kCallId));
  open.mutable_open()->mutable_metadata()->set_basic_pension_number(Utf8(kNormalisedPension) + "x");
  refusals.push_back(integration::RecordError(recorder_channel, {open}));
  open = integration::OpenRequest(Utf8(kCallId));
  open.mutable_open()->mutable_metadata()->set_caller_number("tel " + Utf8(kNormalisedCaller));
  refusals.push_back(integration::RecordError(recorder_channel, {open}));
  open = integration::OpenRequest(Utf8(kCallId));
  open.mutable_open()->set_queue("none");
  refusals.push_back(integration::RecordError(recorder_channel, {open}));
  refusals.push_back(
      integration::Search(operator_channel, integration::SearchFor(v1::BASIC_PENSION_NUMBER, Utf8(kNormalisedPension) + "1")).status());
  refusals.push_back(integration::Show(operator_channel, Utf8(kCallId)).status());
  refusals.push_back(
      integration::Search(site_.site().ConnectAs("contractor"), integration::SearchFor(v1::CALL_ID, Utf8(kCallId))).status());
  for (const absl::Status& refusal : refusals) {
    EXPECT_FALSE(refusal.ok());
    EXPECT_THAT(search_.FindIn(refusal.ToString()), IsEmpty()) << refusal;
  }
  for (const integration::LoggedEntry& entry : site_.Log()) {
    EXPECT_THAT(search_.FindIn(entry.leaf.SerializeAsString()), IsEmpty());
  }
  site_.StopAndExpectWhole();
  ExpectNothingInClear();
}

}  // namespace
}  // namespace otokura::fault
