#include "crypto/cobblestone.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/hkdf.h"
#include "crypto/openssl_ptr.h"
#include "crypto/random.h"
#ifdef OTOKURA_TEST_HOOKS
#include "crypto/nonce_record.h"
#endif

namespace otokura::crypto {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kContextBytesMax = 256;  // ours are under 64
constexpr std::string_view kLabel("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", 48);

using Nonce = std::array<uint8_t, kNonceBytes>;

const EVP_CIPHER* Aead() {
  static EVP_CIPHER* const aead = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  AbortUnless(aead != nullptr, "AES-256-GCM");
  return aead;
}

// AEAD key ‖ base nonce ‖ commitment, as derived.
struct MessageKeys {
  SecretBytes derived;

  const uint8_t* aead_key() const { return Bytes(derived.Expose()); }
  std::string_view commitment() const { return derived.Expose().substr(kCobblestoneKeyBytes + kNonceBytes, kCommitmentBytes); }
  Nonce NonceOf(uint64_t index) const {
    Nonce nonce;
    std::memcpy(nonce.data(), aead_key() + kCobblestoneKeyBytes, kNonceBytes);
    for (size_t i = 0; i < sizeof index; ++i) nonce[kNonceBytes - 1 - i] ^= static_cast<uint8_t>(index >> (8 * i));
    return nonce;
  }
};

absl::StatusOr<MessageKeys> DeriveKeys(const SecretBytes& input_key, std::string_view salt, std::string_view context) {
  if (input_key.size() != kCobblestoneKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat("input key: ", input_key.size(), " bytes, expected ", kCobblestoneKeyBytes));
  }
  if (context.size() > kContextBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("context: ", context.size(), " bytes, at most ", kContextBytesMax));
  }
  std::string info;
  info.reserve(kLabel.size() + salt.size() + context.size());
  info.append(kLabel).append(salt).append(context);
  absl::StatusOr<SecretBytes> derived = HkdfExpand(input_key, info, kCobblestoneKeyBytes + kNonceBytes + kCommitmentBytes);
  if (!derived.ok()) return derived.status();
  return MessageKeys{*std::move(derived)};
}

}  // namespace

// ---- sealing

struct CobblestoneSealer::State {
  MessageKeys keys;
  CipherContextPtr cipher;  // holds the expanded key; only the nonce changes from chunk to chunk
  std::string header;
  uint64_t chunks_sealed = 0;
  bool ended = false;

  absl::Status Seal(std::string_view chunk, std::string* sealed);
};

absl::Status CobblestoneSealer::State::Seal(std::string_view chunk, std::string* sealed) {
  if (ended) return absl::FailedPreconditionError("this message has ended; seal a new one");
  if (chunks_sealed >= kChunksMax) return absl::ResourceExhaustedError("this message holds all the chunks it can; start another part");
  const Nonce nonce = keys.NonceOf(chunks_sealed++);  // spent, whatever happens next
  const size_t begin = sealed->size();
  sealed->resize(begin + chunk.size() + kTagBytes);
  unsigned char* const out = MutableBytes(*sealed) + begin;
  const int chunk_bytes = static_cast<int>(chunk.size());
  int written = 0;
  int rest = 0;
  const ErrorQueueMark mark;
  const bool ok = EVP_EncryptInit_ex2(cipher.get(), nullptr, nullptr, nonce.data(), nullptr) == 1 &&
                  EVP_EncryptUpdate(cipher.get(), out, &written, Bytes(chunk), chunk_bytes) == 1 && written == chunk_bytes &&
                  EVP_EncryptFinal_ex(cipher.get(), out + written, &rest) == 1 && rest == 0 &&
                  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, out + written) == 1;
  if (!ok) {
    ended = true;
    sealed->resize(begin);
    return absl::InternalError("sealing a chunk failed in the cryptographic library; start another part");
  }
