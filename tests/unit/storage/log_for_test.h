// A log in its simplest form, for tests of the committer: a text an entry, its place from a counter that the store keeps.
#ifndef OTOKURA_TESTS_UNIT_STORAGE_LOG_FOR_TEST_H_
#define OTOKURA_TESTS_UNIT_STORAGE_LOG_FOR_TEST_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/storage/committer.h"

namespace otokura::storage {

struct TextDraft : LogDraft {
  explicit TextDraft(std::string t) : text(std::move(t)) {}
  const std::string text;
  bool prepared = false;
};

inline std::string LogKey(uint64_t sequence) { return absl::StrCat(absl::Dec(sequence, absl::kZeroPad16)); }

// An entry whose text is kRefusedText is refused.
inline constexpr char kRefusedText[] = "refuse me";

class LogForTest : public LogSequencer {
 public:
  explicit LogForTest(RecordStore* store) : store_(store) {}

  void Prepare(LogDraft& draft) const override { static_cast<TextDraft&>(draft).prepared = true; }

  absl::Status Sequence(absl::Span<const std::unique_ptr<LogDraft>> drafts, Batch* batch, std::vector<uint64_t>* sequences) override {
    for (const std::unique_ptr<LogDraft>& draft : drafts) {
      if (!static_cast<const TextDraft&>(*draft).prepared) return absl::InternalError("entry: not prepared");
      if (static_cast<const TextDraft&>(*draft).text == kRefusedText) return absl::InvalidArgumentError("entry: refused");
    }
    for (const std::unique_ptr<LogDraft>& draft : drafts) {
      batch->Put(Table::kLog, LogKey(next_), static_cast<const TextDraft&>(*draft).text);
      sequences->push_back(next_++);
    }
    return absl::OkStatus();
  }

  void Conclude(Batch* batch) const override { batch->Put(Table::kMeta, "head", absl::StrCat(next_)); }

  void Committed() override { ++committed_; }

  absl::Status Reload() override {
    ++reloads_;
    const absl::StatusOr<std::optional<std::string>> head = store_->Get(Table::kMeta, "head");
    if (!head.ok()) return head.status();
    next_ = 0;
    return !head->has_value() || absl::SimpleAtoi(**head, &next_) ? absl::OkStatus() : absl::DataLossError("head");
  }

  // Read once the committer is drained or gone.
  uint64_t next() const { return next_; }
  int committed() const { return committed_; }
  int reloads() const { return reloads_; }

 private:
  RecordStore* const store_;
  uint64_t next_ = 0;
  int committed_ = 0;
  int reloads_ = 0;
};

inline std::vector<std::string> LogOf(const RecordReader& records) {
  std::vector<std::string> texts;
  (void)records.Scan(Table::kLog, {}, [&](std::string_view key, std::string_view text) {
    texts.push_back(key == LogKey(texts.size()) ? std::string(text) : absl::StrCat("a hole before ", std::string(key)));
    return true;
  });
  return texts;
}

}  // namespace otokura::storage

#endif  // OTOKURA_TESTS_UNIT_STORAGE_LOG_FOR_TEST_H_
