#include "client/command/exit_code.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/rpc_status.h"

namespace otokura::client {
namespace {

// What the typed detail tells beyond the message.
std::string Remedy(const absl::Status& status) {
  const auto detail = DetailOf(status);
  if (detail.has_value() && detail->has_limit_reached() && detail->limit_reached().retry_at_unix_ms() != 0) {
    return absl::StrCat(
        "; again from ",
        absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMillis(detail->limit_reached().retry_at_unix_ms()), absl::LocalTimeZone()));
  }
  if (detail.has_value() && detail->has_damaged_chunk()) {
    return absl::StrCat("; damaged: part ", detail->damaged_chunk().part(), ", chunk ", detail->damaged_chunk().chunk(), ", from byte ",
                        detail->damaged_chunk().offset());
  }
  return absl::IsUnavailable(status) ? "; is the gateway running, and --gateway right?" : "";
}

}  // namespace

std::string Footer(std::string_view example) {
  return absl::StrCat(
      "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 refused, or not to be found; 4 try again later; 5 damaged or not as it was "
      "sent.\n\nExample: ",
      absl::string_view(example.data(), example.size()), "\n");
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitDone;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kNotFound:
      return kExitRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitTryAgain;
    case absl::StatusCode::kDataLoss:
      return kExitDamaged;
    default:
      return kExitFailed;
  }
}

int Fail(const absl::Status& status) {
  std::string line = absl::StrCat("otokura: ", absl::StatusCodeToString(status.code()), ": ", status.message(), Remedy(status));
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) byte = ' ';  // a message from elsewhere must not steer the terminal
  }
  std::fprintf(stderr, "%s\n", line.c_str());
  return ExitCodeOf(status);
}

}  // namespace otokura::client
