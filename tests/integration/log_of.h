// What a site's log says of what was just done.
#ifndef OTOKURA_TESTS_INTEGRATION_LOG_OF_H_
#define OTOKURA_TESTS_INTEGRATION_LOG_OF_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/clients.h"
#include "tests/integration/site.h"

namespace otokura::integration {

inline std::vector<LoggedEntry> LogOf(const Site& site) {
  auto log = ReadLog(site.ConnectAs("auditor"));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : std::vector<LoggedEntry>();
}

// The newest entry of that action; an empty one where there is none.
inline LoggedEntry LastOf(const Site& site, v1::AuditAction action) {
  LoggedEntry last;
  for (const LoggedEntry& entry : LogOf(site)) {
    if (entry.leaf.action() == action) last = entry;
  }
  return last;
}

// That it was refused, and that the newest entry of that action says by which rule.
inline void ExpectRefused(const Site& site, const absl::Status& status, v1::AuditAction action, const std::string& rule) {
  EXPECT_FALSE(status.ok()) << rule;
  const LoggedEntry last = LastOf(site, action);
  EXPECT_EQ(last.leaf.decision(), v1::DENIED) << rule;
  EXPECT_EQ(last.leaf.rule(), rule) << status;
}

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_LOG_OF_H_
