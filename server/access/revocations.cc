#include "server/access/revocations.h"

#include <fstream>
#include <iterator>
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

absl::Status Revocations::Read() {
  absl::StatusOr<std::string> crl = ReadPem("tls.client_crl_file", crl_file_);
  if (!crl.ok()) return crl.status();
  absl::StatusOr<std::string> ca = ReadPem("tls.client_ca_file", ca_file_);
  if (!ca.ok()) return ca.status();
  absl::StatusOr<crypto::RevocationList> list = crypto::ReadRevocationList(*crl, *ca);
  if (!list.ok()) return list.status();
  // Nobody brings back an older list under which fewer are revoked.
  if (list->next_update_unix_s < next_update_unix_s_) {
    return absl::FailedPreconditionError("tls.client_crl_file: older than the list in force; fetch a fresh one");
  }
  next_update_unix_s_ = list->next_update_unix_s;
  absl::MutexLock lock(&mutex_);
  revoked_ = {std::make_move_iterator(list->serials.begin()), std::make_move_iterator(list->serials.end())};
  is_read_ = true;
  return absl::OkStatus();
}

absl::Status Revocations::Reload(absl::Time now) {
  if (crl_file_.empty()) return absl::OkStatus();
  absl::MutexLock reload(&reload_mutex_);
  absl::Status status = Read();
  // The list in force ages too, so it is asked again even where a new one could not be read.
  const bool is_stale = next_update_unix_s_ != 0 && absl::FromUnixSeconds(next_update_unix_s_) < now;
  if (status.ok() && is_stale) status = absl::FailedPreconditionError("tls.client_crl_file: its next update is past; fetch a fresh one");
  stale_->store(is_stale, std::memory_order_release);
  absl::MutexLock lock(&mutex_);
  for (auto watched = watched_.begin(); watched != watched_.end();) {
    const std::shared_ptr<std::atomic<bool>> flag = watched->second.lock();
    if (flag != nullptr) flag->store(IsRevoked(watched->first), std::memory_order_release);
    watched = flag != nullptr ? std::next(watched) : watched_.erase(watched);
  }
  return status;
}

std::shared_ptr<const std::atomic<bool>> Revocations::Watch(const std::string& serial) {
  absl::MutexLock lock(&mutex_);
  std::weak_ptr<std::atomic<bool>>& watched = watched_[serial];
  std::shared_ptr<std::atomic<bool>> flag = watched.lock();
  if (flag == nullptr) {
    flag = std::make_shared<std::atomic<bool>>(IsRevoked(serial));
    watched = flag;
  }
  return flag;
}

}  // namespace otokura::access
