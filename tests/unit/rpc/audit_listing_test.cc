#include <gtest/gtest.h>

#include "crypto/secret.h"
#include "server/keys/site_keys.h"
#include "server/rpc/audit_queries.h"
#include "server/rpc/unary_call.h"

namespace otokura::rpc {
namespace {

const audit::Head kTree{1001, std::string(32, 'r')};

class AuditListing : public ::testing::Test {
 protected:
  static keys::SiteKeys MakeKeys() {
    EXPECT_TRUE(crypto::LockSecretMemory().ok());
    return *keys::SiteKeys::Create(*crypto::SecretBytes::Random(32));
  }
  static audit::Page PageOf(int entries, size_t leaf_bytes, uint64_t next_before) {
    audit::Page page;
    for (int i = 0; i < entries; ++i) page.entries.push_back({static_cast<uint64_t>(1000 - i), std::string(leaf_bytes, 'l'), std::nullopt});
    page.next_before = next_before;
    return page;
  }

  const keys::SiteKeys keys_ = MakeKeys();
};

TEST_F(AuditListing, DefaultsAndBounds) {
  v1::ListAuditRequest request;
  auto listing = ParseListing(request, keys_);
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_EQ(listing->limit, kAuditPageRowsDefault);
  EXPECT_EQ(listing->asked.query.before, 0u);
  request.set_page_size(kAuditPageRowsMax + 1);
  EXPECT_EQ(ParseListing(request, keys_).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_page_size(0);
  request.mutable_query()->set_recording_id("not-an-id");
  EXPECT_EQ(ParseListing(request, keys_).status().code(), absl::StatusCode::kInvalidArgument);
  request.mutable_query()->clear_recording_id();
  request.mutable_query()->set_from_unix_ms(-1);
  EXPECT_EQ(ParseListing(request, keys_).status().code(), absl::StatusCode::kInvalidArgument);
  request.mutable_query()->set_from_unix_ms(5);
  request.mutable_query()->set_to_unix_ms(5);
  EXPECT_EQ(ParseListing(request, keys_).status().code(), absl::StatusCode::kInvalidArgument);
  request.mutable_query()->set_to_unix_ms(INT64_MAX);
  EXPECT_EQ(ParseListing(request, keys_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AuditListing, ATokenLeadsOnAndOnlyInItsOwnListing) {
  v1::ListAuditRequest request;
  const v1::ListAuditResponse response = FormatListing(request, PageOf(3, 100, 998), kTree, keys_);
  EXPECT_EQ(response.entries_size(), 3);
  EXPECT_EQ(response.tree_size(), 1001u);
  request.set_page_token(response.next_page_token());
  auto listing = ParseListing(request, keys_);
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_EQ(listing->asked.query.before, 998u);
  request.mutable_query()->set_from_unix_ms(1);
  EXPECT_EQ(ParseListing(request, keys_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(FormatListing({}, PageOf(3, 100, 0), kTree, keys_).next_page_token().empty());
}

TEST_F(AuditListing, I10_AMessageStaysBelowWhatClientsTakeAndNothingIsSkipped) {
  const v1::ListAuditResponse response = FormatListing({}, PageOf(100, 60000, 0), kTree, keys_);
  EXPECT_LE(response.ByteSizeLong(), kListingBytesMax + 1000);
  ASSERT_GT(response.entries_size(), 1);
  v1::ListAuditRequest request;
  request.set_page_token(response.next_page_token());
  const auto listing = ParseListing(request, keys_);
  ASSERT_TRUE(listing.ok()) << listing.status();
  // Entries 1000, 999, … were taken; the next page begins with the one after the last taken.
  EXPECT_EQ(listing->asked.query.before, 1001u - static_cast<uint64_t>(response.entries_size()));
}

}  // namespace
}  // namespace otokura::rpc
