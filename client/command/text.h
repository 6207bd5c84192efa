// How the command reads and writes what people read and write: times, durations, aligned tables, hex.
#ifndef OTOKURA_CLIENT_COMMAND_TEXT_H_
#define OTOKURA_CLIENT_COMMAND_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/recording.h"

namespace otokura::client {

enum class DayEdge { kStart, kEnd };

// RFC 3339, or YYYY-MM-DD in local time, which stands for the day's first moment or its end. Empty: the epoch.
absl::StatusOr<Time> ParseTime(std::string_view text, DayEdge date_means);

std::string LocalTimeText(Time time);                          // 2026-04-01 09:30:00, "-" for the epoch
std::string Rfc3339(Time time);                                // UTC with milliseconds; empty for the epoch
std::string DurationText(std::chrono::milliseconds duration);  // 1:02:03
std::string Hex(std::string_view bytes);
std::string Printable(std::string text);  // control characters, in what comes from elsewhere, as '?': none may steer the terminal

// "pcmu", "pcma", "l16", with ":RATE" after it or not.
absl::StatusOr<AudioFormat> ParseFormat(std::string_view text);
absl::StatusOr<Leg> ParseLeg(std::string_view text);

// Prints rows under their headings in columns as wide as their widest cell (East Asian characters take two places). Cells are made
// Printable.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_TEXT_H_
