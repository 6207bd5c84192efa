#include "proto/export/manifest.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "crypto/sha256.h"

namespace otokura::exports {
namespace {

constexpr char kFirstLine[] = "otokura/v1/export";
constexpr char kTimeForm[] = "%Y-%m-%dT%H:%M:%E3SZ";
constexpr size_t kObjectFields = 9;

std::string TimeText(int64_t unix_ms) { return absl::FormatTime(kTimeForm, absl::FromUnixMillis(unix_ms), absl::UTCTimeZone()); }

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("manifest: ", absl::string_view(what.data(), what.size()), "; was it changed, or made by another version?"));
}

// The value of "name value", each of which a line must be.
std::optional<std::string> ValueOf(absl::string_view name, absl::string_view line) {
  if (!absl::StartsWith(line, absl::StrCat(name, " "))) return std::nullopt;
  return std::string(line.substr(name.size() + 1));
}

// Lower case, of 32 bytes.
bool ReadDigest(absl::string_view hex, std::string* digest) {
  *digest = absl::HexStringToBytes(hex.size() == 2 * crypto::kSha256Bytes ? hex : "");
  return digest->size() == crypto::kSha256Bytes && absl::BytesToHexString(*digest) == hex;
}

template <typename Number>
bool ReadNumber(absl::string_view text, Number* number) {
  return absl::SimpleAtoi(text, number) && absl::StrCat(*number) == text;
}

bool ReadTime(absl::string_view text, absl::Time* time) {
  std::string error;
  return absl::ParseTime(kTimeForm, text, time, &error) && absl::FormatTime(kTimeForm, *time, absl::UTCTimeZone()) == text;
}

// 36 characters of lower-case hex and hyphens: nothing that could name a file elsewhere.
bool IsId(absl::string_view text) {
  return text.size() == 36 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The centre comes last: its name may hold spaces.
std::optional<ManifestObject> ReadObject(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(' ', kObjectFields - 1));
  if (fields.size() != kObjectFields || !IsId(fields[0])) return std::nullopt;
  ManifestObject object;
  object.recording_id = std::string(fields[0]);
  object.encoding = std::string(fields[5]);
  object.centre = std::string(fields[8]);
  const bool read = ReadNumber(fields[1], &object.bytes) && ReadDigest(fields[2], &object.sha256) &&
                    ReadNumber(fields[3], &object.audio_bytes) && ReadDigest(fields[4], &object.audio_sha256) &&
                    ReadNumber(fields[6], &object.sample_rate_hz) && ReadTime(fields[7], &object.opened);
  return read ? std::optional(object) : std::nullopt;
}

absl::Status ReadObjects(const std::vector<absl::string_view>& lines, size_t first, Manifest* manifest) {
  std::set<std::string> seen;
  for (size_t i = first; i + 1 < lines.size(); ++i) {
    const std::optional<std::string> value = ValueOf("object", lines[i]);
    const std::optional<ManifestObject> object = value.has_value() ? ReadObject(*value) : std::nullopt;
    if (!object.has_value()) return Malformed(absl::StrCat("line ", i + 1, " names no object"));
    if (!seen.insert(object->recording_id).second) return Malformed(absl::StrCat("line ", i + 1, " names an object twice"));
    manifest->objects.push_back(*object);
  }
  return absl::OkStatus();
}

}  // namespace

std::string ObjectFileName(std::string_view recording_id) { return std::string(recording_id) + ".cms"; }

std::string ManifestText(std::string_view log, const v1::Export& kept, absl::Time made) {
  std::string text =
      absl::StrCat(kFirstLine, "\nlog ", absl::string_view(log.data(), log.size()), "\nexport ", kept.id(), "\nrecipient ",
                   kept.recipient(), " ", absl::BytesToHexString(kept.recipient_sha256()), "\npurpose ", kept.justification().purpose(),
                   "\nmade ", TimeText(absl::ToUnixMillis(made)), "\nobjects ", kept.taken_size(), " of ", kept.recording_ids_size(), "\n");
  for (const v1::ExportedObject& object : kept.taken()) {
    absl::StrAppend(&text, "object ", object.recording_id(), " ", object.bytes(), " ", absl::BytesToHexString(object.sha256()), " ",
                    object.audio_bytes(), " ", absl::BytesToHexString(object.audio_sha256()), " ",
                    v1::AudioFormat::Encoding_Name(object.format().encoding()), " ", object.format().sample_rate_hz(), " ",
                    TimeText(object.opened_unix_ms()), " ", object.centre(), "\n");
  }
  return text;
}

absl::StatusOr<Manifest> ParseManifest(std::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  constexpr size_t kHeadLines = 7;
  if (lines.size() <= kHeadLines || lines[0] != kFirstLine || !lines.back().empty()) return Malformed("not the manifest of an export");
  if (lines.size() > kHeadLines + kManifestObjectsMax + 1) return Malformed("more objects than an export can have");
  constexpr const char* kNames[] = {"log", "export", "recipient", "purpose", "made", "objects"};
  std::vector<std::string> values;
  for (size_t i = 0; i < std::size(kNames); ++i) {
    std::optional<std::string> value = ValueOf(kNames[i], lines[i + 1]);
    if (!value.has_value()) return Malformed(absl::StrCat("line ", i + 2, " does not say '", kNames[i], "'"));
    values.push_back(*std::move(value));
  }
  Manifest manifest{.log = values[0], .export_id = values[1], .purpose = values[3]};
  const std::pair<std::string, std::string> recipient = absl::StrSplit(values[2], absl::MaxSplits(' ', 1));
  const std::pair<std::string, std::string> counts = absl::StrSplit(values[5], absl::MaxSplits(" of ", 1));
  manifest.recipient = recipient.first;
  uint64_t objects = 0;
  if (!IsId(manifest.export_id) || !ReadDigest(recipient.second, &manifest.recipient_sha256) || !ReadTime(values[4], &manifest.made) ||
      !ReadNumber(counts.first, &objects) || !ReadNumber(counts.second, &manifest.recordings)) {
    return Malformed("its head is not of the form");
  }
  if (absl::Status read = ReadObjects(lines, kHeadLines, &manifest); !read.ok()) return read;
  if (manifest.objects.size() != objects || objects > manifest.recordings) return Malformed("it has other objects than it says");
  return manifest;
}

}  // namespace otokura::exports
