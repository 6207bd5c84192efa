#include "server/access/refusal_floods.h"

#include <algorithm>

namespace otokura::access {

std::string AddressWithoutPort(std::string_view peer) {
  const size_t colon = peer.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == peer.size()) return std::string(peer);
  const std::string_view port = peer.substr(colon + 1);
  const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return std::string(digits ? peer.substr(0, colon) : peer);
}

RefusalFloods::Window& RefusalFloods::WindowOf(const RefusalKind& kind, absl::Time now) {
  if (auto found = windows_.find(kind); found != windows_.end()) return found->second;
  const bool crowded = windows_.size() >= kFloodSourcesMax && !kind.address.empty();
  if (crowded) return WindowOf({kind.action, kind.rule, ""}, now);
  return windows_.emplace(kind, Window{now}).first->second;
}

bool RefusalFloods::Admit(const RefusalKind& kind, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  Window& window = WindowOf(kind, now);
  if (window.seen < entries_per_window_) {
    ++window.seen;
    return true;
  }
  ++window.counted;
  return false;
}

std::vector<RefusalFloods::Summary> RefusalFloods::TakeEnded(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  std::vector<Summary> ended;
  for (auto window = windows_.begin(); window != windows_.end();) {
    if (now - window->second.start < kFloodWindow) {
      ++window;
      continue;
    }
    if (window->second.counted > 0) ended.push_back({window->first, window->second.counted});
    window = windows_.erase(window);
  }
  return ended;
}

void RefusalFloods::GiveBack(const Summary& summary, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  WindowOf(summary.kind, now).counted += summary.count;
}

}  // namespace otokura::access
