// The parts of the gateway that recordings work with, wired once at start. All borrowed; all outlive every user.
#ifndef OTOKURA_SERVER_RECORDINGS_SITE_H_
#define OTOKURA_SERVER_RECORDINGS_SITE_H_

#include "otokura/v1/config.pb.h"
#include "server/access/exports.h"
#include "server/access/gate.h"
#include "server/audit/log.h"
#include "server/keys/key_hierarchy.h"
#include "server/keys/pseudonym_keys.h"
#include "server/runtime/clock.h"
#include "server/runtime/executor.h"
#include "server/storage/committer.h"
#include "server/storage/storage.h"

namespace otokura::recordings {

struct Site {
  storage::Engine* engine = nullptr;
  storage::Committer* committer = nullptr;
  keys::KeyHierarchy* keys = nullptr;
  const keys::PseudonymKeys* pseudonyms = nullptr;  // null where they could not be read
  audit::Log* log = nullptr;
  access::Gate* gate = nullptr;
  const access::Exports* exports = nullptr;  // null: nothing is taken under any
  runtime::Executor* executor = nullptr;
  runtime::Clock* clock = nullptr;
  v1::LimitsConfig limits;  // with every default filled in
};

// Replaces every 0 in `limits` by its documented default (config.proto).
v1::LimitsConfig WithDefaults(v1::LimitsConfig limits);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_SITE_H_
