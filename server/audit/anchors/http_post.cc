#include "server/audit/anchors/http_post.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/audit/anchors/curl_handle.h"

namespace otokura::audit {
namespace {

struct HeadersDeleter {
  void operator()(curl_slist* headers) const { curl_slist_free_all(headers); }
};

size_t TakeBody(char* data, size_t size, size_t count, void* body) {
  auto* const text = static_cast<std::string*>(body);
  if (text->size() + size * count > kHttpAnswerBytesMax) return 0;  // ends the transfer with an error
  text->append(data, size * count);
  return size * count;
}

}  // namespace

HttpPost::HttpPost(std::unique_ptr<CurlHandle> curl, const HttpServer& server) : curl_(std::move(curl)) {
  curl_->Set(CURLOPT_URL, server.url.c_str());
  curl_->Set(CURLOPT_POST, 1L);
  curl_->Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(server.timeout)));
  curl_->Set(CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_->SetTls(server.ca_file, server.certificate_file, server.private_key_file);
}

HttpPost::~HttpPost() = default;

absl::StatusOr<std::unique_ptr<HttpPost>> HttpPost::Create(const HttpServer& server) {
  auto curl = CurlHandle::Create(server.url);
  if (!curl.ok()) return curl.status();
  return std::unique_ptr<HttpPost>(new HttpPost(*std::move(curl), server));
}

absl::StatusOr<HttpAnswer> HttpPost::Post(std::string_view content_type, std::string_view body, const std::atomic<bool>& cancelled) {
  // "Expect:" of its own would cost a round trip.
  std::unique_ptr<curl_slist, HeadersDeleter> headers(curl_slist_append(nullptr, "Expect:"));
  const std::string type = absl::StrCat("Content-Type: ", absl::string_view(content_type.data(), content_type.size()));
  if (headers == nullptr || curl_slist_append(headers.get(), type.c_str()) == nullptr) return absl::ResourceExhaustedError("no memory");
  HttpAnswer answer;
  curl_->Set(CURLOPT_HTTPHEADER, headers.get());
  curl_->Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_->Set(CURLOPT_POSTFIELDS, body.data());
  curl_->Set(CURLOPT_WRITEDATA, &answer.body);
  curl_->SetCancel(&cancelled);
  if (absl::Status done = curl_->Perform(); !done.ok()) return done;
  curl_easy_getinfo(curl_->get(), CURLINFO_RESPONSE_CODE, &answer.status);
  const char* answered_type = nullptr;
  curl_easy_getinfo(curl_->get(), CURLINFO_CONTENT_TYPE, &answered_type);
  if (answered_type != nullptr) answer.content_type = answered_type;
  return answer;
}

}  // namespace otokura::audit
