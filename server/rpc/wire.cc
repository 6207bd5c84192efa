#include "server/rpc/wire.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "crypto/unicode.h"

namespace otokura::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

constexpr int kDepthMax = 8;  // no message of ours is nested deeper

// The path of the first text field that is not UTF-8, in fields that were split but not yet taken for text.
std::optional<std::string> FindBadText(const Descriptor& type, const UnknownFieldSet& fields, int depth) {
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    const FieldDescriptor* known = type.FindFieldByNumber(field.number());
    if (known == nullptr || field.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    if (known->type() == FieldDescriptor::TYPE_STRING && !crypto::DecodeUtf8(field.length_delimited()).has_value()) return known->name();
    UnknownFieldSet nested;
    if (known->type() != FieldDescriptor::TYPE_MESSAGE || depth == kDepthMax || !nested.ParseFromString(field.length_delimited())) continue;
    if (const auto path = FindBadText(*known->message_type(), nested, depth + 1)) return absl::StrCat(known->name(), ".", *path);
  }
  return std::nullopt;
}

std::string Flatten(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string flat;
  if (!bytes.Dump(&slices).ok()) return flat;
  for (const grpc::Slice& slice : slices) flat.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return flat;
}

}  // namespace

absl::Status ParseInto(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  grpc::ByteBuffer shared(bytes);  // a reference; the reader wants one that it may change
  grpc::ProtoBufferReader reader(&shared);
  if (reader.status().ok() && message->ParseFromZeroCopyStream(&reader)) return absl::OkStatus();
  const Descriptor& type = *message->GetDescriptor();
  UnknownFieldSet fields;
  if (fields.ParseFromString(Flatten(bytes))) {
    if (const auto path = FindBadText(type, fields, 0))
      return absl::InvalidArgumentError(absl::StrCat(*path, ": not UTF-8; convert it before it is sent"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("request: not a message of type ", type.full_name(), "; is the client made for this gateway?"));
}

grpc::ByteBuffer Serialise(const google::protobuf::MessageLite& message) {
  grpc::ByteBuffer bytes;
  const int size = static_cast<int>(message.ByteSizeLong());
  grpc::ProtoBufferWriter writer(&bytes, grpc::kProtoBufferWriterMaxBufferLength, size);
  // Cannot fail: a message of ours is far below 2 GiB and has no required fields.
  message.SerializeToZeroCopyStream(&writer);
  return bytes;
}

}  // namespace otokura::rpc
