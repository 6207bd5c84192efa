// What the measurements are made with: elapsed and processor time, percentiles, and lines of JSON.
#ifndef OTOKURA_TESTS_BENCH_MEASURE_H_
#define OTOKURA_TESTS_BENCH_MEASURE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::bench {

// A measurement that cannot go on says why and ends the program.
void Demand(const absl::Status& status);
template <typename T>
T Demand(absl::StatusOr<T> result) {
  Demand(result.status());
  return *std::move(result);
}

// From its making on: time that passed, and processor time that this process used, all threads together.
class Stopwatch {
 public:
  Stopwatch();
  double seconds() const;
  double cpu_seconds() const;

 private:
  const std::chrono::steady_clock::time_point start_;
  const double cpu_start_;
};

// Latencies, in microseconds.
class Latencies {
 public:
  void Add(const Stopwatch& since) { microseconds_.push_back(since.seconds() * 1e6); }
  double Percentile(double percent);

 private:
  std::vector<double> microseconds_;
};

// One measurement: printed as a line of JSON when it goes.
class Line {
 public:
  explicit Line(std::string_view measure);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  Line& Add(std::string_view name, double value);
  Line& Add(std::string_view name, uint64_t value);

 private:
  std::string text_;
};

class Folder {
 public:
  Folder();  // in $TMPDIR, which should be on the disk in question
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(std::string_view name) const;
  uint64_t Bytes(std::string_view below) const;  // of all files in that subfolder

 private:
  std::string path_;
};

// The file system's own speed, beside which the log's is to be read: appends a few KB and makes them durable.
class SyncedFile {
 public:
  explicit SyncedFile(const std::string& path);
  ~SyncedFile();
  SyncedFile(const SyncedFile&) = delete;
  SyncedFile& operator=(const SyncedFile&) = delete;
  void Append(size_t bytes);

 private:
  const int descriptor_;
};

}  // namespace otokura::bench

#endif  // OTOKURA_TESTS_BENCH_MEASURE_H_
