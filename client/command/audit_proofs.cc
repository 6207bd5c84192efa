// `otokura audit key`, `export`, `verify`, `prove`, `verify-proof`: what somebody needs who need not trust the gateway.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/command/audit_text.h"
#include "client/command/exit_code.h"
#include "client/command/interrupt.h"
#include "client/command/log_key.h"
#include "client/command/output_file.h"
#include "client/command/progress.h"
#include "client/command/recording_text.h"
#include "client/command/session.h"
#include "client/command/text.h"
#include "client/log_exporter.h"
#include "client/log_verifier.h"
#include "client/posix_file.h"
#include "crypto/tlog/consistency_text.h"
#include "crypto/tlog/proof_text.h"

namespace otokura::client {
namespace {

constexpr uint64_t kFindingsShownMax = 20;  // one changed entry changes every tile above it; the first say the most

struct ProofOptions {
  std::string folder, file, key, hand_overs, since, details, witness, consistency;
  uint64_t entry = 0;
  bool live = false;
  bool cosigned = false;
};

int Key(const Session& session) {
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto head = (*log)->Head();
  if (!head.ok()) return Fail(head.status());
  const auto newest = crypto::NoteVerifier::Parse(head->verifier_key);
  if (!newest.ok()) return Fail(newest.status());
  const auto keys = crypto::LogKeys::Whole(head->hand_overs, *newest);
  if (!keys.ok()) return Fail(keys.status());
  if (session.json) {
    nlohmann::json chain = nlohmann::json::array();
    for (const crypto::NoteVerifier& key : keys->keys()) chain.push_back(key.VerifierKey());
    PrintJson({{"verifier_key", head->verifier_key},
               {"verifier_keys", chain},
               {"hand_overs", head->hand_overs},
               {"checkpoint", head->checkpoint},
               {"cosigned_checkpoint", head->cosigned_checkpoint}});
    return kExitDone;
  }
  for (const crypto::NoteVerifier& key : keys->keys()) std::printf("%s\n", key.VerifierKey().c_str());
  return kExitDone;
}

// ---- export

// The key that was given, or the one that the gateway names: then only what was exported before can contradict it.
absl::StatusOr<crypto::LogKeys> KeyFor(const ProofOptions& options, AuditLog& log) {
  if (!options.key.empty()) return ReadLogKeys(options.key, options.hand_overs);
  auto head = log.Head();
  if (!head.ok()) return head.status();
  std::fprintf(stderr,
               "otokura: taking the gateway's word for the log's key; compare it with one that came another way, or give --key:\n  %s\n",
               head->verifier_key.c_str());
  return crypto::NoteVerifier::Parse(head->verifier_key);
}

absl::StatusOr<LogExported> Export(const ProofOptions& options, AuditLog& log) {
  auto key = KeyFor(options, log);
  if (!key.ok()) return key.status();
  LogExport log_export{.folder = options.folder, .log_key = *std::move(key), .cosigned = options.cosigned};
  Progress progress;
  log_export.progress = [&progress](uint64_t done, uint64_t total) {
    progress.Show(done, total);
    return !Interrupted();
  };
  if (options.details.empty()) return ExportLog(log, log_export);
  auto details = OutputFile::Create(options.details);
  if (!details.ok()) return details.status();
  log_export.opened = [&details](const AuditEntry& entry) { return (*details)->Write(JsonLine(ToJson(entry))); };
  auto exported = ExportLog(log, log_export);
  if (!exported.ok()) return exported;
  if (absl::Status kept = (*details)->Commit(); !kept.ok()) return kept;
  return exported;
}

int RunExport(const ProofOptions& options, const Session& session) {
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  const auto exported = Export(options, **log);
  if (!exported.ok()) return Fail(exported.status());
  if (session.json) {
    PrintJson({{"entries", exported->tree_size}, {"new_entries", exported->new_entries}});
  } else {
    std::printf("%s: %llu entries, %llu of them new\n", options.folder.c_str(), static_cast<unsigned long long>(exported->tree_size),
                static_cast<unsigned long long>(exported->new_entries));
  }
  return kExitDone;
}

// ---- verify

absl::StatusOr<std::optional<crypto::Checkpoint>> ReadSince(const std::string& path, const crypto::LogKeys& keys) {
  if (path.empty()) return std::optional<crypto::Checkpoint>();
  absl::StatusOr<std::string> note = ReadFile(path, crypto::kNoteBytesMax);
  if (!note.ok()) return note.status();
  absl::StatusOr<crypto::Checkpoint> checkpoint = keys.Open(*note);
  if (!checkpoint.ok())
    return absl::Status(checkpoint.status().code(), absl::StrCat("--since ", path, ": ", checkpoint.status().message()));
  return std::optional<crypto::Checkpoint>(*std::move(checkpoint));
}

// With those that the log knows of: the older checkpoint may be signed by any of them.
absl::StatusOr<crypto::LogKeys> KeysToVerify(const ProofOptions& options, AuditLog* live) {
  auto keys = ReadLogKeys(options.key, options.hand_overs.empty() ? options.folder : options.hand_overs);
  if (!keys.ok() || live == nullptr) return keys;
  const auto head = live->Head();
  if (!head.ok()) return head.status();
  if (absl::Status followed = keys->FollowAll(head->hand_overs); !followed.ok()) return followed;
  return keys;
}

void PrintFinding(const LogFinding& finding, bool json) {
  if (json) {
    nlohmann::json line = {{"where", finding.where}, {"problem", finding.problem}};
    if (finding.sequence.has_value()) line["sequence"] = *finding.sequence;
    PrintJson(line);
    return;
  }
  std::string line = absl::StrCat(finding.where, ": ", finding.problem);
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) byte = '?';  // a file's name must not steer the terminal
  }
  std::printf("%s\n", line.c_str());
}

