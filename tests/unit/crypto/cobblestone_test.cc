#include "crypto/cobblestone.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/unit/crypto/secrets_for_test.h"

namespace otokura::crypto {
namespace {

constexpr std::string_view kContext("otokura/v1/audio\0some place", 27);
constexpr size_t kSizes[] = {0, 1, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 3 * kChunkBytes, 3 * kChunkBytes + 5000};

static_assert(!std::is_copy_constructible_v<CobblestoneSealer>, "a copied sealer would repeat its nonces");

std::string Audio(size_t bytes) {
  std::mt19937 generator(static_cast<unsigned>(bytes));
  std::string out(bytes, '\0');
  std::generate(out.begin(), out.end(), [&generator] { return static_cast<char>(generator()); });
  return out;
}

std::string Seal(std::string_view plaintext) {
  absl::StatusOr<std::string> message = SealMessage(KeyOf('k'), kContext, plaintext);
  EXPECT_TRUE(message.ok()) << message.status();
  return *std::move(message);
}

absl::StatusOr<std::string> OpenInPieces(std::string_view message, std::mt19937* generator) {
  CobblestoneStreamOpener opener = *CobblestoneStreamOpener::Create(KeyOf('k'), kContext);
  std::string plaintext;
  while (!message.empty()) {
    const size_t piece = std::min<size_t>(message.size(), (*generator)() % 40000);
    if (absl::Status status = opener.Update(message.substr(0, piece), &plaintext); !status.ok()) return status;
    message.remove_prefix(piece);
  }
  if (absl::Status status = opener.Finish(&plaintext); !status.ok()) return status;
  return plaintext;
}

absl::StatusOr<std::string> OpenBackwards(std::string_view message) {
  absl::StatusOr<CobblestoneOpener> opener = CobblestoneOpener::Create(KeyOf('k'), kContext, message.substr(0, kHeaderBytes));
  if (!opener.ok()) return opener.status();
  std::string plaintext;
  for (uint64_t index = (message.size() - kHeaderBytes) / kSealedChunkBytes + 1; index-- > 0;) {
    std::string chunk;
    const std::string_view sealed = message.substr(SealedChunkOffset(index), kSealedChunkBytes);
    if (absl::Status status = opener->OpenChunk(index, sealed, &chunk); !status.ok()) return status;
    plaintext.insert(0, chunk);
  }
  return plaintext;
}

TEST(Cobblestone, RoundTripsAtEverySizeAndInEveryWayOfReading) {
  for (const size_t bytes : kSizes) {
    SCOPED_TRACE(bytes);
    const std::string audio = Audio(bytes);
    const std::string message = Seal(audio);
    EXPECT_EQ(message.size(), SealedMessageBytes(bytes));
    EXPECT_EQ(*OpenMessage(KeyOf('k'), kContext, message), audio);
    EXPECT_EQ(*OpenBackwards(message), audio);
  }
}

TEST(Cobblestone, RoundTripsInPiecesOfAnySize) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 generator(seed);
  for (const size_t bytes : kSizes) {
    const std::string audio = Audio(bytes);
    const std::string message = Seal(audio);
    for (int round = 0; round < 10; ++round) {
      absl::StatusOr<std::string> opened = OpenInPieces(message, &generator);
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_EQ(*opened, audio);
    }
  }
}

TEST(Cobblestone, I1_NoPlaintextInTheMessage) {
  const std::string message = Seal("基礎年金番号 1234567890 " + std::string(20000, 'a'));
  EXPECT_EQ(message.find("1234567890"), std::string::npos);
  EXPECT_EQ(message.find("aaaaaaaa"), std::string::npos);
}

TEST(Cobblestone, I7_EverySingleFlippedBitIsFound) {
  const std::string message = Seal("moshi moshi");
  std::string flipped = message;
  for (size_t bit = 0; bit < message.size() * 8; ++bit) {
    flipped[bit / 8] = static_cast<char>(message[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(OpenMessage(KeyOf('k'), kContext, flipped).status())) << "bit " << bit;
    EXPECT_TRUE(absl::IsDataLoss(OpenBackwards(flipped).status())) << "bit " << bit;
    flipped[bit / 8] = message[bit / 8];
  }
}

TEST(Cobblestone, I7_EveryTruncationIsFound) {
  const std::string message = Seal(Audio(kChunkBytes + 10));
  for (size_t kept = 0; kept < message.size(); kept += kept % kSealedChunkBytes < 200 ? 1 : 97) {
    EXPECT_TRUE(absl::IsDataLoss(OpenMessage(KeyOf('k'), kContext, message.substr(0, kept)).status())) << kept << " bytes kept";
  }
}

TEST(Cobblestone, I7_SwappedRepeatedAndForeignChunksAreFound) {
  const std::string message = Seal(Audio(3 * kChunkBytes + 5));
  const std::string other = Seal(Audio(3 * kChunkBytes + 5));
  const auto chunk = [](std::string_view from, uint64_t index) { return from.substr(SealedChunkOffset(index), kSealedChunkBytes); };
  for (const auto& [place, from, index] :
       {std::tuple<uint64_t, std::string, uint64_t>{0, message, 1}, {1, message, 0}, {2, message, 1}, {0, other, 0}, {2, other, 2}}) {
    std::string changed = message;
    changed.replace(SealedChunkOffset(place), kSealedChunkBytes, chunk(from, index));
    EXPECT_TRUE(absl::IsDataLoss(OpenMessage(KeyOf('k'), kContext, changed).status())) << "chunk " << index << " at " << place;
  }
}

TEST(Cobblestone, I7_AnErrorReleasesNothingOfItsChunkAndLasts) {
  const std::string audio = Audio(kChunkBytes + 10);
  std::string message = Seal(audio);
  message.back() = static_cast<char>(message.back() ^ 1);
  CobblestoneStreamOpener opener = *CobblestoneStreamOpener::Create(KeyOf('k'), kContext);
  std::string plaintext = "before ";
  ASSERT_TRUE(opener.Update(message, &plaintext).ok());
  EXPECT_TRUE(absl::IsDataLoss(opener.Finish(&plaintext)));
  EXPECT_EQ(plaintext, "before " + audio.substr(0, kChunkBytes));
  EXPECT_TRUE(absl::IsDataLoss(opener.Update("", &plaintext)));
  EXPECT_TRUE(absl::IsDataLoss(opener.Finish(&plaintext)));
}

TEST(Cobblestone, StreamEndsOnce) {
  CobblestoneStreamOpener opener = *CobblestoneStreamOpener::Create(KeyOf('k'), kContext);
  std::string plaintext;
  ASSERT_TRUE(opener.Update(Seal("x"), &plaintext).ok());
  ASSERT_TRUE(opener.Finish(&plaintext).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(opener.Finish(&plaintext)));
  EXPECT_TRUE(absl::IsFailedPrecondition(opener.Update("x", &plaintext)));
}

TEST(Cobblestone, AnErrorNamesItsChunk) {
  std::string message = Seal(Audio(2 * kChunkBytes));
  message[SealedChunkOffset(1) + 7] ^= 4;
  const absl::Status status = OpenMessage(KeyOf('k'), kContext, message).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_NE(status.message().find("chunk 1:"), absl::string_view::npos) << status;
}

TEST(Cobblestone, KeyAndContextBind) {
  const std::string message = Seal("x");
  EXPECT_TRUE(absl::IsDataLoss(OpenMessage(KeyOf('l'), kContext, message).status()));
  EXPECT_TRUE(absl::IsDataLoss(OpenMessage(KeyOf('k'), "otokura/v1/manifest", message).status()));
}

TEST(Cobblestone, EveryMessageHasItsOwnSalt) { EXPECT_NE(Seal("x").substr(0, kSaltBytes), Seal("x").substr(0, kSaltBytes)); }

TEST(CobblestoneSealer, WrongChunkSizesSpendNothing) {
  CobblestoneSealer sealer = *CobblestoneSealer::Create(KeyOf('k'), kContext);
  std::string sealed;
  EXPECT_TRUE(absl::IsInvalidArgument(sealer.SealNext(std::string(kChunkBytes - 1, 'a'), &sealed)));
  EXPECT_TRUE(absl::IsInvalidArgument(sealer.SealNext(std::string(kChunkBytes + 1, 'a'), &sealed)));
  EXPECT_EQ(sealer.chunks_sealed(), 0u);
  EXPECT_TRUE(sealed.empty());
  ASSERT_TRUE(sealer.SealNext(std::string(kChunkBytes, 'a'), &sealed).ok());
  EXPECT_EQ(sealer.chunks_sealed(), 1u);
}

TEST(CobblestoneSealer, NothingFollowsTheFinalChunk) {
  CobblestoneSealer sealer = *CobblestoneSealer::Create(KeyOf('k'), kContext);
  std::string sealed;
  ASSERT_TRUE(sealer.SealFinal("tail", &sealed).ok());
  const std::string ended = sealed;
  EXPECT_TRUE(absl::IsFailedPrecondition(sealer.SealFinal("tail", &sealed)));
  EXPECT_TRUE(absl::IsFailedPrecondition(sealer.SealNext(std::string(kChunkBytes, 'a'), &sealed)));
  EXPECT_EQ(sealed, ended);
}

TEST(CobblestoneSealer, AFinalChunkIsShorterThanAFullOne) {
  CobblestoneSealer sealer = *CobblestoneSealer::Create(KeyOf('k'), kContext);
  std::string sealed;
  EXPECT_TRUE(absl::IsInvalidArgument(sealer.SealFinal(std::string(kChunkBytes, 'a'), &sealed)));
  EXPECT_TRUE(sealer.SealFinal(std::string(kChunkBytes - 1, 'a'), &sealed).ok());
}

TEST(Cobblestone, I10_InputsOutsideTheirBoundsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(CobblestoneSealer::Create(Secret("short"), kContext).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CobblestoneSealer::Create(KeyOf('k'), std::string(257, 'c')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CobblestoneStreamOpener::Create(Secret(std::string(33, 'k')), kContext).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealMessage(KeyOf('k'), kContext, std::string(kSmallMessageBytesMax + 1, 'a')).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(OpenMessage(KeyOf('k'), kContext, std::string(SealedMessageBytes(kSmallMessageBytesMax) + 1, 'a')).status()));
}

TEST(CobblestoneOpener, CountersPastTheLimitAreRefused) {
  const std::string message = Seal("x");
  const CobblestoneOpener opener = *CobblestoneOpener::Create(KeyOf('k'), kContext, message.substr(0, kHeaderBytes));
  std::string plaintext;
  EXPECT_TRUE(absl::IsDataLoss(opener.OpenChunk(kChunksMax - 1, message.substr(kHeaderBytes), &plaintext)));
  EXPECT_TRUE(absl::IsInvalidArgument(opener.OpenChunk(kChunksMax, message.substr(kHeaderBytes), &plaintext)));
  EXPECT_TRUE(absl::IsInvalidArgument(opener.OpenChunk(0, std::string(kSealedChunkBytes + 1, 'a'), &plaintext)));
  EXPECT_TRUE(plaintext.empty());
}

TEST(CobblestoneOpener, OpensFromSeveralThreadsAtOnce) {
  const std::string audio = Audio(8 * kChunkBytes);
  const std::string message = Seal(audio);
  const CobblestoneOpener opener = *CobblestoneOpener::Create(KeyOf('k'), kContext, message.substr(0, kHeaderBytes));
  std::vector<std::thread> threads;
  for (uint64_t first = 0; first < 4; ++first) {
    threads.emplace_back([&, first] {
      for (uint64_t i = 0; i < 64; ++i) {
        const uint64_t index = (first + i) % 8;
        std::string chunk;
        ASSERT_TRUE(opener.OpenChunk(index, std::string_view(message).substr(SealedChunkOffset(index), kSealedChunkBytes), &chunk).ok());
        ASSERT_EQ(chunk, std::string_view(audio).substr(index * kChunkBytes, kChunkBytes));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A stale entry in the thread's queue is read by TLS code as an error of the connection it serves.
TEST(Cobblestone, AFailureLeavesNothingInTheErrorQueue) {
  ERR_clear_error();
  std::string message = Seal("x");
  message.back() = static_cast<char>(message.back() ^ 1);
  ASSERT_FALSE(OpenMessage(KeyOf('k'), kContext, message).ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace otokura::crypto
