#include "server/audit/anchors/entry_json.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace otokura::audit {
namespace {

using google::protobuf::FieldDescriptor;
using Json = nlohmann::json;

// Every field of an entry set to something.
v1::AuditEntry FullEntry() {
  v1::AuditEntry entry;
  const google::protobuf::Reflection& reflection = *entry.GetReflection();
  for (int i = 0; i < entry.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = entry.GetDescriptor()->field(i);
    if (field->is_repeated()) {
      EXPECT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_STRING) << field->name() << " is of a kind that entry_json.cc does not write";
      for (int values = 0; values < 2; ++values) reflection.AddString(&entry, field, "\xE6\x9D\xB1");
      continue;
    }
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        reflection.SetString(&entry, field, "\xE6\x9D\xB1");  // one kanji, or three bytes
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection.SetEnumValue(&entry, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.SetInt64(&entry, field, 7);
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection.SetUInt64(&entry, field, 7);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection.SetUInt32(&entry, field, 7);
        break;
      default:
        ADD_FAILURE() << field->name() << " is of a kind that entry_json.cc does not write";
    }
  }
  return entry;
}

TEST(EntryJsonTest, LeavesNoFieldOfAnEntryOut) {
  const std::string text = EntryJson(FullEntry(), "log.example");
  for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << "one line of ASCII";
  const Json json = Json::parse(text);
  const google::protobuf::Descriptor& all = *v1::AuditEntry::descriptor();
  for (int i = 0; i < all.field_count(); ++i) {
    const std::string name(all.field(i)->name());
    ASSERT_TRUE(json["unmapped"].contains(name)) << name;
    EXPECT_FALSE(json["unmapped"][name].is_null()) << name;
  }
  EXPECT_EQ(json["unmapped"]["account_commitment"], "e69db1");
  EXPECT_EQ(json["unmapped"]["caller_pseudonyms"], Json({"e69db1", "e69db1"}));
  EXPECT_EQ(json["unmapped"]["centre"], "\xE6\x9D\xB1");
}

TEST(EntryJsonTest, SpeaksOcsfWhereItHasAField) {
  v1::AuditEntry entry;
  entry.set_sequence(4711);
  entry.set_time_unix_us(1'700'000'000'123'456);
  entry.set_action(v1::LISTEN);
  entry.set_decision(v1::DENIED);
  entry.set_rule("role");
  entry.set_role("contractor");
  entry.set_recording_id(std::string("\x01\x8B\xCF\xE5\x68\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x01", 16));
  const Json json = Json::parse(EntryJson(entry, "log.example"));
  EXPECT_EQ(json["class_uid"], 6003);
  EXPECT_EQ(json["type_uid"], 600302);
  EXPECT_EQ(json["time"], 1'700'000'000'123);
  EXPECT_EQ(json["status_id"], 2);
  EXPECT_EQ(json["status_detail"], "role");
  EXPECT_EQ(json["action_id"], 2);
  EXPECT_EQ(json["metadata"]["sequence"], 4711);
  EXPECT_EQ(json["metadata"]["log_name"], "log.example");
  EXPECT_EQ(json["api"]["operation"], "LISTEN");
  EXPECT_EQ(json["actor"]["user"]["type"], "contractor");
  EXPECT_EQ(json["unmapped"]["recording_id"], "018bcfe5-6800-7000-8000-000000000001");
}

}  // namespace
}  // namespace otokura::audit
