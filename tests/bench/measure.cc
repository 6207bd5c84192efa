#include "tests/bench/measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace otokura::bench {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

double CpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

void Demand(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

Stopwatch::Stopwatch() : start_(std::chrono::steady_clock::now()), cpu_start_(CpuSeconds()) {}
double Stopwatch::seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
double Stopwatch::cpu_seconds() const { return CpuSeconds() - cpu_start_; }

double Latencies::Percentile(double percent) {
  std::sort(microseconds_.begin(), microseconds_.end());
  const auto rank = static_cast<size_t>(percent / 100 * static_cast<double>(microseconds_.size()));
  return microseconds_[std::min(rank, microseconds_.size() - 1)];
}

Line::Line(std::string_view measure) : text_(absl::StrCat("{\"measure\": \"", View(measure), "\"")) {}
Line::~Line() { std::cout << text_ << "}" << std::endl; }

Line& Line::Add(std::string_view name, double value) {
  absl::StrAppendFormat(&text_, ", \"%s\": %.2f", View(name), value);
  return *this;
}

Line& Line::Add(std::string_view name, uint64_t value) {
  absl::StrAppend(&text_, ", \"", View(name), "\": ", value);
  return *this;
}

Folder::Folder() : path_((std::filesystem::temp_directory_path() / "otokura-bench-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) Demand(absl::UnavailableError("no temporary folder; set TMPDIR"));
}
Folder::~Folder() { std::filesystem::remove_all(path_); }
std::string Folder::operator/(std::string_view name) const { return absl::StrCat(path_, "/", View(name)); }

uint64_t Folder::Bytes(std::string_view below) const {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(*this / below)) {
    std::error_code gone;  // a file that was compacted away meanwhile
    const uint64_t size = file.is_regular_file(gone) ? file.file_size(gone) : 0;
    bytes += gone ? 0 : size;
  }
  return bytes;
}

SyncedFile::SyncedFile(const std::string& path) : descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) Demand(absl::UnavailableError("cannot make a file in the temporary folder"));
}
SyncedFile::~SyncedFile() { close(descriptor_); }

void SyncedFile::Append(size_t bytes) {
  const std::string block(bytes, 'x');
  if (write(descriptor_, block.data(), block.size()) != static_cast<ssize_t>(block.size()) || fdatasync(descriptor_) != 0) {
    Demand(absl::UnavailableError("cannot write to the temporary folder"));
  }
}

}  // namespace otokura::bench
