// Throw-away certificates for one test process, made by deploy/pki as the demo's are.
#ifndef OTOKURA_TESTS_INTEGRATION_PKI_H_
#define OTOKURA_TESTS_INTEGRATION_PKI_H_

#include <string>
#include <vector>

namespace otokura::integration {

inline constexpr char kTrustDomain[] = "test.otokura.example";

// A folder of its own below the test's temporary folder, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Aborts where the file cannot be read: a test cannot go on.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& content);

// The exit status, or minus the signal that ended it. Output goes to `output_path`, or nowhere.
int RunCommand(const std::vector<std::string>& arguments, const std::string& output_path = "/dev/null");

class Pki {
 public:
  // One for the whole process: issuing costs more than most tests.
  static const Pki& Ours();
  // An authority that the gateway does not know, for the same names.
  static const Pki& Foreign();

  explicit Pki(const std::string& trust_domain);
  // A fresh gateway pair "<name>.pem", "<name>.key".
  void IssueServer(const std::string& name) const;
  std::string CertificateFile(const std::string& account) const;  // issued at first use; "<name>-expired" has expired
  std::string Certificate(const std::string& account) const { return ReadFile(CertificateFile(account)); }
  void IssueFor(const std::string& account, int days) const {
    Run({"account", folder_.path() + "/pki", account, "--days", std::to_string(days)});
  }
  void IssueAgain(const std::string& account) const { Run({"account", folder_.path() + "/pki", account}); }  // with a fresh key
  std::string PrivateKeyFile(const std::string& account) const {
    CertificateFile(account);
    return File(account + ".key");
  }
  std::string PrivateKey(const std::string& account) const { return ReadFile(PrivateKeyFile(account)); }
  std::string File(const std::string& name) const { return folder_.path() + "/pki/" + name; }

 private:
  void Run(const std::vector<std::string>& arguments) const;

  TemporaryFolder folder_;
};

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_PKI_H_
