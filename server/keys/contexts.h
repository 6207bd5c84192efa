// What each sealed message is bound to: its kind and its owner (crypto/FORMAT.md).
#ifndef OTOKURA_SERVER_KEYS_CONTEXTS_H_
#define OTOKURA_SERVER_KEYS_CONTEXTS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace otokura::keys {

std::string BigEndian(uint64_t value, int bytes);
// kind ‖ 0x00 ‖ owner
std::string Context(std::string_view kind, std::string_view owner);

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_CONTEXTS_H_