#ifdef OTOKURA_TEST_HOOKS
  RecordNonce(keys.derived.Expose().substr(0, kCobblestoneKeyBytes), {reinterpret_cast<const char*>(nonce.data()), nonce.size()}, chunk);
#endif
  return absl::OkStatus();
}

CobblestoneSealer::CobblestoneSealer(std::unique_ptr<State> state) : state_(std::move(state)) {}
CobblestoneSealer::CobblestoneSealer(CobblestoneSealer&&) noexcept = default;
CobblestoneSealer& CobblestoneSealer::operator=(CobblestoneSealer&&) noexcept = default;
CobblestoneSealer::~CobblestoneSealer() = default;

absl::StatusOr<CobblestoneSealer> CobblestoneSealer::Create(const SecretBytes& input_key, std::string_view context) {
  std::string header = RandomBytes(kSaltBytes);
  absl::StatusOr<MessageKeys> keys = DeriveKeys(input_key, header, context);
  if (!keys.ok()) return keys.status();
  header.append(keys->commitment());
  auto state = std::make_unique<State>();
  state->header = std::move(header);
  state->cipher.reset(EVP_CIPHER_CTX_new());
  AbortUnless(state->cipher != nullptr && EVP_EncryptInit_ex2(state->cipher.get(), Aead(), keys->aead_key(), nullptr, nullptr) == 1,
              "AES-256-GCM");
  state->keys = *std::move(keys);
  return CobblestoneSealer(std::move(state));
}

const std::string& CobblestoneSealer::header() const { return state_->header; }
uint64_t CobblestoneSealer::chunks_sealed() const { return state_->chunks_sealed; }

absl::Status CobblestoneSealer::SealNext(std::string_view chunk, std::string* sealed) {
  if (chunk.size() != kChunkBytes) {
    return absl::InvalidArgumentError(absl::StrCat("chunk: ", chunk.size(), " bytes, expected exactly ", kChunkBytes));
  }
  return state_->Seal(chunk, sealed);
}

absl::Status CobblestoneSealer::SealFinal(std::string_view rest, std::string* sealed) {
  if (rest.size() >= kChunkBytes) {
    return absl::InvalidArgumentError(absl::StrCat("final chunk: ", rest.size(), " bytes, expected fewer than ", kChunkBytes));
  }
  const absl::Status status = state_->Seal(rest, sealed);
  state_->ended = true;
  return status;
}

// ---- opening, in any order

struct CobblestoneOpener::State {
  MessageKeys keys;
};

CobblestoneOpener::CobblestoneOpener(std::unique_ptr<State> state) : state_(std::move(state)) {}
CobblestoneOpener::CobblestoneOpener(CobblestoneOpener&&) noexcept = default;
CobblestoneOpener& CobblestoneOpener::operator=(CobblestoneOpener&&) noexcept = default;
CobblestoneOpener::~CobblestoneOpener() = default;

absl::StatusOr<CobblestoneOpener> CobblestoneOpener::Create(const SecretBytes& input_key, std::string_view context,
                                                            std::string_view header) {
  if (header.size() != kHeaderBytes) {
    return absl::DataLossError(absl::StrCat("header: ", header.size(), " bytes, expected ", kHeaderBytes, "; the message is truncated"));
  }
  absl::StatusOr<MessageKeys> keys = DeriveKeys(input_key, header.substr(0, kSaltBytes), context);
  if (!keys.ok()) return keys.status();
  const std::string_view commitment = header.substr(kSaltBytes);
  if (CRYPTO_memcmp(keys->commitment().data(), commitment.data(), kCommitmentBytes) != 0) {
    return absl::DataLossError("header: the commitment does not match: another key, another place, or changed bytes");
  }
  return CobblestoneOpener(std::make_unique<State>(State{*std::move(keys)}));
}

