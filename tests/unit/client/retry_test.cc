#include "client/retry.h"

#include <gtest/gtest.h>

#include "client/rpc_status.h"

namespace otokura::client {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

absl::Status WithDetail(absl::StatusCode code, const v1::ErrorDetail& detail) {
  return FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(code), "message", detail.SerializeAsString()));
}

TEST(RetryTest, WaitsDoubleUpToTheMost) {
  const Backoff backoff;
  const absl::Status away = absl::UnavailableError("");
  EXPECT_EQ(RetryAfter(away, 1, backoff, kNow, 0), absl::Milliseconds(100));
  EXPECT_EQ(RetryAfter(away, 2, backoff, kNow, 0), absl::Milliseconds(200));
  EXPECT_EQ(RetryAfter(away, 6, backoff, kNow, 0), absl::Milliseconds(3200));
  EXPECT_EQ(RetryAfter(away, 1'000'000, backoff, kNow, 0), absl::Seconds(5));
  EXPECT_EQ(RetryAfter(away, 1, backoff, kNow, 0.5), absl::Milliseconds(110));
}

TEST(RetryTest, WhatNothingCanMendIsFinal) {
  for (const auto code : {absl::StatusCode::kInvalidArgument, absl::StatusCode::kPermissionDenied, absl::StatusCode::kAborted,
                          absl::StatusCode::kAlreadyExists, absl::StatusCode::kFailedPrecondition, absl::StatusCode::kUnimplemented,
                          absl::StatusCode::kOutOfRange}) {
    EXPECT_EQ(RetryAfter(absl::Status(code, ""), 1, {}, kNow, 0), std::nullopt) << absl::StatusCodeToString(code);
  }
  v1::ErrorDetail limit;
  limit.mutable_limit_reached()->set_limit("call_bytes_max");
  EXPECT_EQ(RetryAfter(WithDetail(absl::StatusCode::kResourceExhausted, limit), 1, {}, kNow, 0), std::nullopt);
}

TEST(RetryTest, NamedTimesAreKeptWithinReason) {
  v1::ErrorDetail limit;
  limit.mutable_limit_reached()->set_retry_at_unix_ms(absl::ToUnixMillis(kNow + absl::Seconds(20)));
  EXPECT_EQ(RetryAfter(WithDetail(absl::StatusCode::kResourceExhausted, limit), 1, {}, kNow, 0), absl::Seconds(20));
  limit.mutable_limit_reached()->set_retry_at_unix_ms(absl::ToUnixMillis(kNow + absl::Hours(1000)));
  EXPECT_EQ(RetryAfter(WithDetail(absl::StatusCode::kResourceExhausted, limit), 1, {}, kNow, 0), absl::Minutes(5));
  v1::ErrorDetail live;
  live.mutable_call_is_live()->set_takeover_at_unix_ms(1);
  EXPECT_EQ(RetryAfter(WithDetail(absl::StatusCode::kFailedPrecondition, live), 1, {}, kNow, 0), absl::Milliseconds(100));
  EXPECT_EQ(RetryAfter(absl::UnauthenticatedError(""), 1, {}, kNow, 0), absl::Seconds(30));
}

TEST(RpcStatusTest, CarriesTheDetail) {
  v1::ErrorDetail detail;
  detail.mutable_offset_mismatch()->set_expected(7);
  const absl::Status status = WithDetail(absl::StatusCode::kFailedPrecondition, detail);
  ASSERT_TRUE(DetailOf(status).has_value());
  EXPECT_EQ(DetailOf(status)->offset_mismatch().expected(), 7u);
  EXPECT_TRUE(status.GetPayload(kErrorDetailUrl).has_value());
  EXPECT_FALSE(DetailOf(absl::InternalError("")).has_value());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace otokura::client
