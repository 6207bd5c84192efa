#include "server/access/egress/ledger_rows.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <optional>

#include "otokura/v1/stored.pb.h"
#include "server/keys/contexts.h"

namespace otokura::access {
namespace {

using google::protobuf::io::CodedInputStream;
using storage::Table;

// protobuf's wire types.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kLengthDelimited = 2;
constexpr uint32_t WireTag(int field, uint32_t wire_type) { return static_cast<uint32_t>(field) << 3 | wire_type; }

constexpr uint32_t kRowVersion = 1;
constexpr int kSlotBytes = 4;
constexpr size_t kSlotKeyBytes = kSubjectIdBytes + 1 + kSlotBytes;

absl::Status Damaged() { return absl::DataLossError("egress ledger: a row is damaged; run otokurad fsck --rebuild-ledger"); }

absl::Status CheckVersion(uint32_t version) {
  if (version == kRowVersion) return absl::OkStatus();
  return version > kRowVersion ? absl::FailedPreconditionError("egress ledger: written by a newer otokurad; run that one") : Damaged();
}

template <typename Row>
absl::Status Parse(std::string_view value, Row* row) {
  if (!row->ParseFromArray(value.data(), static_cast<int>(value.size()))) return Damaged();
  return CheckVersion(row->version());
}

std::string KeyOf(const SlotKey& key) {
  return std::string(key.subject).append(1, static_cast<char>(key.slot.window)).append(keys::BigEndian(key.slot.slot, kSlotBytes));
}

std::optional<WindowSlot> SlotIn(std::string_view key) {
  if (key.size() != kSlotKeyBytes) return std::nullopt;
  const int window = key[kSubjectIdBytes];
  if (window < v1::HOUR || window > v1::DAYS_365) return std::nullopt;
  Slot slot = 0;
  for (const char byte : key.substr(kSubjectIdBytes + 1)) slot = slot << 8 | static_cast<unsigned char>(byte);
  return WindowSlot{static_cast<v1::Window>(window), slot};
}

std::string KeyOf(const TermKey& term) { return std::string(1, static_cast<char>(term.measure)).append(term.value); }

// Empty where nothing is counted: such a row is not kept.
std::string ValueOf(const Amounts& amounts) {
  if (amounts == Amounts{}) return "";
  v1::LedgerSlot row;
  row.set_version(kRowVersion);
  row.set_recordings(Of(amounts, Measure::kRecordings));
  row.set_callers(Of(amounts, Measure::kCallers));
  row.set_audio_bytes(Of(amounts, Measure::kAudioBytes));
  row.set_search_terms(Of(amounts, Measure::kSearchTerms));
  row.set_rows(Of(amounts, Measure::kRows));
  return row.SerializeAsString();
}

Amounts AmountsOf(const v1::LedgerSlot& row) {
  return {row.recordings(), row.callers(), row.audio_bytes(), row.search_terms(), row.rows()};
}

std::string ValueOf(const Seen& seen) {
  if (seen.empty()) return "";
  v1::LedgerTerm row;
  row.set_version(kRowVersion);
  for (const auto& [subject, last] : seen) {
    v1::LedgerTerm::Met& met = *row.add_met();
    met.set_subject(subject);
    met.set_window_time_unix_us(absl::ToUnixMicros(last));
  }
  return row.SerializeAsString();
}

absl::StatusOr<Seen> SeenIn(std::string_view value) {
  v1::LedgerTerm row;
  if (absl::Status parsed = Parse(value, &row); !parsed.ok()) return parsed;
  Seen seen;
  for (const v1::LedgerTerm::Met& met : row.met()) seen[met.subject()] = absl::FromUnixMicros(met.window_time_unix_us());
  return seen;
}

// A length-delimited field's bytes, which stay where they are.
bool ReadBytes(CodedInputStream* input, std::string_view* bytes) {
  uint32_t length = 0;
  const void* data = nullptr;
  int left = 0;
  if (!input->ReadVarint32(&length) || length > INT32_MAX) return false;
  if (length == 0) return true;
  if (!input->GetDirectBufferPointer(&data, &left) || static_cast<uint32_t>(left) < length) return false;
  *bytes = {static_cast<const char*>(data), length};
  return input->Skip(static_cast<int>(length));
}

bool ReadMet(std::string_view bytes, std::string_view* subject, int64_t* window_time_unix_us) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  while (const uint32_t tag = input.ReadTag()) {
    uint64_t number = 0;
    if (tag == WireTag(v1::LedgerTerm::Met::kSubjectFieldNumber, kLengthDelimited)) {
      if (!ReadBytes(&input, subject)) return false;
    } else if (tag == WireTag(v1::LedgerTerm::Met::kWindowTimeUnixUsFieldNumber, kVarint) && input.ReadVarint64(&number)) {
      *window_time_unix_us = static_cast<int64_t>(number);
    } else {
      return false;
    }
  }
  return input.ConsumedEntireMessage();
}

// As SeenIn, but that nothing is copied: a caller who calls often was met by many, and a decision looks for a few of them.
absl::Status WalkMet(std::string_view row, absl::FunctionRef<void(std::string_view subject, int64_t window_time_unix_us)> met) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(row.data()), static_cast<int>(row.size()));
  uint32_t version = 0;
  if (input.ReadTag() != WireTag(v1::LedgerTerm::kVersionFieldNumber, kVarint) || !input.ReadVarint32(&version)) return Damaged();
  if (absl::Status known = CheckVersion(version); !known.ok()) return known;
  while (const uint32_t tag = input.ReadTag()) {
    std::string_view bytes, subject;
    int64_t window_time_unix_us = 0;
    if (tag != WireTag(v1::LedgerTerm::kMetFieldNumber, kLengthDelimited) || !ReadBytes(&input, &bytes)) return Damaged();
    if (!ReadMet(bytes, &subject, &window_time_unix_us)) return Damaged();
    met(subject, window_time_unix_us);
  }
  return input.ConsumedEntireMessage() ? absl::OkStatus() : Damaged();
}

