// What one subject (an account, a person, a contract, a centre) let leave, by window (DESIGN §8 "Budgets"; FORMAT.md).
//
// A window is counted in slots of its own, each a small part of it. A slot counts until all of it lies outside the window, so what is
// counted is never less than what left in any span as long as the window, and more by what one slot holds at most.
#ifndef OTOKURA_SERVER_ACCESS_EGRESS_USAGE_H_
#define OTOKURA_SERVER_ACCESS_EGRESS_USAGE_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "otokura/v1/policy.pb.h"

namespace otokura::access {

// What budgets are over; the numbers are stored (terms of the ledger).
enum class Measure : uint8_t { kRecordings = 0, kCallers = 1, kAudioBytes = 2, kSearchTerms = 3, kRows = 4 };
inline constexpr int kMeasures = 5;
using Amounts = std::array<uint64_t, kMeasures>;
inline uint64_t& Of(Amounts& amounts, Measure measure) { return amounts[static_cast<size_t>(measure)]; }
inline uint64_t Of(const Amounts& amounts, Measure measure) { return amounts[static_cast<size_t>(measure)]; }
// Of a budget: absent where it has no limit.
std::optional<uint64_t> LimitOf(const v1::Budget& budget, Measure measure);
std::string_view MeasureName(Measure measure);  // as the budget's field

inline constexpr std::array<v1::Window, 4> kWindows = {v1::HOUR, v1::DAY, v1::DAYS_30, v1::DAYS_365};
absl::Duration LengthOf(v1::Window window);
// 5 minutes, an hour, a day, ten days.
absl::Duration SlotLengthOf(v1::Window window);
std::string_view WindowName(v1::Window window);  // "1 hour" …

using Slot = uint32_t;  // slots since 1970-01-01
Slot SlotAt(v1::Window window, absl::Time time);
// When the slot stops counting.
absl::Time EndOf(v1::Window window, Slot slot);
// The first that counts at `now`: those before it ended.
Slot FirstCounted(v1::Window window, absl::Time now);

// A slot of a window, as a key of the ledger.
struct WindowSlot {
  v1::Window window;
  Slot slot;
  auto operator<=>(const WindowSlot&) const = default;
};

// A value; not thread-safe.
class Usage {
 public:
  // All that counts at `now`.
  Amounts In(v1::Window window, absl::Time now) const;
  // The earliest time at which at least `amount` of what counts at `now` no longer does; InfiniteFuture where that is never.
  absl::Time FreesAt(v1::Window window, absl::Time now, Measure measure, uint64_t amount) const;

  // Zero where there is no such slot.
  Amounts At(const WindowSlot& slot) const;
  // Makes the slot where it is missing.
  void Add(const WindowSlot& slot, const Amounts& amounts);
  // At most what the slot has of each.
  void Subtract(const WindowSlot& slot, const Amounts& amounts);
  // Drops the slots that no longer count at `now`, and names them.
  void Trim(absl::Time now, std::vector<WindowSlot>* dropped);

  bool operator==(const Usage&) const = default;
  // Calls `slot` for each, of all windows.
  template <typename Function>
  void ForEach(Function slot) const {
    for (const v1::Window window : kWindows) {
      for (const Counted& counted : Of(window).slots) slot(WindowSlot{window, counted.slot}, counted.amounts);
    }
  }

 private:
  struct Counted {
    Slot slot;
    Amounts amounts;
    bool operator==(const Counted&) const = default;
  };
  using Counteds = std::vector<Counted>;  // by slot: some dozens
  struct OfWindow {
    Amounts total{};  // of all slots, so that a decision need not add them up
    Slot oldest = 0;  // the first of slots, of which a decision mostly need not know more
    Counteds slots;
    bool operator==(const OfWindow&) const = default;
  };
  const OfWindow& Of(v1::Window window) const { return windows_[static_cast<size_t>(window - 1)]; }
  OfWindow& Of(v1::Window window) { return windows_[static_cast<size_t>(window - 1)]; }
  static Counteds::const_iterator FirstAt(const Counteds& counteds, Slot slot);  // that slot, or the one after it

  std::array<OfWindow, kWindows.size()> windows_;
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_EGRESS_USAGE_H_
