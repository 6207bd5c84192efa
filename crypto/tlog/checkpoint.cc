#include "crypto/tlog/checkpoint.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "crypto/tlog/decimal.h"

namespace otokura::crypto {
namespace {

bool IsLine(std::string_view line) { return !line.empty() && line.find('\n') == std::string_view::npos; }

// Cuts the first line off `*text`; nothing where it does not end in a newline or is empty.
std::optional<std::string_view> TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return line;
}

absl::Status Malformed(std::string_view line, std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("checkpoint: ", absl::string_view(line.data(), line.size()), " must be ",
                                                 absl::string_view(expected.data(), expected.size())));
}

}  // namespace

absl::StatusOr<std::string> FormatCheckpoint(const Checkpoint& checkpoint) {
  if (!IsLine(checkpoint.origin)) return Malformed("the origin", "one line that is not empty");
  if (checkpoint.root.size() != kSha256Bytes) return Malformed("the root", "32 bytes");
  std::string text = absl::StrCat(checkpoint.origin, "\n", checkpoint.tree_size, "\n", absl::Base64Escape(checkpoint.root), "\n");
  for (const std::string& extension : checkpoint.extensions) {
    if (!IsLine(extension)) return Malformed("an extension", "one line that is not empty");
    absl::StrAppend(&text, extension, "\n");
  }
  return text;
}

absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  const std::optional<std::string_view> origin = TakeLine(&text);
  if (!origin) return Malformed("line 1", "the origin of the log");
  const std::optional<std::string_view> size_line = TakeLine(&text);
  const std::optional<uint64_t> tree_size = size_line ? ParseDecimal(*size_line) : std::nullopt;
  if (!tree_size) return Malformed("line 2", "the tree size, in decimal without leading zeros");
  const std::optional<std::string_view> root_line = TakeLine(&text);
  std::optional<std::string> root = root_line ? DecodeBase64(*root_line) : std::nullopt;
  if (!root || root->size() != kSha256Bytes) return Malformed("line 3", "the base64 of a root of 32 bytes");
  Checkpoint checkpoint{std::string(*origin), *tree_size, *std::move(root)};
  while (!text.empty()) {
    const std::optional<std::string_view> extension = TakeLine(&text);
    if (!extension) return Malformed("an extension line", "a line that is not empty");
    checkpoint.extensions.emplace_back(*extension);
  }
  return checkpoint;
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteVerifier& log_key) {
  absl::StatusOr<OpenedNote> opened = OpenNote(note, {log_key});
  if (!opened.ok()) return opened.status();
  absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(opened->text);
  if (checkpoint.ok() && checkpoint->origin != log_key.name()) {
    return absl::PermissionDeniedError(absl::StrCat("checkpoint: of the log ", checkpoint->origin, ", signed by the key of ",
                                                    log_key.name(), "; a key speaks for the log of its own name only"));
  }
  return checkpoint;
}

}  // namespace otokura::crypto
