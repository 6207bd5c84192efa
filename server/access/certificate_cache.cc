#include "server/access/certificate_cache.h"

#include "crypto/sha256.h"

namespace otokura::access {

absl::StatusOr<crypto::Certificate> CertificateCache::Read(std::string_view pem) {
  const std::string digest = crypto::Sha256(pem);
  {
    absl::MutexLock lock(&mutex_);
    if (const auto known = by_digest_.find(digest); known != by_digest_.end()) return known->second;
  }
  absl::StatusOr<crypto::Certificate> certificate = crypto::ParseCertificate(pem);
  if (!certificate.ok()) return certificate;
  absl::MutexLock lock(&mutex_);
  if (by_digest_.size() >= kCertificatesMax) by_digest_.clear();
  by_digest_.insert_or_assign(digest, *certificate);
  return certificate;
}

}  // namespace otokura::access
