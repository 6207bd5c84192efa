#include "server/keys/contexts.h"

namespace otokura::keys {

std::string BigEndian(uint64_t value, int bytes) {
  std::string out(static_cast<size_t>(bytes), '\0');
  for (int i = bytes - 1; i >= 0; --i, value >>= 8) out[static_cast<size_t>(i)] = static_cast<char>(value & 0xff);
  return out;
}

std::string Context(std::string_view kind, std::string_view owner) {
  std::string context(kind);
  context.push_back('\0');
  context.append(owner);
  return context;
}

}  // namespace otokura::keys
