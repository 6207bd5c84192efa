#include "server/access/egress/window_clock.h"

#include <algorithm>
#include <fstream>

namespace otokura::access {
namespace {

constexpr uint32_t kRowVersion = 1;
constexpr char kBootIdFile[] = "/proc/sys/kernel/random/boot_id";

}  // namespace

absl::StatusOr<std::unique_ptr<WindowClock>> WindowClock::Open(const storage::RecordReader& records, const runtime::Clock* clock,
                                                               std::string boot_id) {
  const auto value = records.Get(storage::Table::kMeta, kWindowClockKey);
  if (!value.ok()) return value.status();
  absl::Time start = clock->Now();
  if (value->has_value()) {
    v1::WindowClock row;
    if (!row.ParseFromString(**value))
      return absl::DataLossError("window clock: its row is damaged; restore the data folder from a backup");
    if (row.version() > kRowVersion) return absl::FailedPreconditionError("window clock: written by a newer otokurad; run that one");
    start = absl::FromUnixMicros(row.window_time_unix_us());
    if (row.boot_id() == boot_id) {
      start += std::max(absl::ZeroDuration(), clock->SinceBoot() - absl::Microseconds(row.since_boot_us()));
    }
  }
  return std::unique_ptr<WindowClock>(new WindowClock(clock, std::move(boot_id), start));
}

v1::WindowClock WindowClock::Row() const {
  v1::WindowClock row;
  row.set_version(kRowVersion);
  row.set_boot_id(boot_id_);
  const absl::Duration since_boot = clock_->SinceBoot();
  row.set_since_boot_us(absl::ToInt64Microseconds(since_boot));
  row.set_window_time_unix_us(absl::ToUnixMicros(start_ + (since_boot - since_boot_at_start_)));
  return row;
}

absl::StatusOr<std::string> ReadBootId() {
  std::ifstream file(kBootIdFile);
  std::string id;
  if (std::getline(file, id) && !id.empty()) return id;
  return absl::UnavailableError("boot id: /proc/sys/kernel/random/boot_id cannot be read; is /proc mounted?");
}

}  // namespace otokura::access