void Put(Table table, const std::string& key, std::string value, storage::Batch* batch) {
  if (value.empty()) {
    batch->Delete(table, key);
  } else {
    batch->Put(table, key, std::move(value));
  }
}

}  // namespace

absl::Status CheckLedgerIsComplete(const storage::RecordReader& records) {
  const auto mark = records.Get(Table::kMeta, kLedgerIncompleteKey);
  if (!mark.ok()) return mark.status();
  if (!mark->has_value()) return absl::OkStatus();
  return absl::DataLossError("egress ledger: making it anew was broken off; run otokurad fsck --rebuild-ledger");
}

absl::StatusOr<Usage> ReadUsage(const storage::RecordReader& records, const std::string& subject) {
  Usage usage;
  absl::Status read;
  const std::string end = subject + std::string(kSlotKeyBytes - kSubjectIdBytes, '\xff');
  const absl::Status scanned = records.Scan(Table::kLedger, {subject, end, false}, [&](std::string_view key, std::string_view value) {
    const std::optional<WindowSlot> slot = SlotIn(key);
    v1::LedgerSlot row;
    read = slot.has_value() ? Parse(value, &row) : Damaged();
    if (read.ok()) usage.Add(*slot, AmountsOf(row));
    return read.ok();
  });
  if (!scanned.ok()) return scanned;
  if (!read.ok()) return read;
  return usage;
}

absl::StatusOr<Seen> ReadSeen(const storage::RecordReader& records, const TermKey& term) {
  const auto value = records.Get(Table::kLedgerTerms, KeyOf(term));
  if (!value.ok()) return value.status();
  return value->has_value() ? SeenIn(**value) : Seen();
}

absl::StatusOr<LastMet> ReadLastMet(const storage::RecordReader& records, const TermKey& term,
                                    absl::Span<const std::string_view> subjects) {
  LastMet last(subjects.size());
  const auto value = records.Get(Table::kLedgerTerms, KeyOf(term));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return last;
  const absl::Status walked = WalkMet(**value, [&](std::string_view met, int64_t window_time_unix_us) {
    const auto subject = std::find(subjects.begin(), subjects.end(), met);
    if (subject != subjects.end()) last[static_cast<size_t>(subject - subjects.begin())] = absl::FromUnixMicros(window_time_unix_us);
  });
  if (!walked.ok()) return walked;
  return last;
}

std::string CountedOf(Table table, std::string_view key, std::string_view value, absl::Time now) {
  if (table == Table::kLedger) {
    const std::optional<WindowSlot> slot = SlotIn(key);
    return slot.has_value() && EndOf(slot->window, slot->slot) <= now ? "" : std::string(value);
  }
  absl::StatusOr<Seen> seen = SeenIn(value);
  if (!seen.ok()) return std::string(value);
  std::erase_if(*seen, [now](const auto& met) { return met.second + LongestCounted() <= now; });
  return ValueOf(*seen);
}

void PutTouched(const LedgerBook& book, const Touched& touched, storage::Batch* batch) {
  for (const SlotKey& key : touched.slots) Put(Table::kLedger, KeyOf(key), ValueOf(book.usages.at(key.subject).At(key.slot)), batch);
  for (const TermKey& term : touched.terms) Put(Table::kLedgerTerms, KeyOf(term), ValueOf(book.seen.at(term)), batch);
}

void ForEachRow(const LedgerBook& book, LedgerRow row) {
  for (const auto& [subject, usage] : book.usages) {
    usage.ForEach([&, &id = subject](const WindowSlot& slot, const Amounts& amounts) {
      if (const std::string value = ValueOf(amounts); !value.empty()) row(Table::kLedger, KeyOf(SlotKey{id, slot}), value);
    });
  }
  for (const auto& [term, seen] : book.seen) {
    if (const std::string value = ValueOf(seen); !value.empty()) row(Table::kLedgerTerms, KeyOf(term), value);
  }
}

}  // namespace otokura::access
