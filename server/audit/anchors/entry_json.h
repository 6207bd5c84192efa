// Log entries and checkpoints as JSON, for whoever collects events (ANCHORS.md is the schema).
#ifndef OTOKURA_SERVER_AUDIT_ANCHORS_ENTRY_JSON_H_
#define OTOKURA_SERVER_AUDIT_ANCHORS_ENTRY_JSON_H_

#include <string>
#include <string_view>

#include "otokura/v1/audit.pb.h"
#include "server/audit/publisher.h"

namespace otokura::audit {

// One line of ASCII, without its newline.
std::string EntryJson(const v1::AuditEntry& entry, std::string_view origin);
std::string CheckpointJson(const PublishedCheckpoint& checkpoint, std::string_view origin);

}  // namespace otokura::audit

#endif  // OTOKURA_SERVER_AUDIT_ANCHORS_ENTRY_JSON_H_
