// Certificates as they were read before: a peer shows the same one with every request, and reading it takes longer than all else that a
// refusal does.
#ifndef OTOKURA_SERVER_ACCESS_CERTIFICATE_CACHE_H_
#define OTOKURA_SERVER_ACCESS_CERTIFICATE_CACHE_H_

#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "crypto/certificate.h"

namespace otokura::access {

// Thread-safe. What a certificate says never changes; whether it is good at a time is not kept here.
class CertificateCache {
 public:
  static constexpr size_t kCertificatesMax = 4096;  // two megabytes; when it is full, it begins anew

  // As crypto::ParseCertificate. Errors are not kept.
  absl::StatusOr<crypto::Certificate> Read(std::string_view pem);

 private:
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, crypto::Certificate> by_digest_ ABSL_GUARDED_BY(mutex_);  // SHA-256 of the PEM text
};

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_CERTIFICATE_CACHE_H_
