#include "tests/fault/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/fault/library_site.h"
#include "tests/integration/pki.h"

extern char** environ;

namespace otokura::fault {

Process::Process(const std::vector<std::string>& command, std::string output_path) : output_path_(std::move(output_path)) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  const int spawned = posix_spawn(&id_, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (spawned == 0) return;
  id_ = 0;
  ADD_FAILURE() << "cannot run " << command[0];
}

Process::~Process() {
  if (id_ == 0) return;
  Signal(SIGKILL);
  Wait();
}

void Process::Signal(int number) const {
  if (id_ != 0) kill(id_, number);
}

int Process::Wait() {
  if (id_ == 0) return -1;
  int status = 0;
  waitpid(id_, &status, 0);
  id_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string Process::output() const { return integration::ReadFile(output_path_); }

std::string Process::LastLine(const std::string& word) const {
  std::ifstream file(output_path_);
  std::string last;
  for (std::string line; std::getline(file, line) && !file.eof();) {
    if (line.rfind(word + " ", 0) == 0) last = line.substr(word.size() + 1);
  }
  return last;
}

bool WaitFor(const std::function<bool()>& reached) {
  const client::Time deadline = Deadline();
  while (!reached()) {
    if (std::chrono::system_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

uint64_t ResidentBytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  ADD_FAILURE() << "no VmRSS of process " << process;
  return 0;
}

std::vector<std::string> FaultProgram(const std::string& name, const client::ConnectionOptions& connection,
                                      const std::vector<std::string>& arguments) {
  const char* folder = std::getenv("OTOKURA_FAULT_PROGRAMS");
  EXPECT_NE(folder, nullptr) << "run the tests by ctest";
  std::vector<std::string> command{std::string(folder == nullptr ? "." : folder) + "/" + name, connection.gateway, connection.ca_file,
                                   connection.certificate_file, connection.private_key_file};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace otokura::fault
