// The shipped role table, written out a second time: a change to it must be made twice, on purpose.
#include <gtest/gtest.h>

#include <map>

#include "server/access/roles.h"

namespace otokura::access {
namespace {

constexpr v1::Role kRoles[] = {v1::ROLE_UNSPECIFIED, v1::RECORDER, v1::OPERATOR, v1::SUPERVISOR,
                               v1::CONTRACTOR,       v1::SECURITY, v1::AUDITOR,  v1::ADMIN};

// A column an action in the order of the enumeration: Record, Search, sEarch personal, sHow, show Personal, Listen, Download, list auDit,
// Add account, list accounts, suspend, eXport the log, prOve, count audit, follow audit, reopen
// the log, make a receipt. '-' nothing, 'C' centre, 'A' all.
const std::map<v1::Role, std::string> kTable = {
    {v1::ROLE_UNSPECIFIED, "-----------------"}, {v1::RECORDER, "A----------------"},   {v1::OPERATOR, "-CCCCC-----------"},
    {v1::SUPERVISOR, "-CCCCCC----------"},       {v1::CONTRACTOR, "-----------------"}, {v1::SECURITY, "-------A-AAAAAAAA"},
    {v1::AUDITOR, "-------A---AAAA-A"},          {v1::ADMIN, "--------AA-------"},
};

char Letter(v1::Scope scope) { return scope == v1::ALL ? 'A' : scope == v1::CENTRE ? 'C' : scope == v1::OWN ? 'O' : '-'; }

TEST(RolesTest, I6_EveryCellOfTheTable) {
  for (v1::Role role : kRoles) {
    std::string row;
    for (int action = 0; action < kActions; ++action) row.push_back(Letter(ScopeOf(role, static_cast<Action>(action))));
    EXPECT_EQ(row, kTable.at(role)) << RoleName(role);
  }
}

TEST(RolesTest, I6_ARoleOfTomorrowMayDoNothing) {
  for (int action = 0; action < kActions; ++action)
    EXPECT_EQ(ScopeOf(static_cast<v1::Role>(99), static_cast<Action>(action)), v1::SCOPE_UNSPECIFIED);
  EXPECT_EQ(RoleName(static_cast<v1::Role>(99)), "");
  EXPECT_FALSE(MayState(static_cast<v1::Role>(99), "inquiry"));
}

TEST(RolesTest, I9_NobodyBothHearsAndChangesRights) {
  for (v1::Role role : kRoles) {
    const bool hears = ScopeOf(role, Action::kListen) != v1::SCOPE_UNSPECIFIED || ScopeOf(role, Action::kDownload) != v1::SCOPE_UNSPECIFIED;
    const bool rules =
        ScopeOf(role, Action::kAddAccount) != v1::SCOPE_UNSPECIFIED || ScopeOf(role, Action::kSuspendAccount) != v1::SCOPE_UNSPECIFIED;
    EXPECT_FALSE(hears && rules) << RoleName(role);
  }
}

TEST(RolesTest, I6_EveryCellOfThePurposes) {
  const std::map<std::string, std::string> allowed = {// purpose → first letters of the roles that may state it
                                                      {"inquiry", "os"}, {"complaint", "os"},  {"quality", "s"},
                                                      {"legal", "s"},    {"maintenance", "c"}, {"", ""},
                                                      {"curiosity", ""}, {"Inquiry", ""}};
  const std::map<v1::Role, char> letters = {{v1::OPERATOR, 'o'}, {v1::SUPERVISOR, 's'}, {v1::CONTRACTOR, 'c'}};
  for (const auto& [purpose, roles] : allowed) {
    for (v1::Role role : kRoles) {
      const auto letter = letters.find(role);
      const bool expected = letter != letters.end() && roles.find(letter->second) != std::string::npos;
      EXPECT_EQ(MayState(role, purpose), expected) << RoleName(role) << " " << purpose;
    }
    EXPECT_EQ(IsPurpose(purpose), !roles.empty()) << purpose;
  }
}

TEST(RolesTest, NamesAreDistinct) {
  std::map<std::string_view, int> seen;
  for (int action = 0; action < kActions; ++action) EXPECT_EQ(++seen[ActionName(static_cast<Action>(action))], 1);
}

}  // namespace
}  // namespace otokura::access
