// How accounts lie in the store: sealed under a keyed hash of their name, and a mark for each pinned key so that no two accounts share one.
#ifndef OTOKURA_SERVER_ACCESS_ACCOUNT_ROWS_H_
#define OTOKURA_SERVER_ACCESS_ACCOUNT_ROWS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "otokura/v1/admin.pb.h"
#include "server/keys/site_keys.h"
#include "server/storage/storage.h"

namespace otokura::access {

// Adds a new account: its row and its key's mark, both of which must not be there yet.
absl::Status PutNewAccount(const v1::Account& account, const keys::SiteKeys& keys, storage::Batch* batch);

// Replaces the row, which must still be `expected`.
absl::Status ReplaceAccount(const v1::Account& account, std::string expected, const keys::SiteKeys& keys, storage::Batch* batch);

// Marks the key as this account's, for good: a key that was ever one account's is never another's. ALREADY_EXISTS where it is.
absl::Status ClaimKey(const storage::RecordReader& records, std::string_view account_name, std::string_view spki_sha256,
                      const keys::SiteKeys& keys, storage::Batch* batch);

// DATA_LOSS where the row does not open or is another account's, FAILED_PRECONDITION where it is from a newer version.
absl::StatusOr<v1::Account> OpenAccountRow(std::string_view row_key, std::string_view row, const keys::SiteKeys& keys);

struct StoredAccount {
  v1::Account account;
  std::string row;
};
// Nothing where no such account is stored.
absl::StatusOr<std::optional<StoredAccount>> ReadAccount(const storage::RecordReader& records, std::string_view name,
                                                         const keys::SiteKeys& keys);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ACCOUNT_ROWS_H_
