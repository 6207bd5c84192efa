#include "crypto/cms_sealer.h"

#include <utility>

#include "crypto/cms_envelope.h"
#include "crypto/openssl_ptr.h"

namespace otokura::crypto {
namespace {

absl::Status Failed() { return absl::InternalError("CMS: sealing failed in the cryptographic library"); }

// All that was written to a memory BIO since the last call.
std::string TakeAll(BIO* memory) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(memory, &bytes);
  std::string taken(bytes, static_cast<size_t>(length));
  AbortUnless(BIO_reset(memory) == 1, "emptying a buffer");
  return taken;
}

}  // namespace

struct CmsSealer::State {
  CmsPtr cms;
  BIO* sealed = nullptr;  // the chain's last, and its own
  BioPtr chain;           // before `cms` is gone: it writes into it
};

CmsSealer::CmsSealer(std::unique_ptr<State> state) : state_(std::move(state)) {}
CmsSealer::CmsSealer(CmsSealer&&) noexcept = default;
CmsSealer& CmsSealer::operator=(CmsSealer&&) noexcept = default;
CmsSealer::~CmsSealer() = default;

absl::StatusOr<CmsSealer> CmsSealer::Create(std::string_view certificate_pem) {
  const ErrorQueueMark mark;
  absl::StatusOr<CmsPtr> cms = NewEnvelope(certificate_pem, CMS_STREAM);
  if (!cms.ok()) return cms.status();
  auto state = std::make_unique<State>();
  state->cms = *std::move(cms);
  BioPtr sealed(BIO_new(BIO_s_mem()));
  AbortUnless(sealed != nullptr, "memory allocation");
  state->chain.reset(BIO_new_CMS(sealed.get(), state->cms.get()));
  if (state->chain == nullptr) return Failed();
  state->sealed = sealed.release();
  return CmsSealer(std::move(state));
}

absl::StatusOr<std::string> CmsSealer::Seal(std::string_view plaintext) {
  const ErrorQueueMark mark;
  size_t written = 0;
  if (!plaintext.empty() &&
      (BIO_write_ex(state_->chain.get(), plaintext.data(), plaintext.size(), &written) != 1 || written != plaintext.size())) {
    return Failed();
  }
  return TakeAll(state_->sealed);
}

absl::StatusOr<std::string> CmsSealer::Finish() && {
  const ErrorQueueMark mark;
  if (BIO_flush(state_->chain.get()) != 1) return Failed();
  return TakeAll(state_->sealed);
}

}  // namespace otokura::crypto
