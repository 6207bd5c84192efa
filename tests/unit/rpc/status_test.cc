#include "server/rpc/status.h"

#include <gtest/gtest.h>

#include <string>

#include "server/recordings/errors.h"

namespace otokura::rpc {
namespace {

TEST(Status, CodesMessagesAndDetailsGoThereAndBack) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "what was wrong");
    const grpc::Status sent = ToGrpc(status);
    EXPECT_EQ(static_cast<int>(sent.error_code()), code);
    EXPECT_EQ(FromGrpc(sent), status);
  }
  const absl::Status detailed = recordings::OffsetMismatchError("audio.offset", 5, 7);
  const grpc::Status sent = ToGrpc(detailed);
  v1::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(sent.error_details()));
  EXPECT_EQ(detail.offset_mismatch().received(), 7u);
  EXPECT_EQ(FromGrpc(sent), detailed);
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_EQ(FromGrpc(grpc::Status::OK), absl::OkStatus());
}

TEST(Status, I10_WhatTravelsInHeadersIsBounded) {
  absl::Status status = absl::InternalError(std::string(100000, 'm'));
  status.SetPayload(recordings::kErrorDetailUrl, absl::Cord(std::string(100000, 'd')));
  const grpc::Status sent = ToGrpc(status);
  EXPECT_EQ(sent.error_message().size(), kStatusMessageBytesMax);
  EXPECT_TRUE(sent.error_details().empty());
}

}  // namespace
}  // namespace otokura::rpc
