#include "otokura/recorder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/call_delivery.h"
#include "client/recorder_context.h"

namespace otokura::client {
namespace {

constexpr size_t kMemoryBytesPerCallMin = 64 * 1024;         // one bulk message, and one spill while the next fills
constexpr size_t kMemoryBytesPerCallMax = 64 * 1024 * 1024;  // more belongs into the spool

absl::Status CheckOptions(const RecorderOptions& options) {
  if (options.memory_bytes_per_call_max < kMemoryBytesPerCallMin || options.memory_bytes_per_call_max > kMemoryBytesPerCallMax) {
    return absl::InvalidArgumentError(absl::StrCat("memory_bytes_per_call_max ", options.memory_bytes_per_call_max, " must be ",
                                                   kMemoryBytesPerCallMin, " to ", kMemoryBytesPerCallMax));
  }
  if (options.backoff.first.count() <= 0 || options.backoff.most < options.backoff.first) {
    return absl::InvalidArgumentError("backoff must begin above zero and end no lower than it begins");
  }
  return absl::OkStatus();
}

}  // namespace

Call::Call(std::shared_ptr<CallDelivery> delivery) : delivery_(std::move(delivery)) {}
Call::~Call() { delivery_->Abandon(); }
absl::Status Call::Write(std::string_view audio) { return delivery_->Write(audio); }
absl::Status Call::ReportGap(uint64_t length, GapReason reason) { return delivery_->ReportGap(length, reason); }
void Call::Finish() { delivery_->Finish(); }
absl::StatusOr<SealedCall> Call::Wait(Time deadline) { return delivery_->Wait(absl::FromChrono(deadline)); }
absl::Status Call::WaitForRoom(size_t bytes, Time deadline) { return delivery_->WaitForRoom(bytes, absl::FromChrono(deadline)); }
uint64_t Call::written_bytes() const { return delivery_->written_bytes(); }
uint64_t Call::committed_bytes() const { return delivery_->committed_bytes(); }
std::string Call::recording_id() const { return delivery_->recording_id(); }

Recorder::Recorder(std::shared_ptr<RecorderContext> context) : context_(std::move(context)) {}
Recorder::~Recorder() { context_->Stop(); }

absl::StatusOr<std::unique_ptr<Recorder>> Recorder::Create(RecorderOptions options) {
  if (absl::Status fit = CheckOptions(options); !fit.ok()) return fit;
  auto credentials = LoadCredentials(options.connection);
  if (!credentials.ok()) return credentials.status();
  std::unique_ptr<SpoolFolder> folder;
  if (!options.spool_dir.empty()) {
    auto opened = SpoolFolder::Open(options.spool_dir, *std::move(credentials), options.spool_bytes_max);
    if (!opened.ok()) return opened.status();
    folder = *std::move(opened);
  }
  std::unique_ptr<Recorder> recorder(new Recorder(std::make_shared<RecorderContext>(std::move(options), std::move(folder))));
  if (absl::Status resumed = recorder->context_->ResumeLeftovers(); !resumed.ok()) return resumed;
  return recorder;
}

absl::StatusOr<std::unique_ptr<Call>> Recorder::StartCall(CallInfo info) {
  auto delivery = context_->StartCall(std::move(info));
  if (!delivery.ok()) return delivery.status();
  return std::make_unique<Call>(*std::move(delivery));
}

absl::Status Recorder::Drain(Time deadline) { return context_->Drain(deadline); }

}  // namespace otokura::client
