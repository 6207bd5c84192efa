// Exports asked for, decided, taken and opened over the wire, with the protocol spoken by hand.
#ifndef OTOKURA_TESTS_INTEGRATION_EXPORT_CALLS_H_
#define OTOKURA_TESTS_INTEGRATION_EXPORT_CALLS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "otokura/v1/export.grpc.pb.h"
#include "otokura/v1/policy.pb.h"
#include "tests/integration/site.h"

namespace otokura::integration {

inline constexpr char kRecipient[] = "family-court";
inline constexpr char kRecipientCompany[] = "Family Court";
inline constexpr char kRecipientKey[] = "court";  // by which the tests' authority knows its certificate and key

// A change of a policy: that recipient, and these budgets of exports in 30 days.
void NameRecipient(v1::Policy* policy, uint64_t recordings, uint64_t audio_bytes);

// To kRecipient for inquiries, CASE-1.
v1::RequestExportRequest ExportRequestOf(const std::vector<std::string>& recordings, uint32_t hours = 1);
absl::StatusOr<v1::Export> RequestExport(const Site& site, const std::string& account, const v1::RequestExportRequest& request);
absl::StatusOr<v1::Export> ApproveExport(const Site& site, const std::string& account, const v1::Export& kept);
absl::StatusOr<v1::Export> RefuseExport(const Site& site, const std::string& account, const std::string& id);
absl::StatusOr<v1::Export> RevokeExport(const Site& site, const std::string& account, const std::string& id);
absl::StatusOr<v1::ListExportsResponse> ListExports(const Site& site, const std::string& account,
                                                    const v1::ListExportsRequest& request = {});
absl::StatusOr<v1::Export> ShowExport(const Site& site, const std::string& account, const std::string& id);
absl::StatusOr<std::string> ExportManifest(const Site& site, const std::string& account, const std::string& id);

// Requested by one, approved by the other.
absl::StatusOr<v1::Export> Export(const Site& site, const std::string& account, const std::string& approver,
                                  const std::vector<std::string>& recordings, uint32_t hours = 1);

struct TakenObject {
  absl::Status status;
  std::optional<v1::RetrieveHeader> header;
  std::string sealed;
  std::optional<v1::ExportedObject> object;
};
TakenObject TakeObject(const std::shared_ptr<grpc::Channel>& channel, const std::string& id, const std::string& recording);
TakenObject TakeObject(const Site& site, const std::string& account, const std::string& id, const std::string& recording);

// The WAV file in it, by `openssl cms -decrypt` with that key; nothing where that fails.
std::optional<std::string> OpenObject(const std::string& sealed, const std::string& key = kRecipientKey);
// The audio of one of PCMU.
std::string AudioOf(const std::optional<std::string>& wav);

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_EXPORT_CALLS_H_
