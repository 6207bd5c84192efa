// A file that exists when it is complete, and not before.
#ifndef OTOKURA_CLIENT_COMMAND_OUTPUT_FILE_H_
#define OTOKURA_CLIENT_COMMAND_OUTPUT_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/posix_file.h"

namespace otokura::client {

// Written under a temporary name beside `path`, readable by its owner only, and removed on destruction unless Commit came first.
class OutputFile {
 public:
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path);
  ~OutputFile();
  absl::Status Write(std::string_view data) { return WriteAll(file_.get(), data, temporary_); }
  absl::Status Commit();

 private:
  OutputFile(FileDescriptor file, std::string temporary, std::string path)
      : file_(std::move(file)), temporary_(std::move(temporary)), path_(std::move(path)) {}

  FileDescriptor file_;
  const std::string temporary_;
  const std::string path_;
  bool committed_ = false;
};

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_OUTPUT_FILE_H_
