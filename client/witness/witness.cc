#include "client/witness/witness.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "crypto/merkle.h"

namespace otokura::client {
namespace {

// Of the specification.
constexpr int kCosigned = 200;
constexpr int kBadRequest = 400;
constexpr int kNotTrusted = 403;
constexpr int kUnknownLog = 404;
constexpr int kConflict = 409;
constexpr int kNotConsistent = 422;
constexpr int kFailed = 500;

WitnessAnswer Refuse(int status, std::string_view why) {
  return {status, "text/plain; charset=utf-8", absl::StrCat(absl::string_view(why.data(), why.size()), "\n")};
}

WitnessAnswer TellSize(uint64_t tree_size) { return {kConflict, std::string(crypto::kTreeSizeContentType), absl::StrCat(tree_size, "\n")}; }

// The first line of a note, whoever signed it.
std::string_view OriginOf(std::string_view note) { return note.substr(0, note.find('\n')); }

std::string_view TextOf(std::string_view note) { return note.substr(0, note.rfind("\n\n") + 1); }

}  // namespace

Witness::Witness(WitnessFolder folder, FileDescriptor lock, crypto::CosignatureSigner signer, std::function<absl::Time()> now)
    : folder_(std::move(folder)), lock_(std::move(lock)), signer_(std::move(signer)), now_(std::move(now)) {}

absl::StatusOr<std::unique_ptr<Witness>> Witness::Open(const std::string& folder, std::function<absl::Time()> now) {
  WitnessFolder kept(folder);
  absl::StatusOr<crypto::CosignatureSigner> signer = kept.OpenKey();
  if (!signer.ok()) return signer.status();
  absl::StatusOr<FileDescriptor> lock = kept.Lock();
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::vector<KnownLog>> logs = kept.ReadLogs();
  if (!logs.ok()) return logs.status();
  if (logs->empty())
    return absl::FailedPreconditionError(absl::StrCat("'", folder, "' knows no log; add one with `otokura witness add-log`"));
  std::unique_ptr<Witness> witness(new Witness(std::move(kept), *std::move(lock), *std::move(signer), std::move(now)));
  absl::MutexLock guard(&witness->mutex_);
  for (KnownLog& log : *logs) {
    std::string origin = log.keys.name();
    witness->logs_.emplace(std::move(origin), std::move(log));
  }
  return witness;
}

WitnessAnswer Witness::Add(std::string_view text) {
  absl::StatusOr<crypto::AddCheckpoint> request = crypto::ParseAddCheckpoint(text);
  if (!request.ok()) return Refuse(kBadRequest, std::string(request.status().message()));
  absl::MutexLock lock(&mutex_);
  const auto log = logs_.find(OriginOf(request->checkpoint));
  if (log == logs_.end()) return Refuse(kUnknownLog, "no log of this origin is known");
  absl::StatusOr<crypto::Checkpoint> checkpoint = log->second.keys.Open(request->checkpoint);
  if (absl::IsInvalidArgument(checkpoint.status())) return Refuse(kBadRequest, "the checkpoint is malformed");
  if (!checkpoint.ok())
    return Refuse(kNotTrusted, "not signed by the key that is known of this log; where that handed over, have the witness follow");
  return Extend(log->second, *request, *checkpoint);
}

WitnessAnswer Witness::Extend(KnownLog& log, const crypto::AddCheckpoint& request, const crypto::Checkpoint& checkpoint) {
  if (request.old_size > checkpoint.tree_size) return Refuse(kBadRequest, "the old size is larger than the checkpoint's");
  const crypto::Checkpoint& old = log.cosigned;
  if (request.old_size != old.tree_size) return TellSize(old.tree_size);
  if (old.tree_size == checkpoint.tree_size) {
    const std::string known_root = old.root.empty() ? crypto::MerkleEmptyRoot() : old.root;
    if (checkpoint.root != known_root) return TellSize(old.tree_size);
    if (!request.consistency.empty()) return Refuse(kNotConsistent, "a proof where there is nothing to prove");
  } else if (old.tree_size == 0) {
    if (!request.consistency.empty()) return Refuse(kNotConsistent, "a proof where there is nothing to prove");
  } else if (!crypto::VerifyConsistency(old.tree_size, checkpoint.tree_size, old.root, checkpoint.root, request.consistency).ok()) {
    return Refuse(kNotConsistent, "the proof does not show that the tree extends the one cosigned before");
  }
  return Cosign(log, request.checkpoint, checkpoint);
}

WitnessAnswer Witness::Cosign(KnownLog& log, const std::string& note, const crypto::Checkpoint& checkpoint) {
  if (checkpoint.tree_size > log.cosigned.tree_size) {
    // Where the write failed it may be there all the same: nothing is cosigned, and the next request is checked against what was.
    if (absl::Status kept = folder_.Keep(log, note); !kept.ok()) return Refuse(kFailed, "the state cannot be written");
    log.cosigned = checkpoint;
    log.note = note;
  }
  return {kCosigned, "text/plain; charset=utf-8", signer_.Cosign(TextOf(note), static_cast<uint64_t>(absl::ToUnixSeconds(now_())))};
}

}  // namespace otokura::client
