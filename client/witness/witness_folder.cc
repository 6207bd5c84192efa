#include "client/witness/witness_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "crypto/tlog/lines.h"

namespace otokura::client {
namespace {

constexpr std::string_view kKeyFirstLine = "otokura witness key v1\n";
constexpr size_t kKeyFileBytesMax = 1024;
constexpr size_t kLogFileBytesMax = crypto::kNoteBytesMax + crypto::kHandOversMax * crypto::kHandOverBytesMax * 3 / 2 + 2048;
constexpr size_t kSeedBytes = 32;
constexpr size_t kLogFileNameBytes = 16;  // of the origin's digest

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return FileError("make folder", path, errno);
}

}  // namespace

std::string WitnessFolder::LogPath(std::string_view origin) const {
  return absl::StrCat(path_, "/logs/", absl::BytesToHexString(crypto::Sha256(origin).substr(0, kLogFileNameBytes)), ".log");
}

absl::Status WitnessFolder::Create(std::string_view name) const {
  auto seed = crypto::SecretBytes::Random(kSeedBytes);
  if (!seed.ok()) return seed.status();
  std::string text =
      absl::StrCat(absl::string_view(kKeyFirstLine.data(), kKeyFirstLine.size()), absl::string_view(name.data(), name.size()), "\n",
                   absl::Base64Escape(absl::string_view(seed->Expose().data(), seed->size())), "\n");
  // Refuses a name that could not be one of a key.
  if (absl::Status named = crypto::CosignatureSigner::Create(name, *std::move(seed)).status(); !named.ok()) return named;
  for (const std::string& folder : {path_, path_ + "/logs"}) {
    if (absl::Status made = MakeFolder(folder); !made.ok()) return made;
  }
  absl::Status written = absl::AlreadyExistsError(absl::StrCat("'", KeyPath(), "' is there already; a witness keeps its key for life"));
  if (auto file = OpenFile(KeyPath(), O_WRONLY | O_CREAT | O_EXCL); file.ok()) written = WriteAll(file->get(), text, KeyPath());
  crypto::Wipe(text.data(), text.size());
  return written.ok() ? SyncFolder(path_) : written;
}

absl::StatusOr<crypto::CosignatureSigner> WitnessFolder::OpenKey() const {
  absl::StatusOr<std::string> text = ReadFile(KeyPath(), kKeyFileBytesMax);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(absl::StrCat("'", path_, "' is no witness's folder; make one with `otokura witness init`"));
  }
  if (!text.ok()) return text.status();
  std::string_view rest = *text;
  const size_t name_end = rest.starts_with(kKeyFirstLine) ? rest.find('\n', kKeyFirstLine.size()) : std::string_view::npos;
  std::optional<std::string> seed;
  if (name_end != std::string_view::npos && rest.ends_with('\n'))
    seed = crypto::DecodeBase64(rest.substr(name_end + 1, rest.size() - name_end - 2));
  const std::string name(name_end == std::string_view::npos ? "" : rest.substr(kKeyFirstLine.size(), name_end - kKeyFirstLine.size()));
  crypto::Wipe(text->data(), text->size());
  if (!seed) return absl::DataLossError(absl::StrCat("'", KeyPath(), "' is no witness key; restore it from its backup"));
  auto secret = crypto::SecretBytes::CopyOf(*seed);
  crypto::Wipe(seed->data(), seed->size());
  if (!secret.ok()) return secret.status();
  return crypto::CosignatureSigner::Create(name, *std::move(secret));
}

absl::StatusOr<FileDescriptor> WitnessFolder::Lock() const {
  absl::StatusOr<FileDescriptor> file = OpenFile(KeyPath(), O_RDONLY);
  if (!file.ok() || flock(file->get(), LOCK_EX | LOCK_NB) == 0) return file;
  return absl::FailedPreconditionError(absl::StrCat("'", path_, "' is in use by another witness; stop that one first"));
}

