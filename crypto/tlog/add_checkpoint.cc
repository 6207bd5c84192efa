#include "crypto/tlog/add_checkpoint.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "crypto/tlog/decimal.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kOldPrefix = "old ";

absl::Status Malformed(const char* what) { return absl::InvalidArgumentError(absl::StrCat("add-checkpoint: ", what)); }

}  // namespace

std::string FormatAddCheckpoint(const AddCheckpoint& request) {
  std::string text = absl::StrCat("old ", request.old_size, "\n");
  for (const std::string& hash : request.consistency) absl::StrAppend(&text, absl::Base64Escape(hash), "\n");
  return absl::StrCat(text, "\n", request.checkpoint);
}

absl::StatusOr<AddCheckpoint> ParseAddCheckpoint(std::string_view text) {
  AddCheckpoint request;
  size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(kOldPrefix)) return Malformed("line 1 must be the word old and a size");
  const std::optional<uint64_t> old_size = ParseDecimal(text.substr(kOldPrefix.size(), end - kOldPrefix.size()));
  if (!old_size) return Malformed("the old size must be in decimal without leading zeros");
  request.old_size = *old_size;
  for (text.remove_prefix(end + 1); !text.starts_with('\n'); text.remove_prefix(end + 1)) {
    end = text.find('\n');
    if (end == std::string_view::npos) return Malformed("an empty line must come before the checkpoint");
    std::optional<std::string> hash = DecodeBase64(text.substr(0, end));
    if (!hash || hash->size() != kSha256Bytes) return Malformed("a line of the proof must be the base64 of 32 bytes");
    if (request.consistency.size() == kConsistencyHashesMax) return Malformed("more than 63 lines of proof");
    request.consistency.push_back(*std::move(hash));
  }
  request.checkpoint = std::string(text.substr(1));
  return request;
}

}  // namespace otokura::crypto