int PrintVerdict(const LogVerdict& verdict, bool json) {
  if (json) {
    nlohmann::json line = {{"whole", verdict.findings == 0}, {"entries", verdict.entries}, {"findings", verdict.findings}};
    if (verdict.first_bad_entry.has_value()) line["first_bad_entry"] = *verdict.first_bad_entry;
    if (!verdict.checkpoint.origin.empty()) {
      line["origin"] = verdict.checkpoint.origin;
      line["tree_size"] = verdict.checkpoint.tree_size;
      line["root"] = Hex(verdict.checkpoint.root);
      if (!verdict.newest_key.empty()) line["verifier_key"] = verdict.newest_key;
    }
    PrintJson(line);
  } else if (verdict.findings == 0) {
    std::printf("log whole: %llu entries of %s\n", static_cast<unsigned long long>(verdict.entries), verdict.checkpoint.origin.c_str());
    if (!verdict.newest_key.empty()) std::printf("its key handed over; the newest is %s\n", verdict.newest_key.c_str());
  } else if (verdict.first_bad_entry.has_value()) {
    std::printf("log NOT whole: %llu findings, the first bad entry is %llu\n", static_cast<unsigned long long>(verdict.findings),
                static_cast<unsigned long long>(*verdict.first_bad_entry));
  } else {
    std::printf("log NOT whole: %llu findings\n", static_cast<unsigned long long>(verdict.findings));
  }
  return verdict.findings == 0 ? kExitDone : kExitDamaged;
}

absl::StatusOr<LogVerdict> Verify(const ProofOptions& options, const Session& session) {
  std::unique_ptr<AuditLog> log;
  if (options.live) {
    auto connected = AuditLog::Create(session.connection);
    if (!connected.ok()) return connected.status();
    log = *std::move(connected);
  }
  auto keys = KeysToVerify(options, log.get());
  if (!keys.ok()) return keys.status();
  auto since = ReadSince(options.since, *keys);
  if (!since.ok()) return since.status();
  LogVerification verification{.log_key = *std::move(keys), .since = *std::move(since)};
  if (!options.witness.empty()) {
    auto witness = crypto::CosignatureVerifier::Parse(options.witness);
    if (!witness.ok()) return absl::InvalidArgumentError(absl::StrCat("--witness: ", witness.status().message()));
    verification.witness = *std::move(witness);
  }
  uint64_t shown = 0;
  verification.finding = [&](const LogFinding& finding) {
    if (++shown <= kFindingsShownMax) PrintFinding(finding, session.json);
  };
  Progress progress;
  verification.progress = [&progress](uint64_t done, uint64_t total) {
    progress.Show(done, total);
    return !Interrupted();
  };
  return log == nullptr ? VerifyLogFolder(options.folder, verification) : VerifyLiveLog(*log, verification);
}

