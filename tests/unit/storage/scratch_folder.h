// A folder of a test's own, gone with it.
#ifndef OTOKURA_TESTS_UNIT_STORAGE_SCRATCH_FOLDER_H_
#define OTOKURA_TESTS_UNIT_STORAGE_SCRATCH_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace otokura::storage {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "otokura-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "no scratch folder at " << pattern;
    path_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace otokura::storage

#endif  // OTOKURA_TESTS_UNIT_STORAGE_SCRATCH_FOLDER_H_
