#include "tests/unit/client/test_pki.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace otokura::client {
namespace {

void Run(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) {
    std::fprintf(stderr, "failed: %s\n", command.c_str());
    std::abort();
  }
}

}  // namespace

TestPki::TestPki() {
  std::string pattern = (std::filesystem::temp_directory_path() / "otokura-pki-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
  const char* script = std::getenv("OTOKURA_PKI");
  const std::string pki = std::string(script == nullptr ? "deploy/pki" : script) + " ";
  Run(pki + "init " + folder_ + "/pki --trust-domain test.example");
  Run(pki + "server " + folder_ + "/pki");
  Run(pki + "account " + folder_ + "/pki recorder");
  Run(pki + "account " + folder_ + "/pki other");
  Run(pki + "account " + folder_ + "/pki late --expired");
}

TestPki::~TestPki() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

ConnectionOptions TestPki::Connection(const std::string& account, const std::string& gateway) const {
  return {.gateway = gateway,
          .ca_file = folder_ + "/pki/ca.pem",
          .certificate_file = folder_ + "/pki/" + account + ".pem",
          .private_key_file = folder_ + "/pki/" + account + ".key"};
}

}  // namespace otokura::client
