#include "client/command/send_audio.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "client/command/interrupt.h"

namespace otokura::client {
namespace {

using std::chrono::steady_clock;

constexpr size_t kBulkBytes = 32 * 1024;
constexpr int kPacketsPerSecond = 50;            // the 20 ms that telephone systems send
constexpr std::chrono::milliseconds kLook{200};  // how often an interrupt is looked for

Time InAMoment() { return std::chrono::system_clock::now() + kLook; }

absl::Status Check(const SendingPace& pace) {
  if (Interrupted()) return absl::CancelledError("interrupted; what the gateway has acknowledged is kept");
  return pace.check ? pace.check() : absl::OkStatus();
}

// Remembers when the gateway last took something.
class Patience {
 public:
  Patience(const Call* call, const SendingPace& pace) : call_(call), pace_(pace) {}

  absl::Status Check() {
    if (absl::Status fine = client::Check(pace_); !fine.ok()) return fine;
    const uint64_t committed = call_->committed_bytes();
    const auto now = steady_clock::now();
    if (committed != committed_) since_ = now;
    committed_ = committed;
    if (pace_.give_up_after.count() == 0 || now - since_ < pace_.give_up_after) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("the gateway took nothing for ", pace_.give_up_after.count(), " s; run this again when it is back"));
  }

 private:
  const Call* const call_;
  const SendingPace& pace_;
  uint64_t committed_ = 0;
  steady_clock::time_point since_ = steady_clock::now();
};

absl::Status WaitForRoom(Call* call, size_t bytes, Patience* patience) {
  for (;;) {
    const absl::Status room = call->WaitForRoom(bytes, InAMoment());
    if (!absl::IsDeadlineExceeded(room)) return room;
    if (absl::Status going_on = patience->Check(); !going_on.ok()) return going_on;
  }
}

absl::Status WriteAll(AudioSource* source, Call* call, const SendingPace& pace) {
  Patience patience(call, pace);
  const bool can_wait = !pace.live || source->is_file();
  const uint64_t rate = source->format().bytes_per_second();
  const size_t piece_bytes = pace.live ? rate / kPacketsPerSecond : kBulkBytes;
  const auto begin = steady_clock::now();
  for (uint64_t sent = 0;;) {
    auto piece = source->Read(piece_bytes);
    if (!piece.ok()) return piece.status();
    if (piece->empty()) return absl::OkStatus();
    if (can_wait) {
      if (absl::Status room = WaitForRoom(call, piece->size(), &patience); !room.ok()) return room;
    }
    const absl::Status written = call->Write(*piece);
    if (!written.ok() && !absl::IsResourceExhausted(written)) return written;
    if (absl::Status fine = Check(pace); !fine.ok()) return fine;
    sent += piece->size();
    if (pace.live) std::this_thread::sleep_until(begin + std::chrono::microseconds(sent * 1'000'000 / rate));
  }
}

}  // namespace

absl::StatusOr<SealedCall> SendAudio(AudioSource* source, Call* call, const SendingPace& pace) {
  const absl::Status written = WriteAll(source, call, pace);
  // A live caller who hangs up on us has still said what was said so far.
  const bool hung_up = absl::IsCancelled(written) && Interrupted() && !source->is_file();
  if (!written.ok() && !hung_up) return written;
  call->Finish();
  Patience patience(call, pace);
  for (;;) {
    auto sealed = call->Wait(InAMoment());
    if (!absl::IsDeadlineExceeded(sealed.status())) return sealed;
    if (hung_up) continue;
    if (absl::Status going_on = patience.Check(); !going_on.ok()) return going_on;
  }
}

}  // namespace otokura::client
