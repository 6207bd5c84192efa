// What the gateway stored opens with the published rules and the data key, and with nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "tests/fault/cobblestone_reader.h"
#include "tests/fault/library_site.h"

namespace otokura::fault {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSealedChunk = kReaderChunkBytes + kReaderTagBytes;

std::string Context(const std::string& recording_id, char part) {
  const std::string id = absl::HexStringToBytes(absl::StrReplaceAll(recording_id, {{"-", ""}}));
  return std::string("otokura/v1/audio") + '\0' + id + std::string(3, '\0') + part;
}

class StoredObject : public testing::Test {
 protected:
  void SetUp() override {
    setenv("OTOKURA_DATA_KEY_PRINTOUT", KeysFile().c_str(), 1);
    ASSERT_EQ(site_.Set(), absl::OkStatus());
    recorder_ = site_.site().ConnectAs("recorder");
  }
  void TearDown() override { unsetenv("OTOKURA_DATA_KEY_PRINTOUT"); }

  std::string KeysFile() const { return site_.folder() + "/data-keys"; }

  std::string KeyOf(const std::string& recording_id) const {
    std::istringstream lines(integration::ReadFile(KeysFile()));
    std::string id, key;
    while (lines >> id >> key) {
      if (id == recording_id) return absl::HexStringToBytes(key);
    }
    ADD_FAILURE() << "the key of " << recording_id << " was not printed out";
    return "";
  }

  // The object's bytes. There is one file for each part, named as FORMAT says, and no other.
  std::string Object(const std::string& recording_id, int part) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(site_.site().config().data_dir())) {
      const std::string name = entry.path().filename();
      if (name == recording_id + "." + std::to_string(part) + ".cbl") found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1u);
    return found.size() == 1 ? integration::ReadFile(found[0]) : "";
  }

  std::string Recorded(const std::string& call_id, const std::string& audio) {
    const auto sealed = integration::RecordCall(recorder_, integration::OpenRequest(call_id), audio);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->recording_id() : "";
  }

  LibrarySite site_;
  std::shared_ptr<grpc::Channel> recorder_;
};

TEST_F(StoredObject, OpensWithThePublishedRulesAlone) {
  for (const size_t bytes :
       {size_t{0}, size_t{1}, kReaderChunkBytes - 1, kReaderChunkBytes, kReaderChunkBytes + 1, size_t{40000}, 3 * kReaderChunkBytes}) {
    SCOPED_TRACE(bytes);
    const std::string audio = integration::Speech(bytes, static_cast<uint32_t>(bytes));
    const std::string id = Recorded("call-" + std::to_string(bytes), audio);
    const std::string object = Object(id, 0);
    // Header, full chunks, a shorter final one; not a byte before, between or after.
    EXPECT_EQ(object.size(), kReaderHeaderBytes + bytes / kReaderChunkBytes * kSealedChunk + bytes % kReaderChunkBytes + kReaderTagBytes);
    EXPECT_EQ(OpenMessage(KeyOf(id), Context(id, 0), object), audio);
  }
}

TEST_F(StoredObject, I7_OpensNowhereElseAndNoOtherwise) {
  const std::string audio = integration::Speech(3 * kReaderChunkBytes + 500);
  const std::string id = Recorded("call", audio);
  const std::string other_id = Recorded("other call", audio);
  const std::string object = Object(id, 0);
  const std::string key = KeyOf(id);
  const std::string context = Context(id, 0);
  ASSERT_EQ(OpenMessage(key, context, object), audio);

  EXPECT_NE(key, KeyOf(other_id));
  EXPECT_NE(object.substr(0, 24), Object(other_id, 0).substr(0, 24)) << "the same salt twice";
  EXPECT_EQ(OpenMessage(KeyOf(other_id), context, object), std::nullopt);
  EXPECT_EQ(OpenMessage(key, Context(other_id, 0), object), std::nullopt);
  EXPECT_EQ(OpenMessage(key, Context(id, 1), object), std::nullopt);
  EXPECT_EQ(OpenMessage(key, context, Object(other_id, 0)), std::nullopt);

  std::string swapped = object;
  swapped.replace(kReaderHeaderBytes, kSealedChunk, object.substr(kReaderHeaderBytes + kSealedChunk, kSealedChunk));
  swapped.replace(kReaderHeaderBytes + kSealedChunk, kSealedChunk, object.substr(kReaderHeaderBytes, kSealedChunk));
  EXPECT_EQ(OpenMessage(key, context, swapped), std::nullopt);
  for (const size_t kept :
       {object.size() - 1, kReaderHeaderBytes + 3 * kSealedChunk, kReaderHeaderBytes + kSealedChunk, kReaderHeaderBytes, size_t{10}}) {
    EXPECT_EQ(OpenMessage(key, context, object.substr(0, kept)), std::nullopt) << kept;
  }
  EXPECT_EQ(OpenMessage(key, context, object + object.substr(kReaderHeaderBytes)), std::nullopt);
  std::mt19937 random(Seed());
  for (int i = 0; i < 100; ++i) {
    std::string flipped = object;
    flipped[random() % flipped.size()] ^= static_cast<char>(1 << (random() % 8));
    EXPECT_EQ(OpenMessage(key, context, flipped), std::nullopt);
  }
}

// An interrupted call: prefixes, each under its own salt and place, that make up the whole.
TEST_F(StoredObject, AnInterruptedCallIsPrefixesAndOneMessage) {
  const std::string audio = integration::Speech(10 * kReaderChunkBytes);
  v1::RecordRequest open = integration::OpenRequest("interrupted");
  constexpr size_t kFirst = 4 * kReaderChunkBytes;
  {
    integration::RecordStream stream(recorder_);
    ASSERT_TRUE(stream.Send(open));
    const auto opened = stream.ReceiveOpened();
    ASSERT_TRUE(opened.has_value());
    open.mutable_open()->set_resume_token(opened->resume_token());
    ASSERT_TRUE(stream.Send(integration::AudioRequest(0, std::string_view(audio).substr(0, kFirst))));
    ASSERT_EQ(stream.ReceiveCommitted(kFirst), kFirst);
    site_.Kill();
  }
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  integration::RecordStream stream(site_.site().ConnectAs("recorder"));
  open.mutable_open()->set_acknowledged_bytes(kFirst);
  ASSERT_TRUE(stream.Send(open));
  const auto opened = stream.ReceiveOpened();
  ASSERT_TRUE(opened.has_value());
  ASSERT_EQ(opened->committed_bytes(), kFirst);
  for (size_t offset = kFirst; offset < audio.size(); offset += kReaderChunkBytes) {
    ASSERT_TRUE(stream.Send(integration::AudioRequest(offset, std::string_view(audio).substr(offset, kReaderChunkBytes))));
  }
  ASSERT_TRUE(stream.Send(integration::FinishRequest(audio)));
  const auto sealed = stream.ReceiveSealed();
  ASSERT_TRUE(sealed.has_value()) << stream.Finish();
  EXPECT_EQ(sealed->digest_check(), v1::MATCHED);

  const std::string id = sealed->recording_id();
  const auto first = OpenMessage(KeyOf(id), Context(id, 0), Object(id, 0), MessageEnd::kPrefix);
  const auto second = OpenMessage(KeyOf(id), Context(id, 1), Object(id, 1));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(*first + *second, audio);
  EXPECT_EQ(OpenMessage(KeyOf(id), Context(id, 1), Object(id, 0), MessageEnd::kPrefix), std::nullopt);
  site_.StopAndExpectWhole();
  ExpectNoPairTwice();
}

}  // namespace
}  // namespace otokura::fault
