#include "crypto/file_key_provider.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "crypto/hkdf.h"
#include "crypto/openssl_ptr.h"
#include "crypto/random.h"

namespace otokura::crypto {
namespace {

// The file, integers big-endian (crypto/FORMAT.md):
//   magic(16) ‖ version(4) ‖ N(8) ‖ r(4) ‖ p(4) ‖ salt(32) ‖ root version(4) ‖ wrapped root key(40)
constexpr std::string_view kMagic = "otokura-root-key";
constexpr uint32_t kFileVersion = 1;
constexpr size_t kScryptSaltBytes = 32;
constexpr size_t kVersionEnd = 16 + 4;
constexpr size_t kFileHeaderBytes = kVersionEnd + 8 + 4 + 4 + kScryptSaltBytes + 4;
constexpr size_t kWrappedRootBytes = kKeyBytes + 8;
constexpr size_t kFileBytes = kFileHeaderBytes + kWrappedRootBytes;
static_assert(kMagic.size() == 16 && kFileBytes == 112);

constexpr uint64_t kScryptNMax = uint64_t{1} << 20;
constexpr uint32_t kScryptRMax = 32;
constexpr uint32_t kScryptPMax = 4;
constexpr uint64_t kScryptMemoryBytesMax = uint64_t{1} << 30;  // a changed file must not make the start take all memory

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status ErrorOf(const std::string& path, const char* operation) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", operation));
}

void AppendBigEndian(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = bytes; i > 0; --i) out->push_back(static_cast<char>(value >> (8 * (i - 1))));
}

uint64_t TakeBigEndian(size_t bytes, std::string_view* in) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = (value << 8) | static_cast<uint8_t>((*in)[i]);
  in->remove_prefix(bytes);
  return value;
}

struct FileHeader {
  ScryptCost cost;
  std::string salt;
  uint32_t root_version = 1;
};

std::string Serialise(const FileHeader& header) {
  std::string out(kMagic);
  AppendBigEndian(kFileVersion, 4, &out);
  AppendBigEndian(header.cost.n, 8, &out);
  AppendBigEndian(header.cost.r, 4, &out);
  AppendBigEndian(header.cost.p, 4, &out);
  out.append(header.salt);
  AppendBigEndian(header.root_version, 4, &out);
  return out;
}

absl::Status CheckCost(const ScryptCost& cost) {
  const bool ok = cost.n >= 2 && cost.n <= kScryptNMax && std::has_single_bit(cost.n) && cost.r >= 1 && cost.r <= kScryptRMax &&
                  cost.p >= 1 && cost.p <= kScryptPMax && 128 * cost.n * cost.r <= kScryptMemoryBytesMax;
  if (ok) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("scrypt cost: N=", cost.n, " r=", cost.r, " p=", cost.p,
                                                    " is beyond what this build accepts (N a power of two up to 2^20, r up to ",
                                                    kScryptRMax, ", p up to ", kScryptPMax, ", 1 GiB of memory)"));
}

absl::Status CheckPassphrase(const SecretBytes& passphrase) {
  if (passphrase.size() >= kPassphraseBytesMin && passphrase.size() <= kPassphraseBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("passphrase: ", passphrase.size(), " bytes, expected ", kPassphraseBytesMin, "..", kPassphraseBytesMax));
}

absl::StatusOr<FileHeader> ParseHeader(const std::string& path, std::string_view file) {
  if (!file.starts_with(kMagic) || file.size() < kVersionEnd) return absl::DataLossError(absl::StrCat(path, ": not a root key file"));
  std::string_view in = file.substr(kMagic.size());
  if (const uint64_t version = TakeBigEndian(4, &in); version != kFileVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": version ", version, " of the root key file; this build reads version ", kFileVersion, ", use a newer one"));
  }
  if (file.size() != kFileBytes) {
    return absl::DataLossError(absl::StrCat(path, ": ", file.size(), " bytes, expected ", kFileBytes, "; restore it from a backup"));
  }
  FileHeader header;
  header.cost.n = TakeBigEndian(8, &in);
  header.cost.r = static_cast<uint32_t>(TakeBigEndian(4, &in));
  header.cost.p = static_cast<uint32_t>(TakeBigEndian(4, &in));
  header.salt = in.substr(0, kScryptSaltBytes);
  in.remove_prefix(kScryptSaltBytes);
  header.root_version = static_cast<uint32_t>(TakeBigEndian(4, &in));
  return header;
}