absl::Status WitnessFolder::AddLog(const std::string& verifier_key) const {
  const absl::StatusOr<FileDescriptor> lock = Lock();
  if (!lock.ok()) return lock.status();
  absl::StatusOr<crypto::NoteVerifier> verifier = crypto::NoteVerifier::Parse(verifier_key);
  if (!verifier.ok()) return verifier.status();
  if (std::filesystem::exists(LogPath(verifier->name()))) {
    return absl::AlreadyExistsError(absl::StrCat("the log ", verifier->name(), " is known already"));
  }
  return Keep(KnownLog{verifier_key, crypto::LogKeys(*verifier)}, "");
}

absl::StatusOr<size_t> WitnessFolder::FollowKey(const std::vector<std::string>& hand_overs) const {
  const absl::StatusOr<FileDescriptor> lock = Lock();
  if (!lock.ok()) return lock.status();
  size_t followed = 0;
  for (const std::string& hand_over : hand_overs) {
    const std::string origin = hand_over.substr(0, hand_over.find('\n'));
    absl::StatusOr<KnownLog> log = ReadLog(LogPath(origin));
    if (absl::IsNotFound(log.status())) return absl::NotFoundError("no log of this origin is known; add it with `otokura witness add-log`");
    if (!log.ok()) return log.status();
    const size_t keys = log->keys.keys().size();
    if (absl::Status next = log->keys.Follow(hand_over); !next.ok()) return next;
    if (log->keys.keys().size() == keys) continue;  // of a key before
    log->hand_overs.push_back(hand_over);
    if (absl::Status kept = Keep(*log, log->note); !kept.ok()) return kept;
    ++followed;
  }
  return followed;
}

absl::Status WitnessFolder::Keep(const KnownLog& log, std::string_view checkpoint_note) const {
  std::string text = log.verifier_key + "\n";
  for (const std::string& hand_over : log.hand_overs) absl::StrAppend(&text, absl::Base64Escape(hand_over), "\n");
  absl::StrAppend(&text, "\n", absl::string_view(checkpoint_note.data(), checkpoint_note.size()));
  return ReplaceFile(LogPath(log.keys.name()), text);
}

absl::StatusOr<KnownLog> WitnessFolder::ReadLog(const std::string& path) const {
  absl::StatusOr<std::string> text = ReadFile(path, kLogFileBytesMax);
  if (!text.ok()) return text.status();
  const auto damaged = [&path](std::string_view why) {
    return absl::DataLossError(
        absl::StrCat("'", path, "': ", absl::string_view(why.data(), why.size()), "; restore it, never an older one"));
  };
  std::string_view rest = *text;
  const std::string_view key = crypto::TakeLine(&rest).value_or("");
  absl::StatusOr<crypto::NoteVerifier> verifier = crypto::NoteVerifier::Parse(key);
  if (!verifier.ok() || LogPath(verifier->name()) != path) return damaged("does not begin with the key of its log");
  KnownLog log{std::string(key), crypto::LogKeys(*std::move(verifier))};
  for (;;) {
    const std::optional<std::string_view> line = crypto::TakeLine(&rest);
    if (!line) return damaged("is cut short");
    if (line->empty()) break;
    std::optional<std::string> hand_over = crypto::DecodeBase64(*line);
    if (!hand_over || !log.keys.Follow(*hand_over).ok()) return damaged("holds a hand-over that does not follow");
    log.hand_overs.push_back(*std::move(hand_over));
  }
  if (rest.empty()) return log;
  absl::StatusOr<crypto::Checkpoint> cosigned = log.keys.Open(rest);
  if (!cosigned.ok()) return damaged("its checkpoint is not the log's");
  log.cosigned = *std::move(cosigned);
  log.note = std::string(rest);
  return log;
}

absl::StatusOr<std::vector<KnownLog>> WitnessFolder::ReadLogs() const {
  std::vector<KnownLog> logs;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(path_ + "/logs", error)) {
    if (file.path().extension() != ".log") continue;  // a temporary one of a write that was cut off
    absl::StatusOr<KnownLog> log = ReadLog(file.path().string());
    if (!log.ok()) return log.status();
    logs.push_back(*std::move(log));
  }
  if (error) return absl::NotFoundError(absl::StrCat("'", path_, "/logs' cannot be read: ", error.message()));
  return logs;
}

}  // namespace otokura::client
