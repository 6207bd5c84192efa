#include "server/audit/anchors/entry_json.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"
#include "otokura/v1/audit.pb.h"
#include "server/storage/recording_id.h"

namespace otokura::audit {
namespace {

using Json = nlohmann::ordered_json;

// Of OCSF 1.3: class API Activity in category Application Activity.
constexpr int kApplicationActivity = 6;
constexpr int kApiActivity = 6003;
constexpr int kRead = 2, kOtherActivity = 99;
constexpr int kInformational = 1, kMedium = 3;
constexpr int kSuccess = 1, kFailure = 2;
constexpr int kAllowed = 1, kDenied = 2, kObserved = 3;

int ActivityOf(v1::AuditAction action) {
  switch (action) {
    case v1::SEARCH:
    case v1::SHOW:
    case v1::LISTEN:
    case v1::DOWNLOAD:
    case v1::AUDIT_LIST:
    case v1::AUDIT_EXPORT:
    case v1::AUDIT_PROOF:
    case v1::AUDIT_COUNT:
    case v1::AUDIT_FOLLOW:
    case v1::ACCOUNT_LIST:
    case v1::POLICY_SHOW:
    case v1::CONTRACT_LIST:
    case v1::EXPORT:
    case v1::EXPORT_LIST:
    case v1::EXPORT_MANIFEST:
      return kRead;
    default:
      return kOtherActivity;
  }
}

int DispositionOf(v1::AuditDecision decision) { return decision == v1::ALLOWED ? kAllowed : decision == v1::DENIED ? kDenied : kObserved; }

// By the field's name and kind, so that none that is added to an entry is left out here.
Json ValueOf(const v1::AuditEntry& entry, const google::protobuf::FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *entry.GetReflection();
  using google::protobuf::FieldDescriptor;
  if (field.number() == v1::AuditEntry::kRecordingIdFieldNumber) {
    const auto id = storage::RecordingId::FromBytes(entry.recording_id());
    if (id.ok()) return id->Text();  // as the commands take it
  }
  const auto text_of = [&field](const std::string& value) {
    return field.type() == FieldDescriptor::TYPE_BYTES ? absl::BytesToHexString(value) : value;
  };
  if (field.is_repeated()) {  // pseudonyms; a test makes sure that there is no other kind
    Json values = Json::array();
    for (int i = 0; i < reflection.FieldSize(entry, &field); ++i) values.push_back(text_of(reflection.GetRepeatedString(entry, &field, i)));
    return values;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return text_of(reflection.GetString(entry, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(entry, &field)->name();
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(entry, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(entry, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(entry, &field);
    default:
      return nullptr;  // a test makes sure that there is no other kind
  }
}

// All that is set, under the names of audit.proto. What OCSF has a field for stands there too, in its own units.
Json Unmapped(const v1::AuditEntry& entry) {
  Json own = Json::object();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  entry.GetReflection()->ListFields(entry, &fields);
  for (const auto* field : fields) own[std::string(field->name())] = ValueOf(entry, *field);
  return own;
}

// ASCII: RFC 5424 wants a mark before anything else, and every reader of JSON takes it.
std::string Text(const Json& json) { return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace); }

}  // namespace

std::string EntryJson(const v1::AuditEntry& entry, std::string_view origin) {
  constexpr int64_t kMicrosPerMilli = 1000;
  const int activity = ActivityOf(entry.action());
  const bool denied = entry.decision() == v1::DENIED;
  Json line;
  line["category_uid"] = kApplicationActivity;
  line["class_uid"] = kApiActivity;
  line["activity_id"] = activity;
  line["type_uid"] = kApiActivity * 100 + activity;
  line["time"] = entry.time_unix_us() / kMicrosPerMilli;
  line["severity_id"] = denied ? kMedium : kInformational;
  line["status_id"] = denied ? kFailure : kSuccess;
  if (!entry.rule().empty()) line["status_detail"] = entry.rule();
  line["action_id"] = DispositionOf(entry.decision());
  line["metadata"] = {{"version", "1.3.0"},
                      {"product", {{"name", "Otokura"}, {"vendor_name", "Otokura"}}},
                      {"log_name", origin},
                      {"sequence", entry.sequence()}};
  line["api"] = {{"operation", v1::AuditAction_Name(entry.action())}};
  line["actor"] = {{"user", {{"type", entry.role()}}}};
  line["unmapped"] = Unmapped(entry);
  return Text(line);
}

std::string CheckpointJson(const PublishedCheckpoint& checkpoint, std::string_view origin) {
  return Text({{"checkpoint", checkpoint.note},
               {"origin", origin},
               {"tree_size", checkpoint.tree_size},
               {"root_sha256", absl::Base64Escape(checkpoint.root)}});
}

}  // namespace otokura::audit
