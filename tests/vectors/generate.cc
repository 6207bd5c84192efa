// Writes Otokura's test vectors into a folder: one file, one reason.
//
//   otokura-generate-vectors FOLDER
//
// It shares no code with crypto/: it follows crypto/FORMAT.md with nothing but OpenSSL's primitives, so that a mistake in one shows in the
// other. All inputs are fixed, and so is every byte of the output.
//
// A file is a text header (`name: value` a line), a blank line, and the body in hex, 64 digits a line:
//   kind      what the body is: cobblestone, wrapped-key, normalisation, commitment, root-key-file, note
//   expect    `success`, or the kind of failure
//   the rest  inputs and expected outputs, in hex unless they are text or a number
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace {

using namespace std::string_literals;

const unsigned char* Bytes(std::string_view v) { return reinterpret_cast<const unsigned char*>(v.data()); }
unsigned char* Bytes(std::string& v) { return reinterpret_cast<unsigned char*>(v.data()); }
std::string Hex(std::string_view v) { return absl::BytesToHexString(absl::string_view(v.data(), v.size())); }

void Demand(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "generate: %s failed\n", what);
  std::exit(1);
}

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

// ---- primitives

std::string Sha256(std::string_view data) {
  std::string out(32, '\0');
  SHA256(Bytes(data), data.size(), Bytes(out));
  return out;
}

std::string Hmac(const EVP_MD* md, std::string_view key, std::string_view data) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(md)), '\0');
  Demand(HMAC(md, key.data(), static_cast<int>(key.size()), Bytes(data), data.size(), Bytes(out), nullptr) != nullptr, "HMAC");
  return out;
}

// RFC 5869 §2.3 with SHA-512.
std::string HkdfExpand(std::string_view key, std::string_view info, size_t bytes) {
  std::string out;
  std::string block;
  for (char counter = 1; out.size() < bytes; ++counter) {
    block = Hmac(EVP_sha512(), key, block + std::string(info) + counter);
    out += block;
  }
  return out.substr(0, bytes);
}

std::string Gcm(std::string_view key, std::string_view nonce, std::string_view plaintext) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  std::string out(plaintext.size() + 16, '\0');
  int written = 0;
  int rest = 0;
  Demand(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
             EVP_EncryptUpdate(context, Bytes(out), &written, Bytes(plaintext), static_cast<int>(plaintext.size())) == 1 &&
             EVP_EncryptFinal_ex(context, Bytes(out) + written, &rest) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, Bytes(out) + plaintext.size()) == 1,
         "AES-256-GCM");
  EVP_CIPHER_CTX_free(context);
  return out;
}

// RFC 5649, from single AES blocks as the RFC writes it. Plaintexts longer than 8 bytes.
std::string KeyWrap(std::string_view key, std::string_view plaintext) {
  EVP_CIPHER_CTX* aes = EVP_CIPHER_CTX_new();
  Demand(EVP_EncryptInit_ex(aes, EVP_aes_256_ecb(), nullptr, Bytes(key), nullptr) == 1, "AES-256");
  std::string a = "\xA6\x59\x59\xA6" + BigEndian(plaintext.size(), 4);
  std::string r(plaintext);
  r.resize((r.size() + 7) / 8 * 8, '\0');
  uint64_t step = 0;
  for (int round = 0; round < 6; ++round) {
    for (size_t i = 0; i < r.size(); i += 8) {
      const std::string block = a + r.substr(i, 8);
      std::string b(32, '\0');
      int written = 0;
      Demand(EVP_EncryptUpdate(aes, Bytes(b), &written, Bytes(block), 16) == 1, "AES-256");
      const std::string counter = BigEndian(++step, 8);
      for (size_t n = 0; n < 8; ++n) a[n] = static_cast<char>(b[n] ^ counter[n]);
      r.replace(i, 8, b.substr(8, 8));
    }
  }
  EVP_CIPHER_CTX_free(aes);
  return a + r;
}

