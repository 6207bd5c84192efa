#include "crypto/tls13.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>

namespace otokura::crypto {
namespace {

TEST(Tls13Test, EveryContextRefusesOlderVersions) {
  ASSERT_TRUE(RequireTls13().ok());
  ASSERT_TRUE(RequireTls13().ok());
  for (const SSL_METHOD* method : {TLS_method(), TLS_client_method(), TLS_server_method()}) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(method), &SSL_CTX_free);
    ASSERT_NE(context, nullptr);
    const uint64_t options = SSL_CTX_get_options(context.get());
    EXPECT_TRUE(options & SSL_OP_NO_TLSv1);
    EXPECT_TRUE(options & SSL_OP_NO_TLSv1_1);
    EXPECT_TRUE(options & SSL_OP_NO_TLSv1_2);
    EXPECT_FALSE(options & SSL_OP_NO_TLSv1_3);
  }
}

}  // namespace
}  // namespace otokura::crypto
