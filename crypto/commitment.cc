#include "crypto/commitment.h"

#include "crypto/sha256.h"

namespace otokura::crypto {

std::string Commit(std::string_view field, std::string_view salt, std::string_view value) {
  constexpr std::string_view kLabel("otokura/v1/commitment\0", 22);
  constexpr std::string_view kEndOfField("\0", 1);
  std::string digest(kSha256Bytes, '\0');
  Sha256Of({kLabel, field, kEndOfField, salt, value}, digest.data());
  return digest;
}

}  // namespace otokura::crypto
