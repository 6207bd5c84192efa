// Somebody who is told of what the gate decides, so that attacks show (server/incidents/FORMAT.md).
#ifndef OTOKURA_SERVER_ACCESS_GATE_WATCH_H_
#define OTOKURA_SERVER_ACCESS_GATE_WATCH_H_

#include <cstdint>
#include <functional>
#include <optional>

namespace otokura::access {

struct Ask;
struct Caller;
struct Decision;

// Thread-safe.
class GateWatch {
 public:
  // Called once it is known which entry of the log says so, or that none does.
  using Logged = std::function<void(std::optional<uint64_t> sequence)>;

  virtual ~GateWatch() = default;
  // What this account, proven by its key, asked for and was told. May give nothing. Neither it nor what it gives may wait: a request stands
  // behind it.
  virtual Logged Decided(const Caller& caller, const Ask& ask, const Decision& decision) = 0;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_GATE_WATCH_H_
