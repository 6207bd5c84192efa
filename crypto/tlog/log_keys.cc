#include "crypto/tlog/log_keys.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kExtension = "otokura/log-key-hand-over@v1 ";

struct HandOver {
  Checkpoint checkpoint;
  std::string from, to;  // verifier keys
};

absl::Status NotOne(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("hand-over of the log's key: ", absl::string_view(why.data(), why.size())));
}

// What it says, before anybody has looked at its signatures.
absl::StatusOr<HandOver> Read(std::string_view note) {
  const size_t blank = note.rfind("\n\n");
  if (note.size() > kHandOverBytesMax || blank == std::string_view::npos)
    return NotOne(absl::StrCat("expected a signed note of at most ", kHandOverBytesMax, " bytes"));
  absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(note.substr(0, blank + 1));
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->extensions.size() != 1 || !checkpoint->extensions[0].starts_with(kExtension))
    return NotOne("expected a checkpoint with one extension line, which names both keys");
  const std::string keys = checkpoint->extensions[0].substr(kExtension.size());
  const size_t space = keys.find(' ');
  if (space == std::string::npos) return NotOne("expected two keys in its extension line");
  return HandOver{*std::move(checkpoint), keys.substr(0, space), keys.substr(space + 1)};
}

bool Same(const NoteVerifier& one, const NoteVerifier& other) { return one.VerifierKey() == other.VerifierKey(); }

}  // namespace

absl::StatusOr<std::string> SignHandOver(const NoteSigner& from, const NoteSigner& to, uint64_t tree_size, const std::string& root) {
  if (from.name() != to.name() || from.VerifierKey() == to.VerifierKey()) return NotOne("expected two keys of one log");
  const std::string extension =
      absl::StrCat(absl::string_view(kExtension.data(), kExtension.size()), from.VerifierKey(), " ", to.VerifierKey());
  absl::StatusOr<std::string> text = FormatCheckpoint({from.name(), tree_size, root, {extension}});
  if (!text.ok()) return text;
  absl::StatusOr<std::string> note = from.Sign(*text);
  return note.ok() ? to.AddSignature(*note) : note;
}

absl::StatusOr<LogKeys> LogKeys::Whole(const std::vector<std::string>& hand_overs, const NoteVerifier& newest) {
  if (hand_overs.empty()) return LogKeys(newest);
  const absl::StatusOr<HandOver> first = Read(hand_overs.front());
  if (!first.ok()) return first.status();
  absl::StatusOr<NoteVerifier> key = NoteVerifier::Parse(first->from);
  if (!key.ok()) return key.status();
  LogKeys keys(*std::move(key));
  if (absl::Status followed = keys.FollowAll(hand_overs); !followed.ok()) return followed;
  if (keys.hand_overs_.size() == hand_overs.size() && Same(keys.keys_.back(), newest)) return keys;
  return absl::DataLossError("hand-overs of the log's key: they do not lead to the key in use");
}

absl::Status LogKeys::Follow(std::string_view note) {
  const NoteVerifier& newest = keys_.back();
  absl::StatusOr<HandOver> hand_over = Read(note);
  if (!hand_over.ok()) return hand_over.status();
  if (hand_over->from != newest.VerifierKey()) return absl::OkStatus();  // of a key before the one that we know
  if (absl::Status from = OpenCheckpoint(note, newest).status(); !from.ok()) return from;
  absl::StatusOr<NoteVerifier> next = NoteVerifier::Parse(hand_over->to);
  if (!next.ok()) return next.status();
  if (absl::Status to = OpenCheckpoint(note, *next).status(); !to.ok()) return to;
  if (!hand_overs_.empty() && hand_over->checkpoint.tree_size <= hand_overs_.back().tree_size)
    return absl::DataLossError("hand-over of the log's key: at no later entry than the one before it");
  for (const NoteVerifier& known : keys_) {
    if (Same(known, *next)) return absl::DataLossError("hand-over of the log's key: back to a key that handed over before");
  }
  if (hand_overs_.size() == kHandOversMax) return NotOne(absl::StrCat("more than ", kHandOversMax, " of them"));
  keys_.push_back(*std::move(next));
  hand_overs_.push_back(std::move(hand_over->checkpoint));
  return absl::OkStatus();
}

absl::Status LogKeys::FollowAll(const std::vector<std::string>& hand_overs) {
  if (hand_overs.size() > kHandOversMax) return NotOne(absl::StrCat("more than ", kHandOversMax, " of them"));
  for (const std::string& hand_over : hand_overs) {
    if (absl::Status followed = Follow(hand_over); !followed.ok()) return followed;
  }
  return absl::OkStatus();
}

absl::StatusOr<Checkpoint> LogKeys::Open(std::string_view note) const {
  absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(note, keys_.back());
  for (size_t i = hand_overs_.size(); absl::IsPermissionDenied(checkpoint.status()) && i-- > 0;) {
    checkpoint = OpenCheckpoint(note, keys_[i]);
    if (!checkpoint.ok() || checkpoint->tree_size <= hand_overs_[i].tree_size) continue;
    return absl::DataLossError(absl::StrCat("checkpoint: of ", checkpoint->tree_size,
                                            " entries, signed by a key alone that had handed over at ", hand_overs_[i].tree_size,
                                            ": a fork of the log; keep it and report it"));
  }
  return checkpoint;
}

}  // namespace otokura::crypto