std::string SignEd25519(std::string_view seed, std::string_view text, std::string* public_key) {
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(seed), seed.size());
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string signature(64, '\0');
  size_t bytes = signature.size();
  Demand(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key) == 1 &&
             EVP_DigestSign(context, Bytes(signature), &bytes, Bytes(text), text.size()) == 1,
         "Ed25519");
  public_key->resize(32);
  bytes = 32;
  Demand(EVP_PKEY_get_raw_public_key(key, Bytes(*public_key), &bytes) == 1, "Ed25519");
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return signature;
}

// ---- files

using Fields = std::vector<std::pair<std::string, std::string>>;
std::string folder;

void Write(const std::string& name, const std::string& kind, const std::string& expect, const Fields& fields, std::string_view body) {
  std::ofstream file(folder + "/" + name + ".txt", std::ios::binary);
  file << "kind: " << kind << "\nexpect: " << expect << "\n";
  for (const auto& [field, value] : fields) file << field << ": " << value << "\n";
  file << "\n";
  const std::string hex = Hex(body);
  for (size_t i = 0; i < hex.size(); i += 64) file << hex.substr(i, 64) << "\n";
  Demand(static_cast<bool>(file.flush()), "writing");
}

std::string Pattern(size_t bytes, uint8_t first) {
  std::string out(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(first + i * 7 + i / 256);
  return out;
}

const std::string kKey = Pattern(32, 0x10);
const std::string kOwner = Pattern(16, 0x40);

// ---- Cobblestone-256

std::string Cobblestone(std::string_view key, std::string_view context, std::string_view plaintext) {
  const std::string salt = Pattern(24, 0x80);
  const std::string derived = HkdfExpand(key, "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"s + salt + std::string(context), 76);
  std::string message = salt + derived.substr(44);
  for (uint64_t index = 0;; ++index) {
    std::string nonce = derived.substr(32, 12);
    const std::string counter = std::string(4, '\0') + BigEndian(index, 8);
    for (size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<char>(nonce[i] ^ counter[i]);
    const std::string_view chunk = plaintext.substr(0, 16384);
    message += Gcm(derived.substr(0, 32), nonce, chunk);
    if (chunk.size() < 16384) return message;
    plaintext.remove_prefix(chunk.size());
  }
}

// `released` is what a streaming reader may hand out before it fails, or the whole plaintext.
void WriteMessage(const std::string& reason, const std::string& expect, std::string_view key, std::string_view context,
                  std::string_view released, std::string_view message) {
  Write("cobblestone_" + reason, "cobblestone", expect,
        {{"key", Hex(key)},
         {"context", Hex(context)},
         {"plaintext-bytes", std::to_string(released.size())},
         {"plaintext-sha256", Hex(Sha256(released))}},
        message);
}

void WriteMessages() {
  const std::string context = "otokura/v1/audio\0"s + kOwner + BigEndian(0, 4);
  const std::string next_part = "otokura/v1/audio\0"s + kOwner + BigEndian(1, 4);
  const std::string short_text = Pattern(300, 0);
  const std::string full = Pattern(16384, 3);
  const std::string message = Cobblestone(kKey, context, short_text);
  const std::string two_chunks = Cobblestone(kKey, context, full);
  const auto flipped = [](std::string bytes, size_t at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x01);
    return bytes;
  };
  WriteMessage("empty", "success", kKey, context, "", Cobblestone(kKey, context, ""));
  WriteMessage("short", "success", kKey, context, short_text, message);
  WriteMessage("full_chunk_and_empty_final", "success", kKey, context, full, two_chunks);
  WriteMessage("no_final_chunk", "truncated", kKey, context, full, two_chunks.substr(0, two_chunks.size() - 16));
  WriteMessage("header_only", "truncated", kKey, context, "", message.substr(0, 56));
  WriteMessage("half_a_header", "truncated", kKey, context, "", message.substr(0, 40));
  WriteMessage("cut_in_tag", "truncated", kKey, context, "", message.substr(0, 56 + 15));
  WriteMessage("cut_in_chunk", "bad tag", kKey, context, "", message.substr(0, message.size() - 1));
  WriteMessage("tampered_chunk", "bad tag", kKey, context, "", flipped(message, 56 + 100));
  WriteMessage("tampered_tag", "bad tag", kKey, context, "", flipped(message, message.size() - 1));
  WriteMessage("tampered_final", "bad tag", kKey, context, full, flipped(two_chunks, two_chunks.size() - 1));
  WriteMessage("tampered_salt", "bad header", kKey, context, "", flipped(message, 0));
  WriteMessage("tampered_commitment", "bad header", kKey, context, "", flipped(message, 55));
  WriteMessage("trailing_byte", "bad tag", kKey, context, "", message + '\0');
  WriteMessage("trailing_message", "bad tag", kKey, context, "", message + message);
  WriteMessage("wrong_part", "bad header", kKey, next_part, "", message);
  WriteMessage("wrong_key", "bad header", Pattern(32, 0x11), context, "", message);
  WriteMessage("short_key", "bad key", kKey.substr(0, 31), context, "", message);
}

// ---- wrapped keys

void WriteWrappedKeys() {
  const std::string data_key = Pattern(32, 0xA0);
  const std::string wrapped = KeyWrap(kKey, "\x02"s + kOwner + data_key);
  const auto write = [&](const std::string& reason, const std::string& expect, std::string_view owner, std::string_view body) {
    Write("wrapped_key_" + reason, "wrapped-key", expect,
          {{"key-encryption-key", Hex(kKey)}, {"type", "2"}, {"owner", Hex(owner)}, {"key", Hex(data_key)}}, body);
  };
  std::string tampered = wrapped;
  tampered[20] = static_cast<char>(tampered[20] ^ 0x80);
  write("data", "success", kOwner, wrapped);
  write("wrong_type", "wrong type", kOwner, KeyWrap(kKey, "\x01"s + kOwner + data_key));
  write("wrong_owner", "wrong owner", Pattern(16, 0x41), wrapped);
  write("tampered", "integrity", kOwner, tampered);
  write("other_wrapping_key", "integrity", kOwner, KeyWrap(Pattern(32, 0x11), "\x02"s + kOwner + data_key));
  write("bare_key", "wrong length", kOwner, KeyWrap(kKey, data_key));
  write("cut", "wrong length", kOwner, wrapped.substr(0, 60));
}

// ---- normalisation and tags

void WriteTerm(const std::string& reason, int field, const std::string& typed, const std::string& normalised) {
  const std::string field_key = HkdfExpand(kKey, "otokura/v1/index\0"s + static_cast<char>(field), 32);
  Write("normalisation_" + reason, "normalisation", "success",
        {{"field", std::to_string(field)},
         {"normalised", normalised},
         {"epoch-key", Hex(kKey)},
         {"tag", Hex(Hmac(EVP_sha256(), field_key, normalised).substr(0, 16))}},
        typed);
}

void WriteRefusedTerm(const std::string& reason, int field, const std::string& typed) {
  Write("normalisation_refused_" + reason, "normalisation", "refused", {{"field", std::to_string(field)}}, typed);
}

void WriteTerms() {
  constexpr int kCaller = 1;
  constexpr int kPension = 2;
  constexpr int kAgent = 3;
  constexpr int kCallId = 4;
  WriteTerm("caller_plain", kCaller, "0312345678", "0312345678");
  WriteTerm("caller_full_width", kCaller, "０３－１２３４－５６７８", "0312345678");
  WriteTerm("caller_spaces_and_parentheses", kCaller, " (03) 1234.5678　", "0312345678");
  WriteTerm("caller_dashes", kCaller, "03‐1234–5678", "0312345678");
  WriteTerm("caller_minus_sign", kCaller, "090−1234−5678", "09012345678");
  WriteTerm("caller_long_vowel_mark", kCaller, "０３ー１２３４ｰ５６７８", "0312345678");
  WriteTerm("caller_plus_81", kCaller, "+81 3-1234-5678", "0312345678");
  WriteTerm("caller_plus_81_trunk_zero", kCaller, "+81 (0)3-1234-5678", "0312345678");
  WriteTerm("caller_plus_81_full_width", kCaller, "＋８１（０）３ー１２３４ー５６７８", "0312345678");
  WriteTerm("caller_other_country", kCaller, "+44 (0)20 7946 0000", "+442079460000");
  WriteTerm("caller_leading_zeros", kCaller, "0081 3 1234 5678", "0081312345678");
  WriteTerm("caller_short", kCaller, "110", "110");
  WriteTerm("pension_plain", kPension, "1234567890", "1234567890");
  WriteTerm("pension_full_width", kPension, "１２３４－５６７８９０", "1234567890");
  WriteTerm("pension_leading_zeros", kPension, "0001-000001", "0001000001");
  WriteTerm("agent_spaces_and_case", kAgent, "　Tanaka   TARO ", "tanaka taro");
  WriteTerm("agent_full_width", kAgent, "Ｔａｎａｋａ　０１", "tanaka 01");
  WriteTerm("agent_japanese", kAgent, "田中　太郎", "田中 太郎");
  WriteTerm("call_id_case_kept", kCallId, " 1A2b-3C@pbx.example ", "1A2b-3C@pbx.example");
  WriteRefusedTerm("caller_letters", kCaller, "03-CALL-NOW");
  WriteRefusedTerm("caller_two_digits", kCaller, "11");
  WriteRefusedTerm("caller_sixteen_digits", kCaller, "1234567890123456");
  WriteRefusedTerm("caller_plus_inside", kCaller, "03+12345678");
  WriteRefusedTerm("caller_other_digits", kCaller, "٠٣١٢٣٤");
  WriteRefusedTerm("pension_nine_digits", kPension, "123456789");
  WriteRefusedTerm("pension_eleven_digits", kPension, "12345678901");
  WriteRefusedTerm("pension_plus", kPension, "+123456789");
  WriteRefusedTerm("agent_empty", kAgent, "　 ");
  WriteRefusedTerm("agent_too_long", kAgent, std::string(65, 'a'));
  WriteRefusedTerm("agent_control_character", kAgent, "tanaka\x1b[2J");
  WriteRefusedTerm("call_id_too_long", kCallId, std::string(129, 'a'));
  WriteRefusedTerm("not_utf8", kCallId, "call\xff");
  WriteRefusedTerm("overlong_utf8", kCallId, "call\xc0\xaf");
}

// ---- commitments

void WriteCommitments() {
  const std::string salt = Pattern(32, 0x60);
  for (const auto& [reason, value] : {std::pair("value"s, "agent-07"s), std::pair("empty"s, ""s)}) {
    const std::string commitment = Sha256("otokura/v1/commitment\0account\0"s + salt + value);
    Write("commitment_" + reason, "commitment", "success", {{"field", "account"}, {"salt", Hex(salt)}, {"commitment", Hex(commitment)}},
          value);
  }
}

// ---- the root key file

void WriteRootKeyFiles() {
  const std::string passphrase = "correct horse battery staple";
  const std::string root_key = Pattern(32, 0xC0);
  const std::string salt = Pattern(32, 0x20);
  const auto header = [&](uint32_t version, uint64_t n) {
    return "otokura-root-key" + BigEndian(version, 4) + BigEndian(n, 8) + BigEndian(8, 4) + BigEndian(1, 4) + salt + BigEndian(1, 4);
  };
  std::string stretched(32, '\0');
  Demand(EVP_PBE_scrypt(passphrase.data(), passphrase.size(), Bytes(salt), salt.size(), 1024, 8, 1, 32 << 20, Bytes(stretched), 32) == 1,
         "scrypt");
  const std::string wrapping_key = HkdfExpand(stretched, "otokura/v1/root-key-file\0"s + header(1, 1024), 32);
  const std::string wrapped_root = KeyWrap(wrapping_key, root_key);
  const std::string file = header(1, 1024) + wrapped_root;
  const std::string epoch_key = Pattern(32, 0xE0);
  const auto write = [&](const std::string& reason, const std::string& expect, const std::string& typed, std::string_view body) {
    Write("root_key_file_" + reason, "root-key-file", expect,
          {{"passphrase", typed},
           {"owner", Hex(kOwner)},
           {"wrapped-epoch-key", Hex(KeyWrap(root_key, "\x01"s + kOwner + epoch_key))},
           {"epoch-key", Hex(epoch_key)}},
          body);
  };
  std::string other_salt = file;
  other_salt[40] = static_cast<char>(other_salt[40] ^ 0x01);
  std::string other_root_version = file;
  other_root_version[71] = 2;
  write("plain", "success", passphrase, file);
  write("wrong_passphrase", "wrong passphrase", passphrase + "r", file);
  write("changed_salt", "wrong passphrase", passphrase, other_salt);
  write("changed_root_version", "wrong passphrase", passphrase, other_root_version);
  write("newer_version", "not accepted", passphrase, header(2, 1024) + wrapped_root);
  write("cost_too_high", "not accepted", passphrase, header(1, uint64_t{1} << 21) + wrapped_root);
  write("cost_not_a_power_of_two", "not accepted", passphrase, header(1, 1023) + wrapped_root);
  write("cut", "not a key file", passphrase, file.substr(0, 111));
  write("trailing_byte", "not a key file", passphrase, file + '\0');
  write("other_magic", "not a key file", passphrase, "O" + file.substr(1));
}

// ---- signed notes

struct NoteKey {
  std::string name;
  std::string seed;

  std::string PublicKey() const {
    std::string public_key;
    SignEd25519(seed, "", &public_key);
    return public_key;
  }
  std::string Id() const { return Sha256(name + "\n\x01" + PublicKey()).substr(0, 4); }
  std::string VerifierKey() const { return absl::StrCat(name, "+", Hex(Id()), "+", absl::Base64Escape("\x01" + PublicKey())); }
  std::string Line(std::string_view text) const {
    std::string public_key;
    const std::string signature = SignEd25519(seed, text, &public_key);
    return absl::StrCat("— ", name, " ", absl::Base64Escape(Id() + signature), "\n");
  }
};

void WriteNotes() {
  const NoteKey log{"otokura.example/log", Pattern(32, 0x01)};
  const NoteKey witness{"witness.example/w1", Pattern(32, 0x02)};
  const std::string text = "otokura.example/log\n42\nqUQCJRhVRqzUwHIKXNhGZ6T+4/Ecd0Qrtf9yDJ8Ja8I=\n";
  const auto write = [&](const std::string& reason, const std::string& expect, const std::string& note) {
    Write("note_" + reason, "note", expect,
          {{"verifier", log.VerifierKey()}, {"text-sha256", Hex(Sha256(text))}, {"name", log.name}, {"seed", Hex(log.seed)}}, note);
  };
  const std::string note = text + "\n" + log.Line(text);
  write("signed", "success", note);
  write("and_an_unknown_signature", "success", text + "\n" + witness.Line(text) + log.Line(text));
  write("repeated_signature", "success", note + log.Line(text));
  write("changed_text", "bad signature", "otokura.example/log\n43\n" + text.substr(23) + "\n" + log.Line(text));
  write("unknown_key", "unknown key", text + "\n" + witness.Line(text));
  write("no_blank_line", "malformed", text + log.Line(text));
  write("no_signature", "malformed", text + "\n");
  write("no_final_newline", "malformed", note.substr(0, note.size() - 1));
  write("control_character", "malformed", "a\tb\n\n" + log.Line("a\tb\n"));
  write("ascii_dash", "malformed", text + "\n-" + log.Line(text).substr(3));
  write("base64_without_padding", "malformed", text + "\n— " + log.name + " AAAAAAA\n");
  write("short_signature", "malformed", text + "\n— " + log.name + " " + absl::Base64Escape(log.Id()) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: otokura-generate-vectors FOLDER\n");
    return 2;
  }
  folder = argv[1];
  WriteMessages();
  WriteWrappedKeys();
  WriteTerms();
  WriteCommitments();
  WriteRootKeyFiles();
  WriteNotes();
  return 0;
}
