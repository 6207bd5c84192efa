// What left through an account, added up from its entries of the log: for the first report to the authority.
#ifndef OTOKURA_SERVER_INCIDENTS_WHAT_LEFT_H_
#define OTOKURA_SERVER_INCIDENTS_WHAT_LEFT_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "otokura/v1/audit.pb.h"
#include "otokura/v1/incident.pb.h"

namespace otokura::incidents {

// Not thread-safe. Where it is not known how a release ended, all that was asked for counts as having left.
class WhatLeft {
 public:
  // Newest first, so that how a release ended is known before the release.
  void Add(const v1::AuditEntry& leaf);
  void PutInto(v1::ReportIncidentResponse* report) const;

 private:
  void AddAudio(const v1::AuditEntry& leaf);
  void AddShown(const v1::AuditEntry& leaf);
  void AddPerson(const v1::AuditEntry& leaf);

  struct Ended {
    uint64_t bytes = 0;
    bool ok = false;
  };
  absl::flat_hash_map<uint64_t, Ended> ended_;  // by the entry that it closes
  std::set<std::string> heard_, shown_, downloaded_, persons_;
  uint64_t bytes_ = 0, searches_ = 0, refused_ = 0;
};

}  // namespace otokura::incidents

#endif  // OTOKURA_SERVER_INCIDENTS_WHAT_LEFT_H_
