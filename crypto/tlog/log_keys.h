// The keys of one log, one after another: whoever knows one follows signed hand-overs to the newest.
//
// A hand-over is a checkpoint with one extension line, signed by both keys:
//
//   otokura/log-key-hand-over@v1 <verifier key that hands over> <verifier key that follows>
#ifndef OTOKURA_CRYPTO_TLOG_LOG_KEYS_H_
#define OTOKURA_CRYPTO_TLOG_LOG_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/signed_note.h"
#include "crypto/tlog/checkpoint.h"

namespace otokura::crypto {

inline constexpr size_t kHandOversMax = 64;            // one a year for a lifetime; the notes lie in the key's file
inline constexpr size_t kHandOverBytesMax = 4 * 1024;  // a note of two keys with the longest names

// The note of a hand-over from one key to another of the same log, at this head of it. INVALID_ARGUMENT where the keys are not of one log.
absl::StatusOr<std::string> SignHandOver(const NoteSigner& from, const NoteSigner& to, uint64_t tree_size, const std::string& root);

// A value type: a key, and those that it handed over to.
class LogKeys {
 public:
  LogKeys(NoteVerifier first) : keys_{std::move(first)} {}  // NOLINT: most logs have one key all their life
  // Of these hand-overs, oldest first, the whole chain. `newest` is the key that it must end with.
  static absl::StatusOr<LogKeys> Whole(const std::vector<std::string>& hand_overs, const NoteVerifier& newest);

  // Goes on to the next key, where this hand-over is one of the newest so far; passes over what came before it. DATA_LOSS, INVALID_ARGUMENT
  // where the hand-over does not hold.
  absl::Status Follow(std::string_view hand_over);
  absl::Status FollowAll(const std::vector<std::string>& hand_overs);

  // A checkpoint of this log. Errors as OpenCheckpoint's; DATA_LOSS where a key signed it that had handed over before: a fork of the log.
  absl::StatusOr<Checkpoint> Open(std::string_view note) const;

  const std::string& name() const { return keys_.front().name(); }
  const std::vector<NoteVerifier>& keys() const { return keys_; }            // oldest first; at least one
  const std::vector<Checkpoint>& hand_overs() const { return hand_overs_; }  // one less: hand_overs()[i] is from keys()[i]

 private:
  std::vector<NoteVerifier> keys_;
  std::vector<Checkpoint> hand_overs_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_LOG_KEYS_H_
