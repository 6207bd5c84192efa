// Another program, run beside the test and ended at will.
#ifndef OTOKURA_TESTS_FAULT_PROCESS_H_
#define OTOKURA_TESTS_FAULT_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "otokura/connection.h"

namespace otokura::fault {

class Process {
 public:
  // Its standard output goes to `output_path`, which is emptied first; what it says as errors goes to the test's.
  Process(const std::vector<std::string>& command, std::string output_path);
  Process(const Process&) = delete;
  ~Process();  // kills it
  pid_t id() const { return id_; }
  void Signal(int number) const;
  // The exit status, or minus the signal that ended it.
  int Wait();
  std::string output() const;
  // What stands behind `word` in the last whole line that begins with it; empty where there is none.
  std::string LastLine(const std::string& word) const;

 private:
  const std::string output_path_;
  pid_t id_ = 0;
};

// False where it did not come to pass before the deadline of library_site.h.
bool WaitFor(const std::function<bool()>& reached);

// VmRSS of a process, in bytes.
uint64_t ResidentBytes(pid_t process);

// A program of tests/fault, with the arguments that all of them begin with: gateway, CA, certificate, key.
std::vector<std::string> FaultProgram(const std::string& name, const client::ConnectionOptions& connection,
                                      const std::vector<std::string>& arguments);

}  // namespace otokura::fault

#endif  // OTOKURA_TESTS_FAULT_PROCESS_H_
