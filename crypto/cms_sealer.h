// Sealing what is long to one certificate's holder, as it comes: CMS AuthEnvelopedData (RFC 5083, RFC 5084), AES-256-GCM under a fresh key,
// in BER of indefinite length, so that memory does not grow with it. `openssl cms -decrypt -binary -inform DER` opens it.
#ifndef OTOKURA_CRYPTO_CMS_SEALER_H_
#define OTOKURA_CRYPTO_CMS_SEALER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace otokura::crypto {

// Movable; one thread at a time. After an error nothing more can be had of it.
//
// Note: whoever opens it may read a beginning of it before the tag, which comes last, proves any of it.
class CmsSealer {
 public:
  // To a certificate that CheckCanReceive (certificate.h) lets pass. Errors as SealToCertificate's.
  static absl::StatusOr<CmsSealer> Create(std::string_view certificate_pem);
  CmsSealer(CmsSealer&&) noexcept;
  CmsSealer& operator=(CmsSealer&&) noexcept;
  ~CmsSealer();

  // What of the object is ready then, perhaps nothing: a few KiB stay behind until the next call.
  absl::StatusOr<std::string> Seal(std::string_view plaintext);
  // The rest of it, with the tag. INTERNAL where nothing was sealed.
  absl::StatusOr<std::string> Finish() &&;

 private:
  struct State;
  explicit CmsSealer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_CMS_SEALER_H_