int RunVerify(const ProofOptions& options, const Session& session) {
  const auto verdict = Verify(options, session);
  return verdict.ok() ? PrintVerdict(*verdict, session.json) : Fail(verdict.status());
}

// ---- prove

absl::StatusOr<std::string> ProveExtension(const std::string& path, AuditLog& log) {
  absl::StatusOr<std::string> older = ReadFile(path, crypto::kNoteBytesMax);
  return older.ok() ? log.ProveConsistency(*older) : older;
}

int Prove(const ProofOptions& options, const Session& session) {
  auto log = AuditLog::Create(session.connection);
  if (!log.ok()) return Fail(log.status());
  auto proof = options.consistency.empty() ? (*log)->Prove(options.entry) : ProveExtension(options.consistency, **log);
  if (!proof.ok()) return Fail(proof.status());
  std::fputs(proof->c_str(), stdout);
  return kExitDone;
}

struct ProvenEntry {
  AuditEntry entry;
  crypto::Checkpoint checkpoint;
};

absl::StatusOr<ProvenEntry> CheckProof(std::string_view text, const crypto::LogKeys& keys) {
  absl::StatusOr<crypto::LogProof> proof = crypto::ParseProof(text);
  if (!proof.ok()) return proof.status();
  if (proof->extra.empty())
    return absl::InvalidArgumentError("proof: it does not hold the entry that it proves; is it one of `audit prove`?");
  if (absl::Status holds = crypto::VerifyProof(*proof, proof->extra, keys); !holds.ok()) return holds;
  absl::StatusOr<crypto::Checkpoint> checkpoint = keys.Open(proof->checkpoint);
  if (!checkpoint.ok()) return checkpoint.status();
  absl::StatusOr<AuditEntry> entry = ParseAuditEntry(proof->extra);
  if (!entry.ok()) return entry.status();
  if (entry->sequence != proof->index) {
    return absl::DataLossError(absl::StrCat("proof: the entry at place ", proof->index, " says that it is entry ", entry->sequence));
  }
  return ProvenEntry{*std::move(entry), *std::move(checkpoint)};
}

int CheckEntry(std::string_view text, const crypto::LogKeys& keys, const Session& session) {
  const auto proven = CheckProof(text, keys);
  if (!proven.ok()) return Fail(proven.status());
  const AuditEntry& entry = proven->entry;
  if (session.json) {
    nlohmann::json line = ToJson(entry);
    line["origin"] = proven->checkpoint.origin;
    line["tree_size"] = proven->checkpoint.tree_size;
    PrintJson(line);
    return kExitDone;
  }
  std::printf("proven: entry %llu of %s, whose checkpoint covers %llu entries\n", static_cast<unsigned long long>(entry.sequence),
              proven->checkpoint.origin.c_str(), static_cast<unsigned long long>(proven->checkpoint.tree_size));
  Table table({"TIME", "ACTION", "DECISION", "RULE", "ROLE", "RECORDING", "PURPOSE", "OUTCOME"});
  table.Add(
      {LocalTimeText(entry.time), entry.action, entry.decision, entry.rule, entry.role, entry.recording_id, entry.purpose, entry.outcome});
  std::fputs(table.Text().c_str(), stdout);
  return kExitDone;
}

int CheckExtension(std::string_view text, const crypto::LogKeys& keys, const Session& session) {
  const auto proof = crypto::ParseConsistencyProof(text);
  if (!proof.ok()) return Fail(proof.status());
  const auto extended = crypto::VerifyConsistencyProof(*proof, keys);
  if (!extended.ok()) return Fail(extended.status());
  if (session.json) {
    PrintJson({{"origin", extended->newer.origin}, {"old_tree_size", extended->older.tree_size}, {"tree_size", extended->newer.tree_size}});
  } else {
    std::printf("proven: the log %s of %llu entries begins with the %llu of the older checkpoint\n", extended->newer.origin.c_str(),
                static_cast<unsigned long long>(extended->newer.tree_size), static_cast<unsigned long long>(extended->older.tree_size));
  }
  return kExitDone;
}

