// HTTP POST to one server over one kept connection, bounded in time and size.
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_HTTP_POST_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_HTTP_POST_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace otokura::audit {

struct HttpServer {
  std::string url;
  std::string ca_file{};  // empty: the system's authorities
  std::string certificate_file{};
  std::string private_key_file{};
  absl::Duration timeout = absl::Seconds(3);  // for connecting, sending and the whole answer together
};

struct HttpAnswer {
  long status = 0;
  std::string content_type;
  std::string body;
};

inline constexpr size_t kHttpAnswerBytesMax = 16384;  // a dozen cosignatures are a tenth of it

class CurlHandle;

// One thread at a time. Follows no redirects and uses no proxy: an anchor is the server that was configured. TLS as everywhere in the
// process (crypto/tls13.h).
class HttpPost {
 public:
  // RESOURCE_EXHAUSTED where the library gives no handle.
  static absl::StatusOr<std::unique_ptr<HttpPost>> Create(const HttpServer& server);
  ~HttpPost();
  // UNAVAILABLE, DEADLINE_EXCEEDED where there is no whole answer, PERMISSION_DENIED where the server is not the one that the certificate
  // authority vouches for, CANCELLED, INVALID_ARGUMENT where the library refuses a setting.
  absl::StatusOr<HttpAnswer> Post(std::string_view content_type, std::string_view body, const std::atomic<bool>& cancelled);

 private:
  HttpPost(std::unique_ptr<CurlHandle> curl, const HttpServer& server);
  const std::unique_ptr<CurlHandle> curl_;
};

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_HTTP_POST_H_
