// The ledger's arithmetic against a list of everything that ever left.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <set>

#include "server/access/egress/ledger_book.h"
#include "server/access/egress/ledger_rows.h"
#include "server/storage/memory_engine.h"

namespace otokura::access {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'750'000'000);

Term Recording(int number) { return {Measure::kRecordings, std::string(16, static_cast<char>('a' + number))}; }

LedgerEvent Charge(absl::Time at, std::vector<Term> terms, uint64_t bytes = 0, uint64_t rows = 0) {
  return {at, {std::string(kSubjectIdBytes, 's')}, false, bytes, rows, std::move(terms)};
}

const Usage& UsageIn(LedgerBook& book) { return book.usages[std::string(kSubjectIdBytes, 's')]; }

// All that left in (from, to].
Amounts LeftIn(const std::vector<LedgerEvent>& events, absl::Time from, absl::Time to) {
  Amounts left{};
  std::set<std::string> recordings;
  for (const LedgerEvent& event : events) {
    if (event.at <= from || event.at > to) continue;
    Of(left, Measure::kAudioBytes) += event.audio_bytes;
    Of(left, Measure::kRows) += event.rows;
    for (const Term& term : event.terms) recordings.insert(term.value);
  }
  Of(left, Measure::kRecordings) = recordings.size();
  return left;
}

TEST(Ledger, I5_CountsNeverLessThanLeftAndNoMoreThanASlotBeyond) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  LedgerBook book;
  Touched touched;
  std::vector<LedgerEvent> events;
  absl::Time now = kStart;
  for (int i = 0; i < 3000; ++i) {
    // Bursts, hours, and now and then weeks: 400 days and more in all.
    const int64_t steps[] = {1, 60, 1000, 20'000, 600'000};
    now += absl::Seconds(1 + random() % steps[random() % 5]);
    events.push_back(Charge(now, {Recording(static_cast<int>(random() % 20))}, random() % 1000, random() % 3));
    book.Apply(events.back(), &touched);
    for (const v1::Window window : kWindows) {
      const Amounts counted = UsageIn(book).In(window, now);
      const Amounts least = LeftIn(events, now - LengthOf(window), now);
      const Amounts most = LeftIn(events, now - LengthOf(window) - SlotLengthOf(window), now);
      for (size_t measure = 0; measure < counted.size(); ++measure) {
        ASSERT_GE(counted[measure], least[measure]) << WindowName(window) << ", measure " << measure << ", event " << i;
        ASSERT_LE(counted[measure], most[measure]) << WindowName(window) << ", measure " << measure << ", event " << i;
      }
    }
  }
  EXPECT_GT(now - kStart, absl::Hours(400 * 24));
}

TEST(Ledger, ARecordingCountsOnceAndItsBytesEachTime) {
  LedgerBook book;
  Touched touched;
  for (int i = 0; i < 5; ++i) book.Apply(Charge(kStart + absl::Minutes(i), {Recording(1)}, 100), &touched);
  for (const v1::Window window : kWindows) {
    EXPECT_EQ(Of(UsageIn(book).In(window, kStart + absl::Minutes(5)), Measure::kRecordings), 1u);
    EXPECT_EQ(Of(UsageIn(book).In(window, kStart + absl::Minutes(5)), Measure::kAudioBytes), 500u);
  }
}

TEST(Ledger, AnotherYearsPseudonymIsTheSameCaller) {
  LedgerBook book;
  Touched touched;
  const std::string old(16, 'o'), renewed(16, 'n');
  book.Apply(Charge(kStart, {{Measure::kCallers, old}}), &touched);
  book.Apply(Charge(kStart + absl::Minutes(1), {{Measure::kCallers, renewed, old}}), &touched);
  book.Apply(Charge(kStart + absl::Minutes(2), {{Measure::kCallers, renewed, old}}), &touched);
  EXPECT_EQ(Of(UsageIn(book).In(v1::HOUR, kStart + absl::Minutes(3)), Measure::kCallers), 1u);
}

TEST(Ledger, WhatIsGivenBackIsGivenBackWhereItWasTaken) {
  LedgerBook book;
  Touched touched;
  book.Apply(Charge(kStart, {Recording(1)}, 1000, 10), &touched);
  LedgerEvent rest = Charge(kStart, {}, 900, 8);
  rest.gives_back = true;
  book.Apply(rest, &touched);
  const Amounts left = UsageIn(book).In(v1::DAY, kStart + absl::Hours(1));
  EXPECT_EQ(Of(left, Measure::kAudioBytes), 100u);
  EXPECT_EQ(Of(left, Measure::kRows), 2u);
  EXPECT_EQ(Of(left, Measure::kRecordings), 1u) << "it was opened, however little of it left";
  rest.at = kStart - absl::Hours(48);
  book.Apply(rest, &touched);
  EXPECT_EQ(Of(UsageIn(book).In(v1::DAY, kStart + absl::Hours(1)), Measure::kAudioBytes), 100u) << "its slot is gone";
}

