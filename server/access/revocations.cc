#include "server/access/revocations.h"

#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/certificate.h"

namespace otokura::access {
namespace {

constexpr std::streamsize kFileBytesMax = std::streamsize{8} << 20;  // about a hundred thousand revocations

absl::StatusOr<std::string> ReadPem(const std::string& field, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(static_cast<size_t>(kFileBytesMax) + 1, '\0');
  if (file) file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.eof())
    return absl::NotFoundError(absl::StrCat(field, ": ", path, " cannot be read, or has more than ", kFileBytesMax, " bytes"));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

}  // namespace

absl::Status Revocations::Read(absl::Time now) {
  absl::StatusOr<std::string> crl = ReadPem("tls.client_crl_file", crl_file_);
  if (!crl.ok()) return crl.status();
  absl::StatusOr<std::string> ca = ReadPem("tls.client_ca_file", ca_file_);
  if (!ca.ok()) return ca.status();
  if (absl::StatusOr<std::vector<std::string>> serials = crypto::RevokedSerials(*crl, *ca, absl::ToUnixSeconds(now)); !serials.ok())
    return serials.status();
  crl_pem_ = *std::move(crl);
  ca_pem_ = *std::move(ca);
  return absl::OkStatus();
}

absl::Status Revocations::Reload(absl::Time now) {
  if (crl_file_.empty()) return absl::OkStatus();
  absl::MutexLock reload(&reload_mutex_);
  const absl::Status read = Read(now);
  // The list in force ages too, so it is asked again even where a new one could not be read.
  const absl::StatusOr<std::vector<std::string>> in_force = crypto::RevokedSerials(crl_pem_, ca_pem_, absl::ToUnixSeconds(now));
  absl::MutexLock lock(&mutex_);
  stale_ = !in_force.ok();
  if (in_force.ok()) revoked_ = {in_force->begin(), in_force->end()};
  for (auto watched = watched_.begin(); watched != watched_.end();) {
    const std::shared_ptr<std::atomic<bool>> flag = watched->second.lock();
    if (flag != nullptr) flag->store(stale_ || revoked_.count(watched->first) > 0, std::memory_order_release);
    watched = flag != nullptr ? std::next(watched) : watched_.erase(watched);
  }
  return read;
}

std::shared_ptr<const std::atomic<bool>> Revocations::Watch(const std::string& serial) {
  absl::MutexLock lock(&mutex_);
  std::weak_ptr<std::atomic<bool>>& watched = watched_[serial];
  std::shared_ptr<std::atomic<bool>> flag = watched.lock();
  if (flag == nullptr) {
    flag = std::make_shared<std::atomic<bool>>(stale_ || revoked_.count(serial) > 0);
    watched = flag;
  }
  return flag;
}

bool Revocations::stale() const {
  absl::MutexLock lock(&mutex_);
  return stale_;
}

}  // namespace otokura::access
