#include "client/receipt.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/tlog/decimal.h"
#include "crypto/tlog/entry_bundle.h"
#include "crypto/tlog/lines.h"

namespace otokura::client {
namespace {

constexpr std::string_view kFirstLine = "otokura/receipt@v1";
constexpr std::string_view kFamily = "otokura/receipt@";
constexpr std::string_view kRecording = "recording ";
constexpr std::string_view kEntry = "entry ";
constexpr size_t kHashesMax = 64;  // one a level of the tree
constexpr size_t kRecordingIdBytesMax = 36;

absl::Status Malformed(std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("receipt: expected ", absl::string_view(expected.data(), expected.size())));
}

absl::Status ReadHeader(std::string_view* text, Receipt* receipt) {
  std::optional<std::string_view> line = crypto::TakeLine(text);
  if (line != kFirstLine) {
    if (!line || !line->starts_with(kFamily)) return Malformed("a first line otokura/receipt@v1; is this a receipt?");
    return absl::FailedPreconditionError("receipt: of a version that this program does not know; use a newer one");
  }
  line = crypto::TakeLine(text);
  if (!line || !line->starts_with(kRecording) || line->size() > kRecording.size() + kRecordingIdBytesMax)
    return Malformed("a line 'recording ' with its id");
  receipt->recording_id = std::string(line->substr(kRecording.size()));
  line = crypto::TakeLine(text);
  return line && line->empty() ? absl::OkStatus() : Malformed("a blank line behind the recording's id");
}

// "entry <index> <base64 of the leaf>", then a line for each hash, then a blank one.
absl::StatusOr<ReceiptEntry> ReadEntry(std::string_view* text, size_t number) {
  const auto malformed = [number](const char* expected) { return Malformed(absl::StrCat("in block ", number, " ", expected)); };
  const std::string_view line = crypto::TakeLine(text).value_or(kEntry).substr(kEntry.size());
  const size_t space = line.find(' ');
  const std::optional<uint64_t> index = crypto::ParseDecimal(line.substr(0, space));
  std::optional<std::string> leaf = space == std::string_view::npos ? std::nullopt : crypto::DecodeBase64(line.substr(space + 1));
  if (!index || !leaf || leaf->size() > crypto::kEntryBytesMax) return malformed("'entry ', its number and at most 65535 bytes in base64");
  std::optional<std::vector<std::string>> hashes = crypto::TakeHashLines(text, kHashesMax);
  if (!hashes) return malformed("at most 64 lines of 32 bytes in base64, then a blank line");
  return ReceiptEntry{.index = *index, .leaf = *std::move(leaf), .hashes = *std::move(hashes)};
}

}  // namespace

std::string FormatReceipt(const Receipt& receipt) {
  std::string text = absl::StrCat("otokura/receipt@v1\nrecording ", receipt.recording_id, "\n\n");
  for (const ReceiptEntry& entry : receipt.entries) {
    absl::StrAppend(&text, "entry ", entry.index, " ", absl::Base64Escape(entry.leaf), "\n");
    for (const std::string& hash : entry.hashes) absl::StrAppend(&text, absl::Base64Escape(hash), "\n");
    text.push_back('\n');
  }
  text += receipt.checkpoint;
  return text;
}

absl::StatusOr<Receipt> ParseReceipt(std::string_view text) {
  if (text.size() > kReceiptBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("receipt: ", text.size(), " bytes, at most ", kReceiptBytesMax));
  }
  Receipt receipt;
  if (absl::Status header = ReadHeader(&text, &receipt); !header.ok()) return header;
  while (text.starts_with(kEntry)) {
    if (receipt.entries.size() == kReceiptAccessesMax) return Malformed(absl::StrCat("at most ", kReceiptAccessesMax, " entries"));
    absl::StatusOr<ReceiptEntry> entry = ReadEntry(&text, receipt.entries.size() + 1);
    if (!entry.ok()) return entry.status();
    receipt.entries.push_back(*std::move(entry));
  }
  if (receipt.entries.empty() || text.empty() || text.size() > crypto::kNoteBytesMax) return Malformed("entries, and then a checkpoint");
  receipt.checkpoint = std::string(text);
  return receipt;
}

}  // namespace otokura::client
