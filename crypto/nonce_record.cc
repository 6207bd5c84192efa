#include "crypto/nonce_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/openssl_ptr.h"
#include "crypto/sha256.h"

namespace otokura::crypto {
namespace {

constexpr size_t kDigestPrefixBytes = 16;

int RecordFile() {
  const char* path = std::getenv("OTOKURA_NONCE_RECORD");
  if (path == nullptr || *path == '\0') return -1;
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  AbortUnless(fd >= 0, "opening the nonce record");
  return fd;
}

std::string DigestPrefix(std::string_view data) { return absl::BytesToHexString(Sha256(data).substr(0, kDigestPrefixBytes)); }

}  // namespace

void RecordNonce(std::string_view aead_key, std::string_view nonce, std::string_view plaintext) {
  static const int fd = RecordFile();
  if (fd < 0) return;
  const std::string line = absl::StrCat(DigestPrefix(aead_key), " ", absl::BytesToHexString(absl::string_view(nonce.data(), nonce.size())),
                                        " ", DigestPrefix(plaintext), "\n");
  AbortUnless(write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()), "writing the nonce record");
}

}  // namespace otokura::crypto
