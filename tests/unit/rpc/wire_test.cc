#include "server/rpc/wire.h"

#include <gmock/gmock.h>
#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "otokura/v1/access.pb.h"
#include "otokura/v1/ingest.pb.h"

namespace otokura::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// In slices of this size, as a network would cut them.
grpc::ByteBuffer Buffer(const std::string& bytes, size_t slice_bytes = 7) {
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i < bytes.size(); i += slice_bytes) slices.emplace_back(bytes.substr(i, slice_bytes));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

// `text` may be no UTF-8: the encoding is that of bytes.
std::string Field(int number, const std::string& text) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(text.size())) + text;
}

TEST(Wire, WhatIsSerialisedParsesAgain) {
  v1::RecordRequest request;
  request.mutable_audio()->set_offset(5);
  request.mutable_audio()->set_data(std::string(65536, 'a'));
  const auto parsed = Parse<v1::RecordRequest>(Serialise(request));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->SerializeAsString(), request.SerializeAsString());
  EXPECT_TRUE(Parse<v1::RecordRequest>(Serialise(v1::RecordRequest())).ok());
  EXPECT_TRUE(Parse<v1::RecordRequest>(Buffer(request.SerializeAsString())).ok());
}

TEST(Wire, TextThatIsNotUtf8IsNamedByItsPathAndNotShown) {
  const std::string metadata = Field(1, "call-1") + Field(4, "secret\xff");
  const auto nested = Parse<v1::RecordRequest>(Buffer(Field(1, Field(1, metadata))));
  EXPECT_EQ(nested.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(nested.status().message()), AllOf(HasSubstr("open.metadata.agent: not UTF-8"), Not(HasSubstr("secret"))));
  EXPECT_TRUE(Parse<v1::RecordRequest>(Buffer(Field(2, Field(2, "\xff\xfe")))).ok()) << "audio is bytes, not text";
}

TEST(Wire, BytesThatAreNoMessageAreRefused) {
  std::mt19937 generator(7);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(generator() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(generator());
    const auto parsed = Parse<v1::SearchRequest>(Buffer(bytes));
    if (parsed.ok()) continue;
    ++refused;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_GT(refused, 1000);
  EXPECT_THAT(std::string(Parse<v1::SearchRequest>(Buffer("\xff\xff\xff")).status().message()), HasSubstr("otokura.v1.SearchRequest"));
}

}  // namespace
}  // namespace otokura::rpc
