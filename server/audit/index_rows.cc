#include "server/audit/index_rows.h"

#include <algorithm>
#include <limits>

#include "server/audit/log_rows.h"

namespace otokura::audit {
namespace {

using storage::Table;

constexpr size_t kSequenceBytes = 8;
constexpr int kVarintBits = 7;
constexpr uint8_t kVarintMore = 0x80;

void AppendVarint(uint64_t number, std::string* bytes) {
  for (; number >= kVarintMore; number >>= kVarintBits) bytes->push_back(static_cast<char>(number | kVarintMore));
  bytes->push_back(static_cast<char>(number));
}

// Takes one off the front of `*bytes`.
std::optional<uint64_t> TakeVarint(std::string_view* bytes) {
  uint64_t number = 0;
  for (int shift = 0; shift < std::numeric_limits<uint64_t>::digits && !bytes->empty(); shift += kVarintBits) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    number |= static_cast<uint64_t>(byte & ~kVarintMore) << shift;
    if ((byte & kVarintMore) == 0) return number;
  }
  return std::nullopt;
}

}  // namespace

std::string IndexKey(std::string_view prefix, uint64_t first) { return std::string(prefix).append(SequenceKey(first)); }

std::string_view IndexedPrefix(std::string_view key) {
  return key.size() <= kSequenceBytes ? std::string_view() : key.substr(0, key.size() - kSequenceBytes);
}

std::optional<std::vector<uint64_t>> IndexedEntries(std::string_view key, std::string_view value) {
  if (IndexedPrefix(key).empty()) return std::nullopt;
  std::vector<uint64_t> entries = {*ParseSequenceKey(key.substr(key.size() - kSequenceBytes))};
  while (!value.empty()) {
    const std::optional<uint64_t> step = TakeVarint(&value);
    if (!step.has_value() || *step == 0 || *step > std::numeric_limits<uint64_t>::max() - entries.back()) return std::nullopt;
    if (entries.size() == kRunEntriesMax) return std::nullopt;
    entries.push_back(entries.back() + *step);
  }
  return entries;
}

void IndexRows::Add(const std::string& prefix, uint64_t sequence) {
  Run& run = growing_[prefix];
  if (run.entries == kRunEntriesMax) full_.emplace_back(prefix, std::exchange(run, {}));
  if (run.entries == 0) {
    run.first = sequence;
  } else {
    AppendVarint(sequence - run.last, &run.further);
  }
  run.last = sequence;
  ++run.entries;
}

void IndexRows::PutInto(storage::Batch* batch) const {
  std::vector<std::pair<std::string, const std::string*>> rows;
  rows.reserve(this->rows());
  for (const auto& [prefix, run] : full_) rows.emplace_back(IndexKey(prefix, run.first), &run.further);
  for (const auto& [prefix, run] : growing_) rows.emplace_back(IndexKey(prefix, run.first), &run.further);
  std::sort(rows.begin(), rows.end());  // the store takes in what is in order with less of a search
  for (const auto& [key, further] : rows) batch->Put(Table::kLogIndex, key, *further);
}

void IndexRows::Clear() {
  growing_.clear();
  full_.clear();
}

}  // namespace otokura::audit
