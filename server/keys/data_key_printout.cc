#include "server/keys/data_key_printout.h"

#ifdef OTOKURA_TEST_HOOKS

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"

namespace otokura::keys {

void PrintOutDataKey(const storage::RecordingId& id, const crypto::SecretBytes& data_key) {
  const char* path = std::getenv("OTOKURA_DATA_KEY_PRINTOUT");
  if (path == nullptr) return;
  const int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  const std::string_view key = data_key.Expose();
  const std::string line = id.Text() + " " + absl::BytesToHexString(absl::string_view(key.data(), key.size())) + "\n";
  (void)!write(file, line.data(), line.size());
  close(file);
}

}  // namespace otokura::keys

#endif  // OTOKURA_TEST_HOOKS
