#include "tests/integration/pki.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

extern char** environ;

namespace otokura::integration {
namespace {

constexpr char kExpiredSuffix[] = "-expired";

[[noreturn]] void Abort(const std::string& what) {
  std::fprintf(stderr, "test harness: %s\n", what.c_str());
  std::abort();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "otokura-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) Abort("no temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Abort("cannot read " + path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) Abort("cannot write " + path);
}

int RunCommand(const std::vector<std::string>& arguments, const std::string& output_path) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  const int spawned = posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (spawned != 0) Abort("cannot run " + arguments[0]);
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) Abort("lost " + arguments[0]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

const Pki& Pki::Ours() {
  static const Pki pki(kTrustDomain);
  return pki;
}

const Pki& Pki::Foreign() {
  static const Pki pki(kTrustDomain);
  return pki;
}

Pki::Pki(const std::string& trust_domain) {
  Run({"init", folder_.path() + "/pki", "--trust-domain", trust_domain});
  IssueServer("gateway");
}

void Pki::IssueServer(const std::string& name) const { Run({"server", folder_.path() + "/pki", "--name", name}); }

std::string Pki::CertificateFile(const std::string& account) const {
  const std::string path = File(account + ".pem");
  if (std::filesystem::exists(path)) return path;
  const size_t suffix = account.rfind(kExpiredSuffix);
  if (suffix != std::string::npos) {
    Run({"account", folder_.path() + "/pki", account, "--expired"});
  } else {
    Run({"account", folder_.path() + "/pki", account});
  }
  return path;
}

void Pki::Run(const std::vector<std::string>& arguments) const {
  const char* pki = std::getenv("OTOKURA_PKI");
  if (pki == nullptr) Abort("OTOKURA_PKI is not set; run the tests by ctest");
  std::vector<std::string> command{"bash", pki};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::string output = folder_.path() + "/said";
  if (RunCommand(command, output) != 0) Abort("deploy/pki " + arguments[0] + ": " + ReadFile(output));
}

}  // namespace otokura::integration
