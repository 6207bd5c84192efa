// Certificates for the client's tests.
#ifndef OTOKURA_TESTS_UNIT_CLIENT_TEST_PKI_H_
#define OTOKURA_TESTS_UNIT_CLIENT_TEST_PKI_H_

#include <string>

#include "otokura/connection.h"

namespace otokura::client {

// A throw-away authority with a gateway's and a recorder's certificate, made by deploy/pki in a temporary folder.
class TestPki {
 public:
  TestPki();
  ~TestPki();
  const std::string& folder() const { return folder_; }
  ConnectionOptions Connection(const std::string& account, const std::string& gateway) const;

 private:
  std::string folder_;
};

}  // namespace otokura::client

#endif  // OTOKURA_TESTS_UNIT_CLIENT_TEST_PKI_H_
