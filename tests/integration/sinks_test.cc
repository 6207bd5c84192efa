// Where entries stream out to: files and syslog, in order, at least once, and holding nothing up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/integration/anchored_site.h"
#include "tests/integration/collector_port.h"

namespace otokura::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FileSinkTest : public AnchoredSiteTest {
 protected:
  std::string path() const { return site_.folder() + "/siem.jsonl"; }
  v1::AnchorConfig File() const {
    v1::AnchorConfig anchor;
    anchor.set_name("siem");
    anchor.mutable_file()->set_path(path());
    anchor.mutable_file()->set_entries(true);
    return anchor;
  }
  // Sequences of the entries, in the order of the file; `checkpoints` counts the other lines.
  std::vector<uint64_t> Sequences(const std::string& text, int* checkpoints) {
    std::vector<uint64_t> sequences;
    *checkpoints = 0;
    for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      const auto json = nlohmann::json::parse(std::string(line), nullptr, false);
      EXPECT_FALSE(json.is_discarded()) << line;
      if (json.is_discarded()) continue;
      if (json.contains("checkpoint")) {
        ++*checkpoints;
      } else {
        EXPECT_EQ(json["class_uid"], 6003);
        sequences.push_back(json["metadata"]["sequence"].get<uint64_t>());
      }
    }
    return sequences;
  }
};

TEST_F(FileSinkTest, EveryEntryStreamsOutAtLeastOnceAlsoOverARestart) {
  ASSERT_NO_FATAL_FAILURE(StartWith(File()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  EXPECT_EQ(Hear(), absl::OkStatus());
  site_.Stop();
  ASSERT_EQ(site_.Start(), absl::OkStatus());
  EXPECT_EQ(Hear(), absl::OkStatus());
  site_.Stop();
  int checkpoints = 0;
  const std::string text = ReadFile(path());
  const std::vector<uint64_t> sequences = Sequences(text, &checkpoints);
  ASSERT_GT(sequences.size(), 15u);
  for (size_t i = 0; i < sequences.size(); ++i) ASSERT_EQ(sequences[i], i) << "stopped in order, none comes twice and none is left out";
  EXPECT_GT(checkpoints, 1);
  EXPECT_THAT(text, HasSubstr("\"operation\":\"LISTEN\""));
  EXPECT_THAT(text, Not(HasSubstr(kAgent))) << "I1: nothing that identifies a person";
  EXPECT_THAT(text, Not(HasSubstr("person-operator")));
}

TEST_F(FileSinkTest, AFileThatIsRemovedOrReplacedIsNoticedAndSaid) {
  ASSERT_NO_FATAL_FAILURE(StartWith(File()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(path()) && std::filesystem::file_size(path()) > 0; }));
  std::filesystem::rename(path(), path() + ".gone");
  EXPECT_EQ(Hear(), absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(path()) && std::filesystem::file_size(path()) > 0; }));
  EXPECT_TRUE(Eventually([&] { return Count(*ReadLog(site_.ConnectAs("security")), v1::ANCHOR_FILE_REPLACED) == 1; }));
  EXPECT_THAT(ReadFile(site_.events_file()), HasSubstr("anchor-file-replaced"));
  site_.Stop();
  int checkpoints = 0;
  const std::vector<uint64_t> sequences = Sequences(ReadFile(path() + ".gone") + ReadFile(path()), &checkpoints);
  for (size_t i = 0; i < sequences.size(); ++i) ASSERT_EQ(sequences[i], i);
}

TEST_F(FileSinkTest, ATruncatedFileIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(StartWith(File()));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(path()) && std::filesystem::file_size(path()) > 0; }));
  ASSERT_EQ(truncate(path().c_str(), 0), 0);
  EXPECT_EQ(Hear(), absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return Count(*ReadLog(site_.ConnectAs("security")), v1::ANCHOR_FILE_REPLACED) >= 1; }));
}

class SyslogSinkTest : public AnchoredSiteTest {
 protected:
  static v1::AnchorConfig Syslog() {
    v1::AnchorConfig anchor;
    anchor.set_name("syslog");
    anchor.set_timeout_ms(500);
    return anchor;
  }
  static v1::AnchorConfig ServerAt(const SyslogPort& port) {
    v1::AnchorConfig anchor = Syslog();
    anchor.mutable_syslog()->set_server(port.address());
    anchor.mutable_syslog()->set_ca_file(Pki::Ours().File("ca.pem"));
    return anchor;
  }
};

// Appends the messages in counted octets; what is cut short at the end is left out.
void AddFrames(const std::string& bytes, std::vector<std::string>* frames) {
  for (size_t at = 0; at < bytes.size();) {
    const size_t space = bytes.find(' ', at);
    size_t length = 0;
    if (space == std::string::npos || !absl::SimpleAtoi(bytes.substr(at, space - at), &length)) break;
    if (space + 1 + length > bytes.size()) break;
    frames->push_back(bytes.substr(space + 1, length));
    at = space + 1 + length;
  }
}

std::vector<std::string> Frames(SyslogPort& port) {
  std::vector<std::string> frames;
  for (const std::string& connection : port.received()) AddFrames(connection, &frames);
  return frames;
}

