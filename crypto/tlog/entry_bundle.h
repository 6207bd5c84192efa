// Entry bundles (c2sp.org/tlog-tiles): entries one after another, each behind its length in two bytes, big-endian.
#ifndef OTOKURA_CRYPTO_TLOG_ENTRY_BUNDLE_H_
#define OTOKURA_CRYPTO_TLOG_ENTRY_BUNDLE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace otokura::crypto {

inline constexpr size_t kEntryBytesMax = 65535;
inline constexpr size_t kEntryLengthBytes = 2;

// INVALID_ARGUMENT where the entry is longer than its length can say.
absl::Status AppendEntry(std::string_view entry, std::string* bundle);

// Walks a bundle. The views are into it.
class EntryBundleReader {
 public:
  explicit EntryBundleReader(std::string_view bundle) : rest_(bundle) {}
  // The next entry, or nothing: at the end, or where the bundle is cut.
  std::optional<std::string_view> Next();
  // All of it was walked. False after a cut entry.
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace otokura::crypto

#endif  // OTOKURA_CRYPTO_TLOG_ENTRY_BUNDLE_H_
