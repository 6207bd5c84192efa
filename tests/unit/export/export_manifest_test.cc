// The manifest of an export: written one way, read no other way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "crypto/sha256.h"
#include "proto/export/manifest.h"

namespace otokura::exports {
namespace {

using ::testing::SizeIs;

constexpr char kExport[] = "0190a1b2-0000-7000-8000-000000000001";
constexpr char kLog[] = "log.calls.example";
const absl::Time kMade = absl::FromUnixMillis(1'760'000'000'123);

std::string IdOf(int number) { return absl::StrReplaceAll(kExport, {{"000000000001", absl::StrCat(100'000'000'000 + number)}}); }

v1::Export ExportOf(int objects) {
  v1::Export kept;
  kept.set_id(kExport);
  kept.set_recipient("family-court");
  kept.set_recipient_sha256(crypto::Sha256("certificate"));
  kept.mutable_justification()->set_purpose("inquiry");
  for (int i = 0; i < objects; ++i) {
    v1::ExportedObject* const object = kept.add_taken();
    object->set_recording_id(IdOf(i));
    object->set_bytes(20'000 + static_cast<uint64_t>(i));
    object->set_sha256(crypto::Sha256(IdOf(i)));
    object->set_audio_bytes(19'000);
    object->set_audio_sha256(crypto::Sha256("audio"));
    object->mutable_format()->set_encoding(v1::AudioFormat::PCMU);
    object->mutable_format()->set_sample_rate_hz(8000);
    object->set_centre("Tokyo 2nd floor");
    object->set_opened_unix_ms(1'750'000'000'000);
    kept.add_recording_ids(IdOf(i));
  }
  kept.add_recording_ids(kExport);
  return kept;
}

std::string Text(int objects = 2) { return ManifestText(kLog, ExportOf(objects), kMade); }

TEST(ExportManifest, IsReadAsItWasWritten) {
  const auto manifest = ParseManifest(Text());
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->log, kLog);
  EXPECT_EQ(manifest->export_id, kExport);
  EXPECT_EQ(manifest->recipient, "family-court");
  EXPECT_EQ(manifest->recipient_sha256, crypto::Sha256("certificate"));
  EXPECT_EQ(manifest->purpose, "inquiry");
  EXPECT_EQ(manifest->made, kMade);
  EXPECT_EQ(manifest->recordings, 3u);
  ASSERT_THAT(manifest->objects, SizeIs(2));
  const ManifestObject& object = manifest->objects[1];
  EXPECT_EQ(object.recording_id, IdOf(1));
  EXPECT_EQ(object.bytes, 20'001u);
  EXPECT_EQ(object.sha256, crypto::Sha256(IdOf(1)));
  EXPECT_EQ(object.audio_bytes, 19'000u);
  EXPECT_EQ(object.audio_sha256, crypto::Sha256("audio"));
  EXPECT_EQ(object.encoding, "PCMU");
  EXPECT_EQ(object.sample_rate_hz, 8000u);
  EXPECT_EQ(object.opened, absl::FromUnixMillis(1'750'000'000'000));
  EXPECT_EQ(object.centre, "Tokyo 2nd floor");
}

TEST(ExportManifest, BeginsAsNoCheckpointDoes) {
  EXPECT_EQ(Text().substr(0, Text().find("\nexport")), "otokura/v1/export\nlog log.calls.example");
}

TEST(ExportManifest, I7_NothingElseIsRead) {
  const std::vector<std::pair<std::string, std::string>> changes = {{"otokura/v1/export", "otokura/v2/export"},
                                                                    {"\nlog ", "\nLog "},
                                                                    {"family-court ", "family-court"},
                                                                    {"objects 2", "objects 02"},
                                                                    {"objects 2", "objects 3"},
                                                                    {"2 of 3", "2 of 1"},
                                                                    {"2 of 3", "2"},
                                                                    {"made 20", "made x20"},
                                                                    {" 20001 ", " 020001 "},
                                                                    {" 20001 ", " -1 "},
                                                                    {" 8000 ", " "},
                                                                    {IdOf(1), IdOf(0)},
                                                                    {IdOf(1), "../../../../etc/passwd"},
                                                                    {"object " + IdOf(1), "object /" + IdOf(1).substr(1)},
                                                                    {"floor\n", "floor\n\n"}};
  for (const auto& [from, to] : changes) {
    const std::string text = absl::StrReplaceAll(Text(), {{from, to}});
    ASSERT_NE(text, Text()) << from;
    EXPECT_TRUE(absl::IsInvalidArgument(ParseManifest(text).status())) << from << " -> " << to;
  }
  for (const std::string& text : {std::string(), std::string("\n"), Text().substr(0, Text().size() - 1), Text() + "x"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseManifest(text).status())) << text.size();
  }
}

TEST(ExportManifest, I10_SoManyObjectsAndNotOneMore) {
  constexpr int kMost = static_cast<int>(kManifestObjectsMax);
  EXPECT_TRUE(ParseManifest(Text(kMost)).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(ParseManifest(Text(kMost + 1)).status()));
}

}  // namespace
}  // namespace otokura::exports
