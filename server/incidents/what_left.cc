#include "server/incidents/what_left.h"

#include <algorithm>

namespace otokura::incidents {

void WhatLeft::Add(const v1::AuditEntry& leaf) {
  if (leaf.action() == v1::DELIVERED) {
    ended_[leaf.of_sequence()] = {leaf.delivered_bytes(), leaf.outcome().empty() || leaf.outcome() == "OK"};
    return;
  }
  if (leaf.decision() == v1::DENIED) {
    refused_ += std::max(leaf.rows(), uint32_t{1});  // the summary of a flood says how many
    return;
  }
  if (leaf.decision() != v1::ALLOWED) return;
  if (leaf.action() == v1::LISTEN || leaf.action() == v1::DOWNLOAD || leaf.action() == v1::EXPORT) AddAudio(leaf);
  if (leaf.action() == v1::SHOW) AddShown(leaf);
  if (leaf.action() == v1::SEARCH && leaf.term_pseudonyms_size() > 0) ++searches_;
}

void WhatLeft::AddAudio(const v1::AuditEntry& leaf) {
  const auto ended = ended_.find(leaf.sequence());
  const uint64_t bytes = ended == ended_.end() ? leaf.reserved_bytes() : ended->second.bytes;
  if (bytes == 0) return;
  bytes_ += bytes;
  heard_.insert(leaf.recording_id());
  if (leaf.action() != v1::LISTEN) downloaded_.insert(leaf.recording_id());
  AddPerson(leaf);
}

void WhatLeft::AddShown(const v1::AuditEntry& leaf) {
  const auto ended = ended_.find(leaf.sequence());
  if (leaf.caller_pseudonyms().empty() || (ended != ended_.end() && !ended->second.ok)) return;
  shown_.insert(leaf.recording_id());
  AddPerson(leaf);
}

void WhatLeft::AddPerson(const v1::AuditEntry& leaf) {
  if (!leaf.caller_pseudonyms().empty()) persons_.insert(leaf.caller_pseudonyms(0));
}

void WhatLeft::PutInto(v1::ReportIncidentResponse* report) const {
  report->set_recordings_heard(heard_.size());
  report->set_recordings_shown(shown_.size());
  report->set_persons(persons_.size());
  report->set_audio_bytes(bytes_);
  report->set_personal_searches(searches_);
  report->set_downloads(downloaded_.size());
  report->set_refused(refused_);
}

}  // namespace otokura::incidents