absl::StatusOr<SecretBytes> Scrypt(const SecretBytes& passphrase, const FileHeader& header) {
  absl::StatusOr<SecretBytes> output = SecretBytes::Zeroed(kKeyBytes);
  if (!output.ok()) return output;
  // The library's default ceiling is 32 MiB. What it counts is the table of N blocks, one block a lane, and two blocks of scratch.
  const uint64_t block_bytes = 128 * uint64_t{header.cost.r};
  const ErrorQueueMark mark;
  const std::string_view secret = passphrase.Expose();
  if (EVP_PBE_scrypt(secret.data(), secret.size(), Bytes(header.salt), header.salt.size(), header.cost.n, header.cost.r, header.cost.p,
                     block_bytes * (header.cost.n + header.cost.p + 2), output->ExposeMutable(), kKeyBytes) != 1) {
    return absl::ResourceExhaustedError(absl::StrCat("scrypt: not enough memory for N=", header.cost.n, " r=", header.cost.r));
  }
  return output;
}

// The wrapping key depends on every byte before the wrapped key, so a changed cost, salt or version shows as a wrong passphrase does.
absl::StatusOr<SecretBytes> WrappingKey(const SecretBytes& passphrase, const FileHeader& header) {
  if (absl::Status cost = CheckCost(header.cost); !cost.ok()) return cost;
  absl::StatusOr<SecretBytes> stretched = Scrypt(passphrase, header);
  if (!stretched.ok()) return stretched;
  return HkdfExpand(*stretched, std::string("otokura/v1/root-key-file\0", 25) + Serialise(header), kKeyBytes);
}

absl::Status WriteAndSync(const std::string& path, std::string_view contents) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return ErrorOf(path, "create");
  while (!contents.empty()) {
    const ssize_t written = write(file.get(), contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrorOf(path, "write");
    contents.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(file.get()) != 0) return ErrorOf(path, "sync");
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) {
  const FileDescriptor folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || fsync(folder.get()) != 0) return ErrorOf(directory, "sync");
  return absl::OkStatus();
}

// A hard link, unlike a rename, never replaces what is there: of two that start at once, one gets ALREADY_EXISTS.
absl::Status WriteNewFile(const std::string& path, std::string_view contents) {
  const std::string temporary = absl::StrCat(path, ".", absl::BytesToHexString(RandomBytes(8)), ".new");
  absl::Status status = WriteAndSync(temporary, contents);
  if (status.ok() && link(temporary.c_str(), path.c_str()) != 0) status = ErrorOf(path, "create");
  unlink(temporary.c_str());
  if (!status.ok()) return status;
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return SyncDirectory(directory.empty() ? "." : directory);
}

// Fills `out` as far as the file goes; returns how far.
absl::StatusOr<size_t> ReadInto(int fd, const std::string& path, char* out, size_t bytes_max) {
  size_t total = 0;
  while (total < bytes_max) {
    const ssize_t got = read(fd, out + total, bytes_max - total);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrorOf(path, "read");
    if (got == 0) break;
    total += static_cast<size_t>(got);
  }
  return total;
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  // Not blocking, so that a FIFO in the file's place cannot hold the start up.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return ErrorOf(path, "open");
  std::string contents(kFileBytes + 1, '\0');
  absl::StatusOr<size_t> bytes = ReadInto(file.get(), path, contents.data(), contents.size());
  if (!bytes.ok()) return bytes.status();
  contents.resize(*bytes);
  return contents;
}

}  // namespace

FileKeyProvider::FileKeyProvider(SecretBytes root_key, uint32_t root_version)
    : root_key_(std::move(root_key)), root_version_(root_version) {}

