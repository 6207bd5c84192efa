// Cobblestone-256: c2sp.org/chunked-encryption with HKDF-Expand-SHA-512 and AES-256-GCM (DESIGN §5, crypto/FORMAT.md).
//
//   message    = salt(24) ‖ commitment(32) ‖ sealed chunk 0 ‖ sealed chunk 1 ‖ … ‖ sealed final chunk
//   full chunk = 16,384 plaintext bytes + 16 tag bytes; the final chunk holds 0..16,383 plaintext bytes
//
// Example: 40,000 bytes are three chunks, 16,384 + 16,384 + 7,232 (final); 32,768 bytes are two full ones and an empty final.
// A message without its final chunk is a *prefix*: each chunk is authentic, the end is not (the manifest vouches for it).
#ifndef OTOKURA_CRYPTO_COBBLESTONE_H_
#define OTOKURA_CRYPTO_COBBLESTONE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret.h"

namespace otokura::crypto {

inline constexpr size_t kCobblestoneKeyBytes = 32;
inline constexpr size_t kSaltBytes = 24;
inline constexpr size_t kCommitmentBytes = 32;
inline constexpr size_t kHeaderBytes = kSaltBytes + kCommitmentBytes;
inline constexpr size_t kTagBytes = 16;
inline constexpr size_t kChunkBytes = 16384;
inline constexpr size_t kSealedChunkBytes = kChunkBytes + kTagBytes;
inline constexpr uint64_t kChunksMax = uint64_t{1} << 38;  // the specification's counter limit, 4 PiB
static_assert(kHeaderBytes == 56);

// Where sealed chunk `index` begins in a message.
constexpr uint64_t SealedChunkOffset(uint64_t index) { return kHeaderBytes + index * kSealedChunkBytes; }
// Length of a message (with its final chunk) over `plaintext_bytes`.
constexpr uint64_t SealedMessageBytes(uint64_t plaintext_bytes) {
  return SealedChunkOffset(plaintext_bytes / kChunkBytes) + plaintext_bytes % kChunkBytes + kTagBytes;
}

// CobblestoneSealer seals one message, chunk by chunk, under a fresh random salt. There is no way to build one for an existing
// salt, and a chunk index is spent when it is sealed, so no (key, nonce) pair seals two plaintexts. One thread at a time.
class CobblestoneSealer {
 public:
  // `input_key` is 32 bytes, borrowed for the call. `context` binds the message to its place.
  static absl::StatusOr<CobblestoneSealer> Create(const SecretBytes& input_key, std::string_view context);
  CobblestoneSealer(CobblestoneSealer&&) noexcept;
  CobblestoneSealer& operator=(CobblestoneSealer&&) noexcept;
  ~CobblestoneSealer();

  // salt ‖ commitment: the first 56 bytes of the message.
  const std::string& header() const;
  uint64_t chunks_sealed() const;

  // Appends the sealed chunk to `*sealed`. `chunk` is exactly kChunkBytes long, else INVALID_ARGUMENT and nothing is spent. On any
  // other error the sealer is dead. FAILED_PRECONDITION after SealFinal or an error.
  absl::Status SealNext(std::string_view chunk, std::string* sealed);
  // Appends the final chunk (0..kChunkBytes-1 bytes of plaintext); the sealer ends here.
  absl::Status SealFinal(std::string_view rest, std::string* sealed);

 private:
  struct State;
  explicit CobblestoneSealer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// CobblestoneOpener opens chunks of one message in any order, after checking the commitment. Safe from several threads at once.
class CobblestoneOpener {
 public:
  // `header` is the first 56 bytes of the message. DATA_LOSS where its commitment does not match key and context.
  static absl::StatusOr<CobblestoneOpener> Create(const SecretBytes& input_key, std::string_view context, std::string_view header);
  CobblestoneOpener(CobblestoneOpener&&) noexcept;
  CobblestoneOpener& operator=(CobblestoneOpener&&) noexcept;
  ~CobblestoneOpener();

  // Verifies, then *appends* the plaintext of chunk `index` to `*plaintext`; on error nothing is appended. `sealed` is one whole sealed
  // chunk: kSealedChunkBytes for a full one, kTagBytes..kSealedChunkBytes-1 for the final one. DATA_LOSS where the tag does not verify.
  absl::Status OpenChunk(uint64_t index, std::string_view sealed, std::string* plaintext) const;

 private:
  struct State;
  explicit CobblestoneOpener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// CobblestoneStreamOpener opens a message that arrives in pieces of any size. Plaintext is appended only after its chunk verified; after an
// error every call fails. Finish is DATA_LOSS "truncated" unless the final (short) chunk was the last thing seen.
class CobblestoneStreamOpener {
 public:
  static absl::StatusOr<CobblestoneStreamOpener> Create(const SecretBytes& input_key, std::string_view context);
  CobblestoneStreamOpener(CobblestoneStreamOpener&&) noexcept;
  CobblestoneStreamOpener& operator=(CobblestoneStreamOpener&&) noexcept;
  ~CobblestoneStreamOpener();
  absl::Status Update(std::string_view piece, std::string* plaintext);
  absl::Status Finish(std::string* plaintext);

 private:
  struct State;
  explicit CobblestoneStreamOpener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A small message whole: metadata, manifests, details. At most kSmallMessageBytesMax of plaintext.
inline constexpr size_t kSmallMessageBytesMax = size_t{1} << 20;
absl::StatusOr<std::string> SealMessage(const SecretBytes& input_key, std::string_view context, std::string_view plaintext);
absl::StatusOr<std::string> OpenMessage(const SecretBytes& input_key, std::string_view context, std::string_view message);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_COBBLESTONE_H_
