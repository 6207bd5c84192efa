#include "server/audit/anchors/curl_handle.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace otokura::audit {
namespace {

int IsCancelled(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(cancelled)->load() ? 1 : 0;
}

}  // namespace

CurlHandle::CurlHandle(std::unique_ptr<CURL, Deleter> curl, std::string server) : curl_(std::move(curl)), server_(std::move(server)) {
  Set(CURLOPT_NOSIGNAL, 1L);  // no SIGALRM in a process of many threads
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_PROXY, "");
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_ERRORBUFFER, error_);
}

absl::StatusOr<std::unique_ptr<CurlHandle>> CurlHandle::Create(std::string server) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);  // once a process, thread-safe by this
  std::unique_ptr<CURL, Deleter> curl(initialised == CURLE_OK ? curl_easy_init() : nullptr);
  if (curl == nullptr) return absl::ResourceExhaustedError(absl::StrCat(server, ": no connection to be had; is memory short?"));
  return std::unique_ptr<CurlHandle>(new CurlHandle(std::move(curl), std::move(server)));
}

absl::Status CurlHandle::Refused(CURLcode code) const {
  return absl::InvalidArgumentError(absl::StrCat(server_, ": ", curl_easy_strerror(code)));
}

void CurlHandle::SetTls(const std::string& ca_file, const std::string& certificate_file, const std::string& private_key_file) {
  if (!ca_file.empty()) {
    Set(CURLOPT_CAINFO, ca_file.c_str());
    Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // these authorities and no others
  }
  if (!certificate_file.empty()) {
    Set(CURLOPT_SSLCERT, certificate_file.c_str());
    Set(CURLOPT_SSLKEY, private_key_file.c_str());
  }
}

void CurlHandle::SetCancel(const std::atomic<bool>* cancelled) {
  Set(CURLOPT_NOPROGRESS, 0L);
  Set(CURLOPT_XFERINFOFUNCTION, &IsCancelled);
  Set(CURLOPT_XFERINFODATA, cancelled);
}

absl::Status CurlHandle::Perform() {
  if (!configured_.ok()) return configured_;
  error_[0] = '\0';
  return ToStatus(curl_easy_perform(curl_.get()));
}

absl::Status CurlHandle::ToStatus(CURLcode code) const {
  const std::string message = absl::StrCat(server_, ": ", error_[0] == '\0' ? curl_easy_strerror(code) : error_);
  switch (code) {
    case CURLE_OK:
      return absl::OkStatus();
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError(message);
    case CURLE_PEER_FAILED_VERIFICATION:
      return absl::PermissionDeniedError(message);
    case CURLE_ABORTED_BY_CALLBACK:
      return absl::CancelledError(message);
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace otokura::audit
