// Test builds only (OTOKURA_TEST_HOOKS): a record of every sealing, so that a test can show that no (key, nonce) pair ever sealed twice,
// across crashes, resumes and processes.
#ifndef OTOKURA_CRYPTO_NONCE_RECORD_H_
#define OTOKURA_CRYPTO_NONCE_RECORD_H_

#include <string_view>

namespace otokura::crypto {

// Where the environment variable OTOKURA_NONCE_RECORD names a file, appends one line to it, in one write:
//   hex(SHA-256(aead key)[0..16)) ‖ ' ' ‖ hex(nonce) ‖ ' ' ‖ hex(SHA-256(plaintext)[0..16)) ‖ '\n'
// Called before the ciphertext is released. Aborts if the line cannot be written: an incomplete record proves nothing.
void RecordNonce(std::string_view aead_key, std::string_view nonce, std::string_view plaintext);

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_NONCE_RECORD_H_
