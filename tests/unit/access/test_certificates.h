// An authority for tests: issues client certificates with any names and validity, and revocation lists.
#ifndef OTOKURA_TESTS_UNIT_ACCESS_TEST_CERTIFICATES_H_
#define OTOKURA_TESTS_UNIT_ACCESS_TEST_CERTIFICATES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace otokura::access {

struct IssuedCertificate {
  std::string certificate_pem;
  std::string private_key_pem;
  int64_t serial = 0;
};

struct Issue {
  std::vector<std::string> uris;
  absl::Time not_before;
  absl::Time not_after;
  std::string same_key_as;  // private key PEM of an earlier certificate; empty makes a fresh key
};

// P-256 keys. Aborts the test process where OpenSSL fails. One thread at a time.
class TestAuthority {
 public:
  // Valid from a day before `now` for ten years.
  explicit TestAuthority(absl::Time now);
  ~TestAuthority();

  const std::string& certificate_pem() const { return certificate_pem_; }
  IssuedCertificate Make(const Issue& issue);
  // Valid from an hour before `now` for a year.
  IssuedCertificate ForAccount(const std::string& trust_domain, const std::string& account, absl::Time now);
  std::string RevocationList(const std::vector<int64_t>& serials, absl::Time this_update, absl::Time next_update);

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string certificate_pem_;
  int64_t next_serial_ = 1000;
};

}  // namespace otokura::access

#endif  // OTOKURA_TESTS_UNIT_ACCESS_TEST_CERTIFICATES_H_