absl::Status FileKeyProvider::Create(const std::string& path, const SecretBytes& passphrase, ScryptCost cost) {
  if (absl::Status status = CheckPassphrase(passphrase); !status.ok()) return status;
  const FileHeader header{cost, RandomBytes(kScryptSaltBytes), 1};
  absl::StatusOr<SecretBytes> wrapping_key = WrappingKey(passphrase, header);
  if (!wrapping_key.ok()) return wrapping_key.status();
  absl::StatusOr<SecretBytes> root_key = SecretBytes::Random(kKeyBytes);
  if (!root_key.ok()) return root_key.status();
  absl::StatusOr<std::string> wrapped = Rfc5649Wrap(wrapping_key->Expose(), root_key->Expose());
  if (!wrapped.ok()) return wrapped.status();
  return WriteNewFile(path, Serialise(header) + *wrapped);
}

absl::StatusOr<std::unique_ptr<FileKeyProvider>> FileKeyProvider::Open(const std::string& path, const SecretBytes& passphrase) {
  if (absl::Status status = CheckPassphrase(passphrase); !status.ok()) return status;
  absl::StatusOr<std::string> file = ReadKeyFile(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<FileHeader> header = ParseHeader(path, *file);
  if (!header.ok()) return header.status();
  absl::StatusOr<SecretBytes> wrapping_key = WrappingKey(passphrase, *header);
  if (!wrapping_key.ok()) return wrapping_key.status();
  absl::StatusOr<SecretBytes> root_key = Rfc5649Unwrap(wrapping_key->Expose(), std::string_view(*file).substr(kFileHeaderBytes));
  if (absl::IsDataLoss(root_key.status())) {
    return absl::PermissionDeniedError(absl::StrCat(path, ": wrong passphrase, or the file was changed"));
  }
  if (!root_key.ok()) return root_key.status();
  return std::unique_ptr<FileKeyProvider>(new FileKeyProvider(*std::move(root_key), header->root_version));
}

uint32_t FileKeyProvider::root_version() const { return root_version_; }

absl::StatusOr<std::string> FileKeyProvider::Wrap(KeyType type, std::string_view owner_id, const SecretBytes& key) {
  return WrapKey(root_key_, type, owner_id, key);
}

absl::StatusOr<SecretBytes> FileKeyProvider::Unwrap(KeyType type, std::string_view owner_id, uint32_t root_version,
                                                    std::string_view wrapped) {
  if (root_version != root_version_) {
    return absl::FailedPreconditionError(
        absl::StrCat("wrapped key: under root key version ", root_version, ", but the file holds version ", root_version_));
  }
  return UnwrapKey(root_key_, type, owner_id, wrapped);
}

absl::StatusOr<SecretBytes> ReadPassphraseFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return ErrorOf(path, "open");
  struct stat status;
  if (fstat(file.get(), &status) != 0) return ErrorOf(path, "stat");
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError(absl::StrCat(path, ": the passphrase must be in a regular file"));
  // A service manager that hands credentials over by an access control list shows the list's mask as the group's rights, with root as the
  // group.
  const bool group_may_read = (status.st_mode & S_IRWXG) != 0 && status.st_gid != 0;
  if (group_may_read || (status.st_mode & S_IRWXO) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": group or others can read the passphrase; chmod 0600 it"));
  }
  absl::StatusOr<SecretBytes> buffer = SecretBytes::Zeroed(kPassphraseBytesMax + 2);  // a newline, and one byte to see that it is too long
  if (!buffer.ok()) return buffer;
  absl::StatusOr<size_t> bytes = ReadInto(file.get(), path, reinterpret_cast<char*>(buffer->ExposeMutable()), buffer->size());
  if (!bytes.ok()) return bytes.status();
  std::string_view passphrase = buffer->Expose().substr(0, *bytes);
  if (passphrase.ends_with('\n')) passphrase.remove_suffix(1);
  absl::StatusOr<SecretBytes> kept = SecretBytes::CopyOf(passphrase);
  if (!kept.ok()) return kept;
  if (absl::Status length = CheckPassphrase(*kept); !length.ok()) return length;
  return kept;
}

}  // namespace otokura::crypto
