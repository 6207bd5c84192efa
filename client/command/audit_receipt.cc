// `otokura audit receipt`, `verify-receipt`: what was done with one recording, for the person whose call it is.
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/log_key.h"
#include "client/command/output_file.h"
#include "client/command/recording_text.h"
#include "client/command/text.h"
#include "client/posix_file.h"
#include "client/receipt.h"

namespace otokura::client {
namespace {

struct ReceiptOptions {
  std::string recording_id, out, file, key, hand_overs;
};

int Make(const ReceiptOptions& options, const Session& session) {
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto receipt = (*log)->MakeReceipt(options.recording_id);
  if (!receipt.ok()) return Fail(receipt.status());
  if (options.out.empty()) {
    std::fwrite(receipt->data(), 1, receipt->size(), stdout);
    return kExitDone;
  }
  auto file = OutputFile::Create(options.out);
  if (!file.ok()) return Fail(file.status());
  absl::Status written = (*file)->Write(*receipt);
  if (written.ok()) written = (*file)->Commit();
  return written.ok() ? kExitDone : Fail(written);
}

// ---- in words

struct Words {
  const char* done;
  const char* refused;
};

// What the entry says was done, as somebody reads it who has never heard of the log.
std::string InWords(const AuditEntry& access) {
  static const std::map<std::string, Words> kWords = {
      {"RECORDING_OPENED", {"began to record the call", "was refused to record the call"}},
      {"RECORDING_RESUMED", {"went on recording after an interruption", "was refused to go on recording"}},
      {"RECORDING_SEALED", {"the recording is complete and was sealed", ""}},
      {"RECORDING_INCOMPLETE", {"the recording broke off and was sealed as it was", ""}},
      {"RECORDING_DATA_LOSS", {"some of the sound was found missing or damaged", ""}},
      {"RECORDING_GAP", {"reported that some of the sound is missing", ""}},
      {"INGEST_REFUSED", {"", "was refused to record the call"}},
      {"SHOW", {"looked at what is noted of the call", "was refused to look at what is noted of the call"}},
      {"LISTEN", {"began to listen to the call", "was refused to listen to the call"}},
      {"DOWNLOAD", {"began to download the call", "was refused to download the call"}},
      {"RECEIPT", {"made a receipt such as this", "was refused a receipt such as this"}},
  };
  if (access.closes) {
    return absl::StrCat("got ", access.delivered_bytes, access.delivered_bytes == 1 ? " byte" : " bytes",
                        access.outcome == "OK" ? "" : ", then it was broken off");
  }
  const bool refused = access.decision == "DENIED";
  if (const auto words = kWords.find(access.action); words != kWords.end()) {
    if (const std::string text = refused ? words->second.refused : words->second.done; !text.empty()) return text;
  }
  return absl::StrCat(refused ? "was refused something else" : "did something else", ": ",
                      access.action.empty() ? "of a kind that this program does not know" : access.action);
}

std::string Who(const AuditEntry& access) { return access.role.empty() ? "the gateway" : access.role; }

nlohmann::json ToJson(const VerifiedReceipt& receipt) {
  nlohmann::json accesses = nlohmann::json::array();
  for (const AuditEntry& access : receipt.accesses) {
    nlohmann::json line = {{"access_number", access.access_number},
                           {"sequence", access.sequence},
                           {"time", Rfc3339(access.time)},
                           {"role", access.role},
                           {"action", access.action},
                           {"decision", access.decision},
                           {"purpose", access.purpose},
                           {"in_words", InWords(access)}};
    if (access.closes) {
      line["delivered_bytes"] = access.delivered_bytes;
      line["outcome"] = access.outcome;
      line["of_sequence"] = access.of_sequence;
    }
    accesses.push_back(std::move(line));
  }
  const AuditEntry& last = receipt.accesses.back();
  return {{"recording_id", last.recording_id},     {"accesses", std::move(accesses)},     {"complete_to", Rfc3339(last.time)},
          {"complete_to_sequence", last.sequence}, {"origin", receipt.checkpoint.origin}, {"tree_size", receipt.checkpoint.tree_size}};
}

void Print(const VerifiedReceipt& receipt) {
  const AuditEntry& last = receipt.accesses.back();
  std::printf("Recording %s: everything that was logged about it until %s\n\n", last.recording_id.c_str(),
              LocalTimeText(last.time).c_str());
  Table table({"NO", "TIME", "WHO", "WHAT", "WHY"});
  for (const AuditEntry& access : receipt.accesses) {
    table.Add({absl::StrCat(access.access_number), LocalTimeText(access.time), Who(access), InWords(access),
               access.purpose.empty() ? "-" : access.purpose});
  }
  std::fputs(table.Text().c_str(), stdout);
  std::printf("\nreceipt holds: %llu entries, none left out, none changed; log %s, signed at %llu entries\n",
              static_cast<unsigned long long>(receipt.accesses.size()), receipt.checkpoint.origin.c_str(),
              static_cast<unsigned long long>(receipt.checkpoint.tree_size));
}

int Verify(const ReceiptOptions& options, const Session& session) {
  const auto keys = ReadLogKeys(options.key, options.hand_overs);
  if (!keys.ok()) return Fail(keys.status());
  const auto text = ReadFile(options.file, kReceiptBytesMax);
  if (!text.ok()) return Fail(text.status());
  const auto receipt = ParseReceipt(*text);
  if (!receipt.ok()) return Fail(receipt.status());
  const auto verified = VerifyReceipt(*receipt, *keys);
  if (!verified.ok()) return Fail(verified.status());
  if (session.json) {
    PrintJson(ToJson(*verified));
  } else {
    Print(*verified);
  }
  return kExitDone;
}

}  // namespace

void AddAuditReceipt(CLI::App* audit, Session* session) {
  auto make = std::make_shared<ReceiptOptions>();
  CLI::App* receipt =
      audit->add_subcommand("receipt", "All that was logged about one recording, with proofs, to give to the caller: no name is in it");
  receipt->add_option("--recording", make->recording_id, "its id")->required();
  receipt->add_option("--out", make->out, "the file to write (default: standard output)");
  receipt->footer(Footer("otokura audit receipt --recording 01977420-dc00-7abc-8def-0123456789ab --out call.receipt"));
  receipt->callback([make, session] { session->run = [make, session] { return Make(*make, *session); }; });

  auto check = std::make_shared<ReceiptOptions>();
  CLI::App* verify = audit->add_subcommand("verify-receipt", "Check such a receipt, offline, and say in words what was done");
  verify->add_option("file", check->file, "a receipt")->required();
  AddLogKey(verify, &check->key, &check->hand_overs);
  verify->footer(Footer("otokura audit verify-receipt call.receipt --key calls.example/otokura/5f…+0a1b2c3d+AX…"));
  verify->callback([check, session] { session->run = [check, session] { return Verify(*check, *session); }; });
}

}  // namespace otokura::client
