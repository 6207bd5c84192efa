// One connection of libcurl, with what every anchor wants of it: one server, no proxy, no redirects, no signals.
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_CURL_HANDLE_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_CURL_HANDLE_H_

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace otokura::audit {

// One thread at a time.
class CurlHandle {
 public:
  // `server` names it in errors. RESOURCE_EXHAUSTED where the library gives no handle.
  static absl::StatusOr<std::unique_ptr<CurlHandle>> Create(std::string server);

  // What the library refuses is told by the next Perform.
  template <typename Value>
  void Set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl_.get(), option, value);
    if (code != CURLE_OK && configured_.ok()) configured_ = Refused(code);
  }
  // Whom to believe (empty: the system's authorities), and what to show of ourselves (both empty: nothing). PEM files, copied by the
  // library.
  void SetTls(const std::string& ca_file, const std::string& certificate_file, const std::string& private_key_file);
  // Ends Perform early once set. Borrowed for as long as Perform runs.
  void SetCancel(const std::atomic<bool>* cancelled);

  absl::Status Perform();
  // UNAVAILABLE, DEADLINE_EXCEEDED; PERMISSION_DENIED where the server is not the one that the authority vouches for; CANCELLED.
  absl::Status ToStatus(CURLcode code) const;
  CURL* get() const { return curl_.get(); }

 private:
  struct Deleter {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  };
  CurlHandle(std::unique_ptr<CURL, Deleter> curl, std::string server);
  absl::Status Refused(CURLcode code) const;

  const std::unique_ptr<CURL, Deleter> curl_;
  const std::string server_;
  absl::Status configured_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_CURL_HANDLE_H_