int RunVerifyProof(const ProofOptions& options, const Session& session) {
  const auto keys = ReadLogKeys(options.key, options.hand_overs);
  if (!keys.ok()) return Fail(keys.status());
  const auto text = ReadFile(options.file, std::max(crypto::kProofTextBytesMax, crypto::kConsistencyTextBytesMax));
  if (!text.ok()) return Fail(text.status());
  return crypto::IsConsistencyProof(*text) ? CheckExtension(*text, *keys, session) : CheckEntry(*text, *keys, session);
}

void OnChosen(CLI::App* command, Session* session, std::shared_ptr<ProofOptions> options,
              int (*run)(const ProofOptions& options, const Session& session)) {
  command->callback([options, session, run] { session->run = [options, session, run] { return run(*options, *session); }; });
}

void AddVerify(CLI::App* audit, Session* session) {
  auto options = std::make_shared<ProofOptions>();
  CLI::App* command = audit->add_subcommand("verify", "Check a whole log: signature, every entry, the tree (offline, or a live one)");
  auto* what = command->add_option_group("what", "one of");
  what->add_option("folder", options->folder, "an exported log");
  what->add_flag("--live", options->live, "the gateway's log, streamed");
  what->require_option(1);
  AddLogKey(command, &options->key, &options->hand_overs);
  command->add_option("--since", options->since, "a file with an older checkpoint, which the log must extend");
  command->add_option("--witness", options->witness, "the public key of a witness, which must have cosigned the checkpoint");
  command->footer(Footer("otokura audit verify ./log --key calls.example/otokura/5f…+0a1b2c3d+AX… --since last-year.checkpoint"));
  OnChosen(command, session, options, RunVerify);
}

void AddLogExport(CLI::App* audit, Session* session) {
  auto options = std::make_shared<ProofOptions>();
  CLI::App* command = audit->add_subcommand("export", "Copy the log into a folder that anybody can verify; again, to bring it up to date");
  command->add_option("folder", options->folder, "made where it is missing; laid out as c2sp.org/tlog-tiles")->required();
  command->add_option("--key", options->key, "the log's public key (default: the gateway's word for it)");
  command->add_option("--details", options->details,
                      "also write the new entries with what they commit to, as JSON lines: who, from where, why");
  command->add_flag("--cosigned", options->cosigned, "up to the newest checkpoint that witnesses cosigned, and with their cosignatures");
  command->footer(Footer("otokura audit export ./log"));
  OnChosen(command, session, options, RunExport);
}

}  // namespace

void AddAuditProofs(CLI::App* audit, Session* session) {
  CLI::App* key = audit->add_subcommand("key", "Print the log's public key; the ones before it first, where it was handed over");
  key->footer(Footer("otokura audit key"));
  key->callback([session] { session->run = [session] { return Key(*session); }; });
  AddLogExport(audit, session);
  AddVerify(audit, session);

  auto prove_options = std::make_shared<ProofOptions>();
  CLI::App* prove = audit->add_subcommand(
      "prove", "Print a proof that an entry is in the log (c2sp.org/tlog-proof), or that the log extends an older checkpoint");
  auto* what = prove->add_option_group("what", "one of");
  what->add_option("entry", prove_options->entry, "its sequence number");
  what->add_option("--consistency", prove_options->consistency, "a file with an older checkpoint: prove that the log extends it, instead");
  what->require_option(1);
  prove->footer(Footer("otokura audit prove 1017 > 1017.tlog-proof; otokura audit prove --consistency last-year.checkpoint > since.proof"));
  OnChosen(prove, session, prove_options, Prove);

  auto check_options = std::make_shared<ProofOptions>();
  CLI::App* check = audit->add_subcommand("verify-proof", "Check such a proof, offline, and show what it proves");
  check->add_option("file", check_options->file, "a proof")->required();
  AddLogKey(check, &check_options->key, &check_options->hand_overs);
  check->footer(Footer("otokura audit verify-proof 1017.tlog-proof --key calls.example/otokura/5f…+0a1b2c3d+AX…"));
  OnChosen(check, session, check_options, RunVerifyProof);
}

}  // namespace otokura::client
