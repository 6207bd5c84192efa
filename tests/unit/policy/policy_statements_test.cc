// Of two policies, everything that differs is said: who signs must not overlook a field.
#include <google/protobuf/message.h>

#include "proto/policy/statements.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StatementsTest, SaysWhatIsTakenAndWhatIsAdded) {
  v1::Policy after = ShippedRules()->policy();
  after.set_serial(2);
  TakeRight(&after, v1::SUPERVISOR, Action::kDownload);
  after.mutable_roles(3)->mutable_budgets(0)->set_recordings(5);
  after.mutable_purposes(3)->set_reference_pattern("L-[0-9]+");
  EXPECT_THAT(Difference(ShippedRules()->policy(), after),
              ElementsAre("- serial 1", "- role supervisor may download over centre", "- role contractor budget day: 20 recordings",
                          "- purpose legal takes references like [A-Za-z0-9][A-Za-z0-9._/-]{0,127}", "+ serial 2",
                          "+ role contractor budget day: 5 recordings", "+ purpose legal takes references like L-[0-9]+"));
  EXPECT_THAT(Difference(after, after), IsEmpty());
}

// Walks the schema, so that a field that is added to it is not forgotten.
void ChangeEachField(google::protobuf::Message* message, const std::function<void(const std::string&)>& changed) {
  const auto* const reflection = message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    using google::protobuf::FieldDescriptor;
    const FieldDescriptor* const field = message->GetDescriptor()->field(i);
    const std::unique_ptr<google::protobuf::Message> before(message->New());
    before->CopyFrom(*message);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const bool added = field->is_repeated() && reflection->FieldSize(*message, field) == 0;
      if (added) reflection->AddMessage(message, field);
      auto* const part =
          field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, 0) : reflection->MutableMessage(message, field);
      ChangeEachField(part, changed);
      if (added) reflection->RemoveLast(message, field);
      continue;
    }
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        field->is_repeated() ? reflection->AddString(message, field, "new") : reflection->SetString(message, field, "new");
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(message, field, 4711);
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection->SetUInt64(message, field, 4711);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, !reflection->GetBool(*message, field));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        field->is_repeated() ? reflection->RemoveLast(message, field) : reflection->SetEnumValue(message, field, 1);
        break;
      default:
        ADD_FAILURE() << field->full_name() << ": a kind of field that this test cannot change";
    }
    changed(std::string(field->full_name()));
    message->CopyFrom(*before);
  }
}

TEST(StatementsTest, NoFieldOfTheSchemaIsPassedOver) {
  v1::Policy before = ShippedRules()->policy();
  before.mutable_roles()->SwapElements(0, 1);  // so that the first role has everything that a role can have
  before.add_centres()->set_centre("Tokyo");
  before.mutable_centres(0)->add_budgets()->set_window(v1::DAY);
  before.mutable_centres(0)->mutable_budgets(0)->set_rows(1);
  before.mutable_roles(0)->mutable_budgets(0)->set_window(v1::DAYS_365);
  before.mutable_contracts()->mutable_budgets(0)->set_window(v1::DAYS_365);
  before.mutable_exports()->add_budgets()->set_window(v1::DAY);
  before.mutable_exports()->mutable_budgets(0)->set_rows(1);
  v1::Policy after = before;
  int fields = 0;
  ChangeEachField(&after, [&](const std::string& field) {
    EXPECT_FALSE(Difference(before, after).empty()) << field << " can change unseen";
    ++fields;
  });
  EXPECT_GT(fields, 35);
}

}  // namespace
}  // namespace otokura::policy
