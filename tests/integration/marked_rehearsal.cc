#include "tests/integration/marked_rehearsal.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/integration/rehearsal_calls.h"
#include "tests/unit/policy/policy_site.h"

namespace otokura::integration {

void RehearseMarkedPolicies(const Site& site, const Marks& marks) {
  const std::string text = absl::StrCat(policy::TextForTest(9), "# ", marks.notes, "\n");
  for (const std::string& account : {marks.operator_account, marks.auditor_account}) {
    const bool allowed = account == marks.auditor_account;
    EXPECT_EQ(Rehearse(site, account, text).status.ok(), allowed) << account;
    EXPECT_FALSE(Rehearse(site, account, absl::StrCat(text, "purposes { name: \"", marks.purpose, "\" }\n")).status.ok()) << account;
    EXPECT_FALSE(Rehearse(site, account, marks.reason).status.ok()) << account;
  }
}

}  // namespace otokura::integration