absl::Status CobblestoneOpener::OpenChunk(uint64_t index, std::string_view sealed, std::string* plaintext) const {
  if (index >= kChunksMax) return absl::InvalidArgumentError(absl::StrCat("chunk ", index, ": a message has at most ", kChunksMax));
  if (sealed.size() > kSealedChunkBytes) {
    return absl::InvalidArgumentError(absl::StrCat("chunk ", index, ": ", sealed.size(), " bytes, at most ", kSealedChunkBytes));
  }
  if (sealed.size() < kTagBytes) return absl::DataLossError(absl::StrCat("chunk ", index, ": truncated within its tag"));
  const std::string_view body = sealed.substr(0, sealed.size() - kTagBytes);
  const std::string_view tag = sealed.substr(body.size());
  const Nonce nonce = state_->keys.NonceOf(index);
  const size_t begin = plaintext->size();
  plaintext->resize(begin + body.size());
  unsigned char* const out = MutableBytes(*plaintext) + begin;
  const int body_bytes = static_cast<int>(body.size());
  int written = 0;
  int rest = 0;
  const ErrorQueueMark mark;
  // A context for each call keeps this safe from several threads, and wipes the expanded key at once; it costs a tenth of a chunk's
  // decryption.
  const CipherContextPtr cipher(EVP_CIPHER_CTX_new());
  const bool verified = cipher != nullptr &&
                        EVP_DecryptInit_ex2(cipher.get(), Aead(), state_->keys.aead_key(), nonce.data(), nullptr) == 1 &&
                        EVP_DecryptUpdate(cipher.get(), out, &written, Bytes(body), body_bytes) == 1 && written == body_bytes &&
                        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, const_cast<char*>(tag.data())) == 1 &&
                        EVP_DecryptFinal_ex(cipher.get(), out + written, &rest) == 1 && rest == 0;
  if (verified) return absl::OkStatus();
  Wipe(out, body.size());
  plaintext->resize(begin);
  return absl::DataLossError(absl::StrCat("chunk ", index, ": the tag does not verify: changed, truncated or out of place"));
}

// ---- opening, as a stream

struct CobblestoneStreamOpener::State {
  SecretBytes input_key;  // until the header has been read
  std::string context;
  std::unique_ptr<CobblestoneOpener> opener;  // from then on
  std::string pending;                        // the bytes of the header or chunk that is not whole yet
  uint64_t next_index = 0;
  absl::Status status;  // the first error, or that the message has ended

  absl::Status ReadHeader(std::string_view header);
  absl::Status Consume(std::string_view unit, std::string* plaintext);
  absl::Status Update(std::string_view piece, std::string* plaintext);
  absl::Status Finish(std::string* plaintext);
};

absl::Status CobblestoneStreamOpener::State::ReadHeader(std::string_view header) {
  absl::StatusOr<CobblestoneOpener> created = CobblestoneOpener::Create(input_key, context, header);
  if (!created.ok()) return created.status();
  opener = std::make_unique<CobblestoneOpener>(*std::move(created));
  input_key = SecretBytes();
  return absl::OkStatus();
}

// `unit` is the whole header, then one whole full chunk at a time: the final one is shorter, so any kSealedChunkBytes in a row are a full
// chunk.
absl::Status CobblestoneStreamOpener::State::Consume(std::string_view unit, std::string* plaintext) {
  return opener == nullptr ? ReadHeader(unit) : opener->OpenChunk(next_index++, unit, plaintext);
}

absl::Status CobblestoneStreamOpener::State::Update(std::string_view piece, std::string* plaintext) {
  while (!piece.empty()) {
    const size_t unit_bytes = opener == nullptr ? kHeaderBytes : kSealedChunkBytes;
    absl::Status consumed;
    if (pending.empty() && piece.size() >= unit_bytes) {
      consumed = Consume(piece.substr(0, unit_bytes), plaintext);
      piece.remove_prefix(unit_bytes);
    } else {
      const size_t taken = std::min(unit_bytes - pending.size(), piece.size());
      pending.append(piece.substr(0, taken));
      piece.remove_prefix(taken);
      if (pending.size() < unit_bytes) break;
      consumed = Consume(pending, plaintext);
      pending.clear();
    }
    if (!consumed.ok()) return consumed;
  }
  return absl::OkStatus();
}

