// Reads nonce records (crypto/nonce_record.h) and shows that no (key, nonce) pair sealed twice, whatever the plaintext: a chunk index is
// spent when it is sealed, so even the same bytes again would be a fault.
//
//   otokura-nonce-check RECORD...
//
// Exit code 0 and the number of sealings; 1 and the pair that appears twice; 2 a record that cannot be read, or is none.
#include <cstdio>
#include <fstream>
#include <string>
#include <unordered_map>

namespace {

constexpr size_t kKeyDigits = 32;
constexpr size_t kNonceDigits = 24;
constexpr size_t kPlaintextDigits = 32;
constexpr size_t kPairDigits = kKeyDigits + 1 + kNonceDigits;
constexpr size_t kLineDigits = kPairDigits + 1 + kPlaintextDigits;

bool IsRecordLine(const std::string& line) {
  return line.size() == kLineDigits && line[kKeyDigits] == ' ' && line[kPairDigits] == ' ' &&
         line.find_first_not_of("0123456789abcdef ") == std::string::npos;
}

// Adds the sealings of one record; returns the exit code.
int AddRecord(const char* path, std::unordered_map<std::string, std::string>* plaintext_of_pair) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!IsRecordLine(line)) {
      std::fprintf(stderr, "%s: not a line of a nonce record: %s\n", path, line.c_str());
      return 2;
    }
    const std::string plaintext = line.substr(kPairDigits + 1);
    const auto [earlier, is_new] = plaintext_of_pair->emplace(line.substr(0, kPairDigits), plaintext);
    if (is_new) continue;
    std::printf("%s: key and nonce %s sealed twice, %s\n", path, earlier->first.c_str(),
                earlier->second == plaintext ? "the same plaintext" : "two plaintexts");
    return 1;
  }
  if (file.eof()) return 0;
  std::fprintf(stderr, "%s: cannot be read\n", path);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: otokura-nonce-check RECORD...\n");
    return 2;
  }
  std::unordered_map<std::string, std::string> plaintext_of_pair;
  for (int i = 1; i < argc; ++i) {
    if (const int code = AddRecord(argv[i], &plaintext_of_pair); code != 0) return code;
  }
  std::printf("%zu sealings, no pair twice\n", plaintext_of_pair.size());
  return 0;
}
