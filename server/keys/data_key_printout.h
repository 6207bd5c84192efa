// Test builds only (OTOKURA_TEST_HOOKS): lets a test open stored objects with an implementation of its own.
#ifndef OTOKURA_SERVER_KEYS_DATA_KEY_PRINTOUT_H_
#define OTOKURA_SERVER_KEYS_DATA_KEY_PRINTOUT_H_

#include "crypto/secret.h"
#include "server/storage/recording_id.h"

namespace otokura::keys {

// Appends "<recording id> <hex key>\n" to the file that OTOKURA_DATA_KEY_PRINTOUT names; does nothing where it is not set.
void PrintOutDataKey(const storage::RecordingId& id, const crypto::SecretBytes& data_key);

}  // namespace otokura::keys

#endif  // OTOKURA_SERVER_KEYS_DATA_KEY_PRINTOUT_H_
