#include "tests/integration/export_calls.h"

namespace otokura::integration {
namespace {

using Stub = v1::Exports::Stub;

constexpr size_t kPcmuHeadBytes = 58;

template <typename Request, typename Response>
absl::StatusOr<v1::Export> Call(const Site& site, const std::string& account,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request) {
  Response response;
  if (absl::Status status = site.AskAs(account, method, request, &response); !status.ok()) return status;
  return response.kept();
}

}  // namespace

void NameRecipient(v1::Policy* policy, uint64_t recordings, uint64_t audio_bytes) {
  v1::Recipient* const recipient = policy->mutable_exports()->add_recipients();
  recipient->set_name(kRecipient);
  recipient->set_company(kRecipientCompany);
  recipient->set_certificate(Pki::Ours().Certificate(kRecipientKey));
  v1::Budget* const budget = policy->mutable_exports()->add_budgets();
  budget->set_window(v1::DAYS_30);
  budget->set_recordings(recordings);
  budget->set_audio_bytes(audio_bytes);
}

v1::RequestExportRequest ExportRequestOf(const std::vector<std::string>& recordings, uint32_t hours) {
  v1::RequestExportRequest request;
  request.set_recipient(kRecipient);
  *request.mutable_recording_ids() = {recordings.begin(), recordings.end()};
  request.mutable_justification()->set_purpose("inquiry");
  request.mutable_justification()->set_reference("CASE-1");
  request.set_reason("ordered by the court");
  request.set_hours(hours);
  return request;
}

absl::StatusOr<v1::Export> RequestExport(const Site& site, const std::string& account, const v1::RequestExportRequest& request) {
  return Call(site, account, &Stub::Request, request);
}

absl::StatusOr<v1::Export> ApproveExport(const Site& site, const std::string& account, const v1::Export& kept) {
  v1::ApproveExportRequest request;
  request.set_id(kept.id());
  request.set_revision(kept.revision());
  return Call(site, account, &Stub::Approve, request);
}

absl::StatusOr<v1::Export> RefuseExport(const Site& site, const std::string& account, const std::string& id) {
  v1::RefuseExportRequest request;
  request.set_id(id);
  request.set_reason("not needed");
  return Call(site, account, &Stub::Refuse, request);
}

absl::StatusOr<v1::Export> RevokeExport(const Site& site, const std::string& account, const std::string& id) {
  v1::RevokeExportRequest request;
  request.set_id(id);
  request.set_reason("withdrawn");
  return Call(site, account, &Stub::Revoke, request);
}

absl::StatusOr<v1::ListExportsResponse> ListExports(const Site& site, const std::string& account, const v1::ListExportsRequest& request) {
  v1::ListExportsResponse response;
  if (absl::Status listed = site.AskAs(account, &Stub::List, request, &response); !listed.ok()) return listed;
  return response;
}

absl::StatusOr<v1::Export> ShowExport(const Site& site, const std::string& account, const std::string& id) {
  v1::ListExportsRequest request;
  request.set_id(id);
  absl::StatusOr<v1::ListExportsResponse> listed = ListExports(site, account, request);
  if (!listed.ok()) return listed.status();
  if (listed->exports_size() != 1) return absl::InternalError("not one export");
  return listed->exports(0);
}

absl::StatusOr<std::string> ExportManifest(const Site& site, const std::string& account, const std::string& id) {
  v1::ExportManifestRequest request;
  request.set_id(id);
  v1::ExportManifestResponse response;
  if (absl::Status signed_ = site.AskAs(account, &Stub::Manifest, request, &response); !signed_.ok()) return signed_;
  return response.note();
}

absl::StatusOr<v1::Export> Export(const Site& site, const std::string& account, const std::string& approver,
                                  const std::vector<std::string>& recordings, uint32_t hours) {
  absl::StatusOr<v1::Export> requested = RequestExport(site, account, ExportRequestOf(recordings, hours));
  if (!requested.ok()) return requested;
  return ApproveExport(site, approver, *requested);
}

TakenObject TakeObject(const Site& site, const std::string& account, const std::string& id, const std::string& recording) {
  return TakeObject(site.ConnectAs(account), id, recording);
}

TakenObject TakeObject(const std::shared_ptr<grpc::Channel>& channel, const std::string& id, const std::string& recording) {
  v1::Exports::Stub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kAnswerPatience);
  v1::TakeExportRequest request;
  request.set_id(id);
  request.set_recording_id(recording);
  const auto reader = stub.Take(&context, request);
  TakenObject taken;
  v1::TakeExportResponse response;
  while (reader->Read(&response)) {
    if (response.has_header()) taken.header = response.header();
    taken.sealed += response.sealed();
    if (response.has_object()) taken.object = response.object();
  }
  taken.status = rpc::FromGrpc(reader->Finish());
  return taken;
}

std::optional<std::string> OpenObject(const std::string& sealed, const std::string& key) {
  const TemporaryFolder folder;
  const std::string object = folder.path() + "/object.cms", opened = folder.path() + "/opened";
  WriteFile(object, sealed);
  const int exit_code = RunCommand({"openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", object, "-recip",
                                    Pki::Ours().CertificateFile(key), "-inkey", Pki::Ours().PrivateKeyFile(key), "-out", opened});
  if (exit_code != 0) return std::nullopt;
  return ReadFile(opened);
}

std::string AudioOf(const std::optional<std::string>& wav) {
  if (!wav.has_value() || wav->size() < kPcmuHeadBytes) return "";
  std::string audio = wav->substr(kPcmuHeadBytes);
  const size_t bytes =
      static_cast<uint8_t>((*wav)[54]) + 256u * static_cast<uint8_t>((*wav)[55]) + 65536u * static_cast<uint8_t>((*wav)[56]);
  return audio.substr(0, bytes);
}

}  // namespace otokura::integration
