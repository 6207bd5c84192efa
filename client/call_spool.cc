#include "client/call_spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "crypto/random.h"

namespace otokura::client {
namespace {

constexpr uint32_t kVersion = 1;
constexpr size_t kNameBytes = 16;
constexpr uint64_t kSegmentAudioBytesMax = 8 << 20;  // what one deletion frees; 17 minutes of G.711
constexpr int kSegmentsMax = 4096;                   // each has a line in the state, which is rewritten whole
constexpr size_t kStateFileBytesMax = 2 << 20;       // a message of at most 1 MiB, sealed, and its key
constexpr std::string_view kStateContext = "otokura/v1/spool-state";
constexpr std::string_view kAudioContext = "otokura/v1/spool-audio";

std::string BigEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string Context(std::string_view what, std::string_view name) {
  std::string context(what);
  context.push_back('\0');
  return context.append(name);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CallSpool>> CallSpool::Create(SpoolFolder* folder, spool::CallState state) {
  auto key = crypto::SecretBytes::Random(crypto::kCobblestoneKeyBytes);
  if (!key.ok()) return key.status();
  auto wrapped = folder->WrapKey(*key);
  if (!wrapped.ok()) return wrapped.status();
  std::string name = absl::BytesToHexString(crypto::RandomBytes(kNameBytes));
  std::unique_ptr<CallSpool> spool(new CallSpool(folder, std::move(name), *std::move(key), *std::move(wrapped), std::move(state)));
  if (absl::Status saved = spool->Save(); !saved.ok()) return saved;
  return spool;
}

absl::StatusOr<std::unique_ptr<CallSpool>> CallSpool::Load(SpoolFolder* folder, std::string name) {
  auto content = ReadFile(folder->StatePath(name), kStateFileBytesMax);
  if (!content.ok()) return content.status();
  spool::StateFile file;
  if (!file.ParseFromString(*content)) return absl::DataLossError(absl::StrCat("spool file ", name, ".call is damaged"));
  if (file.version() != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("spool file ", name, ".call has version ", file.version(), "; this program reads version ", kVersion));
  }
  auto key = folder->UnwrapKey(file.wrapped_key());
  if (!key.ok()) {
    return absl::DataLossError(absl::StrCat("spool file ", name, ".call does not open with this recorder's key: ", key.status().message()));
  }
  auto plain = crypto::OpenMessage(*key, Context(kStateContext, name), file.sealed_state());
  spool::CallState state;
  if (!plain.ok() || !state.ParseFromString(*plain) || state.version() != kVersion) {
    return absl::DataLossError(absl::StrCat("spool file ", name, ".call is damaged"));
  }
  std::unique_ptr<CallSpool> spool(new CallSpool(folder, std::move(name), *std::move(key), file.wrapped_key(), std::move(state)));
  spool->FindSegments();
  return spool;
}

CallSpool::~CallSpool() {
  for (const Segment& segment : segments_) folder_->Release(segment.file_bytes);
}

absl::Status CallSpool::Save() {
  state_.set_version(kVersion);
  state_.set_saved_unix_ms(UnixMillis(std::chrono::system_clock::now()));
  auto sealed = crypto::SealMessage(key_, Context(kStateContext, name_), state_.SerializeAsString());
  if (!sealed.ok()) return sealed.status();
  spool::StateFile file;
  file.set_version(kVersion);
  file.set_wrapped_key(wrapped_key_);
  file.set_sealed_state(*std::move(sealed));
  return ReplaceFile(folder_->StatePath(name_), file.SerializeAsString());
}

std::string CallSpool::SegmentContext(const Segment& segment) const {
  return Context(kAudioContext, name_) + BigEndian(segment.number, 4) + BigEndian(segment.offset, 8);
}

// The state lists a segment before its file exists, so that after a crash no file is unknown; how much of it there is, the file itself
// says.
void CallSpool::FindSegments() {
  for (const spool::Segment& listed : state_.segments()) {
    Segment segment{.number = listed.number(), .offset = listed.offset()};
    struct stat info {};
    if (::stat(folder_->SegmentPath(name_, segment.number).c_str(), &info) != 0) continue;
    segment.file_bytes = static_cast<uint64_t>(info.st_size);
    folder_->CountExisting(segment.file_bytes);
    segment.audio_bytes = ReadableBytes(segment);
    segments_.push_back(segment);
  }
}

uint64_t CallSpool::ReadableBytes(const Segment& segment) {
  if (segment.file_bytes < crypto::kHeaderBytes) return 0;
  const uint64_t body = segment.file_bytes - crypto::kHeaderBytes;
  const uint64_t whole = body / crypto::kSealedChunkBytes * crypto::kChunkBytes;
  const uint64_t rest = body % crypto::kSealedChunkBytes;
  if (rest <= crypto::kTagBytes) return whole;
  // A short last chunk is either the one that ends the segment, or a full one whose write a crash cut off. Only the first is authentic.
  Segment with_rest = segment;
  with_rest.audio_bytes = whole + rest - crypto::kTagBytes;
  return ReadChunk(with_rest, whole / crypto::kChunkBytes).ok() ? with_rest.audio_bytes : whole;
}

absl::Status CallSpool::BeginSegment(uint64_t offset) {
  if (state_.segments_size() >= kSegmentsMax)
    return absl::ResourceExhaustedError(absl::StrCat("a call's spool has at most ", kSegmentsMax, " segments"));
  Segment segment{.number = state_.next_segment(), .offset = offset};
  auto sealer = crypto::CobblestoneSealer::Create(key_, SegmentContext(segment));
  if (!sealer.ok()) return sealer.status();
  state_.set_next_segment(segment.number + 1);
  spool::Segment* listed = state_.add_segments();
  listed->set_number(segment.number);
  listed->set_offset(offset);
  const std::string path = folder_->SegmentPath(name_, segment.number);
  absl::Status done = Save();
  auto file = done.ok() ? OpenFile(path, O_WRONLY | O_CREAT | O_EXCL) : absl::StatusOr<FileDescriptor>(done);
  done = file.status();
  if (done.ok()) done = WriteAll(file->get(), sealer->header(), path);
  if (done.ok()) done = ::fsync(file->get()) == 0 ? SyncFolder(folder_->path()) : FileError("sync", path, errno);
  if (!done.ok()) {
    state_.mutable_segments()->RemoveLast();
    ::unlink(path.c_str());
    return done;
  }
  segments_.push_back(segment);
  sealer_.emplace(*std::move(sealer));
  return absl::OkStatus();
}

absl::Status CallSpool::Append(uint64_t offset, std::string_view audio, bool ends_segment) {
  const uint64_t sealed_bytes_max = crypto::SealedMessageBytes(audio.size());
  if (!folder_->Reserve(sealed_bytes_max)) return absl::ResourceExhaustedError("the spool has reached spool_bytes_max");
  const bool goes_on = sealer_.has_value() && segments_.back().end() == offset && segments_.back().audio_bytes < kSegmentAudioBytesMax;
  absl::Status done = absl::OkStatus();
  if (!goes_on) {
    EndSegment();
    done = BeginSegment(offset);
  }
  if (done.ok()) done = WriteChunks(audio, ends_segment);
  if (!done.ok()) {
    folder_->Release(sealed_bytes_max);
    return done;
  }
  segments_.back().audio_bytes += audio.size();
  segments_.back().file_bytes += sealed_bytes_max;
  if (ends_segment) EndSegment();
  return absl::OkStatus();
}

absl::Status CallSpool::WriteChunks(std::string_view audio, bool ends_segment) {
  const Segment& segment = segments_.back();
  const std::string path = folder_->SegmentPath(name_, segment.number);
  auto file = OpenFile(path, O_WRONLY | O_APPEND);
  if (!file.ok()) return file.status();
  std::string sealed;
  absl::Status done = absl::OkStatus();
  while (done.ok() && audio.size() >= crypto::kChunkBytes) {
    done = sealer_->SealNext(audio.substr(0, crypto::kChunkBytes), &sealed);
    audio.remove_prefix(crypto::kChunkBytes);
  }
  if (done.ok() && ends_segment) done = sealer_->SealFinal(audio, &sealed);
  if (done.ok()) done = WriteAll(file->get(), sealed, path);
  if (done.ok() && ::fdatasync(file->get()) != 0) done = FileError("sync", path, errno);
  if (done.ok()) return done;
  // The chunk numbers are spent: whatever the disk kept of them is cut off, and the next try is a segment of its own.
  const uint64_t good_bytes = crypto::SealedChunkOffset(segment.audio_bytes / crypto::kChunkBytes);
  if (::ftruncate(file->get(), static_cast<off_t>(good_bytes)) != 0) {
    done = absl::Status(done.code(), absl::StrCat(done.message(), " (and the part that was written cannot be cut off)"));
  }
  EndSegment();
  return done;
}

absl::Status CallSpool::AppendGap(const TimelineRun& gap) {
  EndSegment();
  v1::AudioGap* listed = state_.gaps_size() == 0 ? nullptr : state_.mutable_gaps(state_.gaps_size() - 1);
  const bool joins =
      listed != nullptr && listed->offset() + listed->length() == gap.offset && static_cast<GapReason>(listed->reason()) == gap.gap_reason;
  if (!joins) {
    if (state_.gaps_size() >= kSegmentsMax)
      return absl::ResourceExhaustedError(absl::StrCat("a call's spool has at most ", kSegmentsMax, " gaps"));
    listed = state_.add_gaps();
    listed->set_offset(gap.offset);
    listed->set_reason(static_cast<v1::AudioGap::Reason>(gap.gap_reason));
  }
  listed->set_length(listed->length() + gap.length);
  const absl::Status saved = Save();
  if (!saved.ok()) {
    listed->set_length(listed->length() - gap.length);
    if (!joins) state_.mutable_gaps()->RemoveLast();
  }
  return saved;
}

absl::StatusOr<std::string> CallSpool::ReadChunk(const Segment& segment, uint64_t index) {
  const std::string path = folder_->SegmentPath(name_, segment.number);
  auto file = OpenFile(path, O_RDONLY);
  if (!file.ok()) return file.status();
  if (!reader_.has_value() || reader_->number != segment.number) {
    auto header = ReadAt(file->get(), 0, crypto::kHeaderBytes, path);
    if (!header.ok()) return header.status();
    auto opener = crypto::CobblestoneOpener::Create(key_, SegmentContext(segment), *header);
    if (!opener.ok()) return opener.status();
    reader_.emplace(Reader{segment.number, *std::move(opener)});
  }
  const uint64_t bytes = std::min<uint64_t>(crypto::kChunkBytes, segment.audio_bytes - index * crypto::kChunkBytes);
  auto sealed = ReadAt(file->get(), crypto::SealedChunkOffset(index), bytes + crypto::kTagBytes, path);
  if (!sealed.ok()) return sealed.status();
  std::string plain;
  if (absl::Status opened = reader_->opener.OpenChunk(index, *sealed, &plain); !opened.ok()) return opened;
  return plain;
}

TimelineRun CallSpool::ReadSegment(Segment* segment, uint64_t offset, size_t audio_bytes_max, absl::Status* problem) {
  TimelineRun run{.offset = offset};
  while (run.end() < segment->end() && run.audio.size() < audio_bytes_max) {
    const uint64_t index = (run.end() - segment->offset) / crypto::kChunkBytes;
    const uint64_t chunk_offset = segment->offset + index * crypto::kChunkBytes;
    auto chunk = ReadChunk(*segment, index);
    if (!chunk.ok() && run.length > 0) break;  // what there is first; the next Read meets the problem again
    if (!chunk.ok()) {
      *problem = absl::Status(chunk.status().code(),
                              absl::StrCat(folder_->SegmentPath(name_, segment->number), " chunk ", index, ": ", chunk.status().message()));
      if (absl::IsResourceExhausted(*problem)) break;
      segment->damaged = true;
      run.length = std::min<uint64_t>(chunk_offset + crypto::kChunkBytes, segment->end()) - offset;
      run.gap_reason = GapReason::kRecorderRestart;
      break;
    }
    run.audio.append(*chunk, run.end() - chunk_offset, audio_bytes_max - run.audio.size());
    run.length = run.audio.size();
  }
  return run;
}

TimelineRun CallSpool::MissingAt(uint64_t offset) const {
  uint64_t until = end();
  for (const v1::AudioGap& gap : state_.gaps()) {
    if (offset >= gap.offset() && offset < gap.offset() + gap.length()) {
      return {.offset = offset, .length = gap.offset() + gap.length() - offset, .gap_reason = static_cast<GapReason>(gap.reason())};
    }
    if (gap.offset() > offset) until = std::min<uint64_t>(until, gap.offset());
  }
  for (const Segment& segment : segments_) {
    if (segment.offset > offset && segment.audio_bytes > 0) until = std::min(until, segment.offset);
  }
  return {.offset = offset, .length = until - offset, .gap_reason = GapReason::kRecorderRestart};
}

TimelineRun CallSpool::Read(uint64_t offset, size_t audio_bytes_max, absl::Status* problem) {
  for (Segment& segment : segments_) {
    if (offset >= segment.offset && offset < segment.end()) return ReadSegment(&segment, offset, audio_bytes_max, problem);
  }
  return MissingAt(offset);
}

void CallSpool::Discard(const Segment& segment) {
  const std::string path = folder_->SegmentPath(name_, segment.number);
  if (reader_.has_value() && reader_->number == segment.number) reader_.reset();
  if (segment.damaged) {
    std::rename(path.c_str(), (path + ".damaged").c_str());
  } else {
    ::unlink(path.c_str());
  }
  folder_->Release(segment.file_bytes);
}

bool CallSpool::ReleaseBelow(uint64_t offset) {
  const auto kept = std::find_if(segments_.begin(), segments_.end(), [offset](const Segment& segment) { return segment.end() > offset; });
  if (kept == segments_.begin()) return false;
  if (kept == segments_.end()) EndSegment();
  std::for_each(segments_.begin(), kept, [this](const Segment& segment) { Discard(segment); });
  segments_.erase(segments_.begin(), kept);

  const uint32_t first_kept = segments_.empty() ? state_.next_segment() : segments_.front().number;
  auto* listed = state_.mutable_segments();
  listed->erase(listed->begin(),
                std::find_if(listed->begin(), listed->end(), [&](const auto& segment) { return segment.number() >= first_kept; }));
  auto* gaps = state_.mutable_gaps();
  gaps->erase(gaps->begin(),
              std::find_if(gaps->begin(), gaps->end(), [&](const auto& gap) { return gap.offset() + gap.length() > offset; }));
  return true;
}

void CallSpool::Remove() {
  EndSegment();
  for (const Segment& segment : segments_) Discard(segment);
  segments_.clear();
  ::unlink(folder_->StatePath(name_).c_str());
}

absl::Status CallSpool::SetAside(std::string_view suffix) {
  EndSegment();
  return folder_->SetAside(name_, suffix);
}

uint64_t CallSpool::end() const {
  uint64_t end = state_.finished() ? state_.total_bytes() : 0;
  for (const v1::AudioGap& gap : state_.gaps()) end = std::max<uint64_t>(end, gap.offset() + gap.length());
  for (const Segment& segment : segments_) end = std::max(end, segment.end());
  return end;
}

}  // namespace otokura::client
