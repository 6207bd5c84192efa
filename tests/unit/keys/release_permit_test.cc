// The permit is the policy (DESIGN §3): what the compiler refuses is asserted here, what it cannot see is tried.
#include "server/keys/release_permit.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

#include "tests/unit/keys/permits_for_test.h"

namespace otokura::keys {
namespace {

static_assert(!std::is_default_constructible_v<ReleasePermit>);
static_assert(!std::is_copy_constructible_v<ReleasePermit>);
static_assert(!std::is_copy_assignable_v<ReleasePermit>);
static_assert(!std::is_constructible_v<ReleasePermit, Released, storage::RecordingId, uint64_t>, "only the gate makes one");
static_assert(!std::is_aggregate_v<ReleasePermit>);
static_assert(std::is_nothrow_move_constructible_v<ReleasePermit>);
static_assert(std::is_nothrow_move_assignable_v<ReleasePermit>);

storage::RecordingId IdOf(char fill) { return storage::RecordingId::Make(absl::UnixEpoch(), std::string(10, fill)); }

TEST(ReleasePermit, I2_PermitsOneKindOfOneRecording) {
  const ReleasePermit permit = access::PermitFor(Released::kAudio, IdOf('a'), 7);
  EXPECT_TRUE(permit.Permits(Released::kAudio, IdOf('a')));
  EXPECT_FALSE(permit.Permits(Released::kMetadata, IdOf('a')));
  EXPECT_FALSE(permit.Permits(Released::kAudio, IdOf('b')));
  EXPECT_FALSE(permit.PermitsAuditDetails());
  EXPECT_EQ(permit.sequence(), 7u);
}

TEST(ReleasePermit, I2_WhatWasMovedFromPermitsNothing) {
  ReleasePermit first = access::PermitFor(Released::kAudio, IdOf('a'), 1);
  ReleasePermit second = std::move(first);
  EXPECT_FALSE(first.Permits(Released::kAudio, IdOf('a')));
  EXPECT_TRUE(second.Permits(Released::kAudio, IdOf('a')));
  ReleasePermit third = access::PermitFor(Released::kAuditDetails, {}, 2);
  third = std::move(second);
  EXPECT_FALSE(second.Permits(Released::kAudio, IdOf('a')));
  EXPECT_TRUE(third.Permits(Released::kAudio, IdOf('a')));
  EXPECT_FALSE(third.PermitsAuditDetails());
}

}  // namespace
}  // namespace otokura::keys
