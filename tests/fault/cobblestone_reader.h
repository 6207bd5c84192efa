// Cobblestone-256 as published at c2sp.org/chunked-encryption, read with OpenSSL alone. Shares nothing with crypto/: it is here to
// disagree.
#ifndef OTOKURA_TESTS_FAULT_COBBLESTONE_READER_H_
#define OTOKURA_TESTS_FAULT_COBBLESTONE_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace otokura::fault {

inline constexpr size_t kReaderHeaderBytes = 24 + 32;
inline constexpr size_t kReaderChunkBytes = 16384;
inline constexpr size_t kReaderTagBytes = 16;

enum class MessageEnd { kFinalChunk, kPrefix };  // a prefix has only full chunks

// The plaintext, or nothing where any rule is broken: length, commitment, a tag, the end.
std::optional<std::string> OpenMessage(std::string_view key, std::string_view context, std::string_view message,
                                       MessageEnd end = MessageEnd::kFinalChunk);

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_COBBLESTONE_READER_H_