absl::Status CobblestoneStreamOpener::State::Finish(std::string* plaintext) {
  if (opener == nullptr) return absl::DataLossError("header: truncated");
  if (pending.empty()) return absl::DataLossError(absl::StrCat("chunk ", next_index, ": truncated, the message has no final chunk"));
  return opener->OpenChunk(next_index, pending, plaintext);
}

CobblestoneStreamOpener::CobblestoneStreamOpener(std::unique_ptr<State> state) : state_(std::move(state)) {}
CobblestoneStreamOpener::CobblestoneStreamOpener(CobblestoneStreamOpener&&) noexcept = default;
CobblestoneStreamOpener& CobblestoneStreamOpener::operator=(CobblestoneStreamOpener&&) noexcept = default;
CobblestoneStreamOpener::~CobblestoneStreamOpener() = default;

absl::StatusOr<CobblestoneStreamOpener> CobblestoneStreamOpener::Create(const SecretBytes& input_key, std::string_view context) {
  if (input_key.size() != kCobblestoneKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat("input key: ", input_key.size(), " bytes, expected ", kCobblestoneKeyBytes));
  }
  absl::StatusOr<SecretBytes> kept = input_key.Duplicate();
  if (!kept.ok()) return kept.status();
  auto state = std::make_unique<State>();
  state->input_key = *std::move(kept);
  state->context = context;
  return CobblestoneStreamOpener(std::move(state));
}

absl::Status CobblestoneStreamOpener::Update(std::string_view piece, std::string* plaintext) {
  if (state_->status.ok()) state_->status = state_->Update(piece, plaintext);
  return state_->status;
}

absl::Status CobblestoneStreamOpener::Finish(std::string* plaintext) {
  if (!state_->status.ok()) return state_->status;
  const absl::Status finished = state_->Finish(plaintext);
  state_->status = finished.ok() ? absl::FailedPreconditionError("this message has been read to its end") : finished;
  return finished;
}

// ---- small messages

absl::StatusOr<std::string> SealMessage(const SecretBytes& input_key, std::string_view context, std::string_view plaintext) {
  if (plaintext.size() > kSmallMessageBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("message: ", plaintext.size(), " bytes, at most ", kSmallMessageBytesMax));
  }
  absl::StatusOr<CobblestoneSealer> sealer = CobblestoneSealer::Create(input_key, context);
  if (!sealer.ok()) return sealer.status();
  std::string message;
  message.reserve(SealedMessageBytes(plaintext.size()));
  message = sealer->header();
  for (; plaintext.size() >= kChunkBytes; plaintext.remove_prefix(kChunkBytes)) {
    if (absl::Status status = sealer->SealNext(plaintext.substr(0, kChunkBytes), &message); !status.ok()) return status;
  }
  if (absl::Status status = sealer->SealFinal(plaintext, &message); !status.ok()) return status;
  return message;
}

absl::StatusOr<std::string> OpenMessage(const SecretBytes& input_key, std::string_view context, std::string_view message) {
  if (message.size() > SealedMessageBytes(kSmallMessageBytesMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("message: ", message.size(), " bytes, at most ", SealedMessageBytes(kSmallMessageBytesMax)));
  }
  absl::StatusOr<CobblestoneStreamOpener> opener = CobblestoneStreamOpener::Create(input_key, context);
  if (!opener.ok()) return opener.status();
  std::string plaintext;
  if (absl::Status status = opener->Update(message, &plaintext); !status.ok()) return status;
  if (absl::Status status = opener->Finish(&plaintext); !status.ok()) return status;
  return plaintext;
}

}  // namespace otokura::crypto
