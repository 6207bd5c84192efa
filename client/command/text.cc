#include "client/command/text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace otokura::client {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool ReadDate(std::string_view text, absl::CivilDay* day) {
  int year = 0, month = 0, date = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !absl::SimpleAtoi(View(text.substr(0, 4)), &year) ||
      !absl::SimpleAtoi(View(text.substr(5, 2)), &month) || !absl::SimpleAtoi(View(text.substr(8, 2)), &date)) {
    return false;
  }
  *day = absl::CivilDay(year, month, date);
  return day->month() == month && day->day() == date;  // else it was none, as the 31st of April
}

// Whether a character takes two places on a terminal: the East Asian wide and full-width blocks.
bool IsWide(uint32_t point) {
  return (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) || (point >= 0xAC00 && point <= 0xD7A3) ||
         (point >= 0xF900 && point <= 0xFAFF) || (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
         (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x20000 && point <= 0x3FFFD);
}

size_t Places(std::string_view cell) {
  size_t places = 0;
  for (size_t i = 0; i < cell.size();) {
    const auto lead = static_cast<uint8_t>(cell[i]);
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    uint32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t k = 1; k < length && i + k < cell.size(); ++k) point = point << 6 | (static_cast<uint8_t>(cell[i + k]) & 0x3F);
    places += IsWide(point) ? 2 : 1;
    i += length;
  }
  return places;
}

}  // namespace

absl::StatusOr<Time> ParseTime(std::string_view text, DayEdge date_means) {
  if (text.empty()) return Time();
  absl::CivilDay day;
  if (ReadDate(text, &day)) {
    return absl::ToChronoTime(absl::FromCivil(date_means == DayEdge::kEnd ? day + 1 : day, absl::LocalTimeZone()));
  }
  absl::Time time;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, View(text), &time, &why)) {
    return absl::InvalidArgumentError(
        absl::StrCat("time '", View(text.substr(0, 64)), "' must be RFC 3339 (2026-04-01T09:30:00+09:00) or a date (2026-04-01)"));
  }
  return absl::ToChronoTime(time);
}

std::string LocalTimeText(Time time) {
  if (time == Time()) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromChrono(time), absl::LocalTimeZone());
}

std::string Rfc3339(Time time) {
  if (time == Time()) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromChrono(time), absl::UTCTimeZone());
}

std::string DurationText(std::chrono::milliseconds duration) {
  const int64_t seconds = duration.count() / 1000;
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string Printable(std::string text) {
  for (char& byte : text) {
    if (static_cast<uint8_t>(byte) < 0x20 || byte == 0x7F) byte = '?';
  }
  return text;
}

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(View(bytes)); }

absl::StatusOr<AudioFormat> ParseFormat(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  AudioFormat format;
  for (const Encoding encoding : {Encoding::kPcmu, Encoding::kPcma, Encoding::kL16}) {
    if (name == Name(encoding)) format.encoding = encoding;
  }
  if (format.encoding == Encoding::kUnspecified) {
    return absl::InvalidArgumentError(
        absl::StrCat("format '", View(text.substr(0, 32)), "' must be pcmu, pcma or l16, with :RATE or without"));
  }
  if (colon != std::string_view::npos && !absl::SimpleAtoi(View(text.substr(colon + 1)), &format.sample_rate_hz)) {
    return absl::InvalidArgumentError("the rate after ':' must be a number, 8000 or 16000");
  }
  const bool wide = format.encoding == Encoding::kL16 && format.sample_rate_hz == 16000;
  if (format.sample_rate_hz != 8000 && !wide) {
    return absl::InvalidArgumentError(absl::StrCat("rate ", format.sample_rate_hz, " Hz: it must be 8000, or 16000 for l16"));
  }
  return format;
}

absl::StatusOr<Leg> ParseLeg(std::string_view text) {
  for (const Leg leg : {Leg::kMixed, Leg::kCaller, Leg::kAgent}) {
    if (text == Name(leg)) return leg;
  }
  return absl::InvalidArgumentError(absl::StrCat("leg '", View(text.substr(0, 32)), "' must be mixed, caller or agent"));
}

std::string Table::Text() const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Places(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += Printable(row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - Places(row[i]) + 2, ' ');
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace otokura::client