// Their sequences, each message checked against the grammar of RFC 5424; -1 for a checkpoint.
std::vector<int64_t> SequencesOf(const std::vector<std::string>& messages) {
  constexpr char kMessage[] =
      "^<1(0[4-9]|1[01])>1 (-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z) [!-~]{1,255} otokurad [0-9]+ "
      "([A-Z_]{1,32}) - "
      "([{][ -~]*[}])$";
  regex_t grammar;
  EXPECT_EQ(regcomp(&grammar, kMessage, REG_EXTENDED), 0);
  std::vector<int64_t> sequences;
  for (const std::string& message : messages) {
    regmatch_t parts[5];
    if (regexec(&grammar, message.c_str(), 5, parts, 0) != 0) {
      ADD_FAILURE() << message;
      continue;
    }
    const auto part = [&](int i) {
      return message.substr(static_cast<size_t>(parts[i].rm_so), static_cast<size_t>(parts[i].rm_eo - parts[i].rm_so));
    };
    const auto json = nlohmann::json::parse(part(4), nullptr, false);
    if (part(3) == "CHECKPOINT") {
      EXPECT_TRUE(json.contains("checkpoint")) << message;
      sequences.push_back(-1);
    } else {
      EXPECT_EQ(json["api"]["operation"], part(3));
      sequences.push_back(json["metadata"]["sequence"].get<int64_t>());
    }
  }
  regfree(&grammar);
  return sequences;
}

// From 0, each before or at the highest so far or one beyond.
void ExpectWholeAtLeastOnce(const std::vector<int64_t>& sequences, size_t least) {
  int64_t next = 0;
  for (const int64_t sequence : sequences) {
    ASSERT_LE(sequence, next) << "left out";
    if (sequence == next) ++next;
  }
  EXPECT_GE(static_cast<size_t>(next), least);
}

TEST_F(SyslogSinkTest, EveryEntryReachesTheServerAlsoOverBrokenConnections) {
  SyslogPort port;
  const auto has = [&port](const char* text) {
    const std::vector<std::string> frames = Frames(port);
    return std::any_of(frames.begin(), frames.end(), [text](const std::string& frame) { return frame.find(text) != std::string::npos; });
  };
  ASSERT_NO_FATAL_FAILURE(StartWith(ServerAt(port)));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  ASSERT_TRUE(Eventually([&] { return has("RECORDING_SEALED"); }));
  for (int i = 0; i < 3; ++i) {
    port.Hang();
    EXPECT_EQ(Hear(), absl::OkStatus());
  }
  const size_t entries = ReadLog(site_.ConnectAs("security"))->size();
  ASSERT_TRUE(Eventually([&] { return has("AUDIT_LIST"); }));
  site_.Stop();
  const std::vector<std::string> frames = Frames(port);
  ExpectWholeAtLeastOnce(SequencesOf(frames), entries);
  for (const std::string& frame : frames) EXPECT_THAT(frame, Not(HasSubstr(kAgent))) << "I1";
}

TEST_F(SyslogSinkTest, AServerThatReadsNothingOrIsAStrangersDelaysNothing) {
  SyslogPort port;
  v1::AnchorConfig stranger = ServerAt(port);
  stranger.set_name("stranger");
  stranger.mutable_syslog()->set_ca_file(Pki::Foreign().File("ca.pem"));
  *site_.config().mutable_log()->add_anchors() = stranger;
  port.Read(false);
  ASSERT_NO_FATAL_FAILURE(StartWith(ServerAt(port)));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Hear(), absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return ReadFile(site_.events_file()).find("anchor-fails") != std::string::npos; }));
  EXPECT_TRUE(Frames(port).empty());
}

// The reader's end of a datagram socket.
class LocalCollector {
 public:
  explicit LocalCollector(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0) << std::strerror(errno);
  }
  ~LocalCollector() { close(socket_); }
  // All that is there.
  void ReadInto(std::vector<std::string>* messages) {
    char bytes[65536];
    for (ssize_t count; (count = recv(socket_, bytes, sizeof bytes, 0)) >= 0;) messages->emplace_back(bytes, static_cast<size_t>(count));
  }

 private:
  const int socket_;
};

TEST_F(SyslogSinkTest, EveryEntryReachesTheLocalSocketHoweverSlowItsReader) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/log";
  v1::AnchorConfig anchor = Syslog();
  anchor.mutable_syslog()->set_socket(path);
  ASSERT_NO_FATAL_FAILURE(StartWith(anchor));
  ASSERT_NO_FATAL_FAILURE(EnrolAndRecord());
  EXPECT_EQ(Hear(), absl::OkStatus()) << "nobody reads it yet";
  LocalCollector collector(path);
  std::vector<std::string> messages;
  ASSERT_TRUE(Eventually([&] { return collector.ReadInto(&messages), messages.size() > 3; }));
  // More than the queue of a socket holds, while it is not read.
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Hear(), absl::OkStatus());
  const size_t entries = ReadLog(site_.ConnectAs("security"))->size();
  ASSERT_TRUE(Eventually([&] {
    collector.ReadInto(&messages);
    return !messages.empty() && messages.back().find("CHECKPOINT") != std::string::npos && messages.size() > entries;
  }));
  ExpectWholeAtLeastOnce(SequencesOf(messages), entries);
}

}  // namespace
}  // namespace otokura::integration