TEST(Ledger, SaysWhenThereIsRoomAgain) {
  LedgerBook book;
  Touched touched;
  book.Apply(Charge(kStart, {}, 600), &touched);
  book.Apply(Charge(kStart + absl::Hours(3), {}, 400), &touched);
  const absl::Time now = kStart + absl::Hours(4);
  const absl::Time first = UsageIn(book).FreesAt(v1::DAY, now, Measure::kAudioBytes, 600);
  EXPECT_GE(first, kStart + absl::Hours(24));
  EXPECT_LE(first, kStart + absl::Hours(25));
  EXPECT_EQ(Of(UsageIn(book).In(v1::DAY, first), Measure::kAudioBytes), 400u);
  EXPECT_EQ(Of(UsageIn(book).In(v1::DAY, first - absl::Microseconds(1)), Measure::kAudioBytes), 1000u);
  EXPECT_GE(UsageIn(book).FreesAt(v1::DAY, now, Measure::kAudioBytes, 601), kStart + absl::Hours(27));
  EXPECT_EQ(UsageIn(book).FreesAt(v1::DAY, now, Measure::kAudioBytes, 1001), absl::InfiniteFuture());
}

TEST(Ledger, ASlotCountsToTheMomentItEnds) {
  for (const v1::Window window : kWindows) {
    const Slot slot = SlotAt(window, kStart);
    const absl::Time end = EndOf(window, slot);
    for (const auto& [now, first] : {std::pair(end - absl::Nanoseconds(1), slot),
                                     {end, slot + 1},
                                     {end + SlotLengthOf(window), slot + 2},
                                     {kStart, SlotAt(window, kStart - LengthOf(window))}}) {
      EXPECT_EQ(FirstCounted(window, now), first) << WindowName(window) << " " << now;
    }
    EXPECT_EQ(FirstCounted(window, absl::UnixEpoch()), 0u);
  }
}

TEST(Ledger, LastMetIsOfEachSubjectAlone) {
  auto engine = storage::MemoryEngine::Create();
  LedgerBook book;
  Touched touched;
  const std::string one(kSubjectIdBytes, '1'), other(kSubjectIdBytes, '2'), never(kSubjectIdBytes, '3');
  book.Apply({kStart, {one, other}, false, 0, 0, {Recording(1)}}, &touched);
  book.Apply({kStart + absl::Hours(1), {other}, false, 0, 0, {Recording(1)}}, &touched);
  storage::Batch batch;
  PutTouched(book, touched, &batch);
  ASSERT_EQ(engine->records().Commit(batch), absl::OkStatus());
  const auto last = ReadLastMet(engine->records(), KeyOf(Recording(1)), {other, never, one});
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(*last, (LastMet{kStart + absl::Hours(1), std::nullopt, kStart}));
  EXPECT_EQ(*ReadLastMet(engine->records(), KeyOf(Recording(2)), {one}), LastMet{std::nullopt});
}

TEST(Ledger, RowsHoldIt) {
  auto engine = storage::MemoryEngine::Create();
  LedgerBook book;
  std::mt19937 random(7);
  absl::Time now = kStart;
  for (int i = 0; i < 500; ++i) {
    now += absl::Seconds(random() % 400'000);
    Touched touched;
    book.Apply(Charge(now, {Recording(static_cast<int>(random() % 20))}, random() % 3), &touched);
    storage::Batch batch;
    PutTouched(book, touched, &batch);
    ASSERT_EQ(engine->records().Commit(batch), absl::OkStatus());
  }
  const auto read = ReadUsage(engine->records(), std::string(kSubjectIdBytes, 's'));
  ASSERT_TRUE(read.ok()) << read.status();
  for (const v1::Window window : kWindows) EXPECT_EQ(read->In(window, now), UsageIn(book).In(window, now));
  uint64_t rows = 0;
  ForEachRow(book, [&](storage::Table table, const std::string& key, const std::string& value) {
    const auto stored = engine->records().Get(table, key);
    ASSERT_TRUE(stored.ok() && stored->has_value());
    EXPECT_EQ(**stored, value);
    ++rows;
  });
  uint64_t stored = 0;
  for (const storage::Table table : {storage::Table::kLedger, storage::Table::kLedgerTerms}) {
    ASSERT_EQ(engine->records().Scan(table, {}, [&](std::string_view, std::string_view) { return ++stored > 0; }), absl::OkStatus());
  }
  EXPECT_EQ(stored, rows) << "what no longer counts is not kept";
}

}  // namespace
}  // namespace otokura::access
