#include "server/rpc/peer.h"

#include <gtest/gtest.h>

namespace otokura::rpc {
namespace {

TEST(Peer, TheAddressIsWithoutPortAndBrackets) {
  EXPECT_EQ(AddressOf("ipv4:192.0.2.7:41234"), "192.0.2.7");
  EXPECT_EQ(AddressOf("ipv6:%5B2001:db8::1%5D:41234"), "2001:db8::1");
  EXPECT_EQ(AddressOf("ipv6:[::1]:41234"), "::1");
  EXPECT_EQ(AddressOf("unix:"), "");
  EXPECT_EQ(AddressOf(""), "");
  EXPECT_EQ(AddressOf("nonsense"), "nonsense");
}

TEST(Peer, I10_TheAddressIsBounded) { EXPECT_LE(AddressOf("unix:" + std::string(10000, 'a')).size(), 64u); }

}  // namespace
}  // namespace otokura::rpc
