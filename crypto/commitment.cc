#include "crypto/commitment.h"

#include "crypto/sha256.h"

namespace otokura::crypto {

std::string Commit(std::string_view field, std::string_view salt, std::string_view value) {
  constexpr std::string_view kLabel("otokura/v1/commitment\0", 22);
  std::string input;
  input.reserve(kLabel.size() + field.size() + 1 + salt.size() + value.size());
  input.append(kLabel).append(field).append(1, '\0').append(salt).append(value);
  return Sha256(input);
}

}  // namespace otokura::crypto
