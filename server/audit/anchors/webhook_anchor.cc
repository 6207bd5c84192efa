#include "server/audit/anchors/webhook_anchor.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace otokura::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr long kHttpConflict = 409;

bool Repeats(const std::string& body, uint64_t tree_size, const std::string& root) {
  const Json answer = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) return false;
  const auto size = answer.find("tree_size");
  const auto hash = answer.find("root_sha256");
  return size != answer.end() && size->is_number_unsigned() && size->get<uint64_t>() == tree_size && hash != answer.end() &&
         hash->is_string() && hash->get<std::string>() == root;
}

}  // namespace

absl::StatusOr<Acknowledgement> WebhookAnchor::Deliver(const PublishedCheckpoint& checkpoint, const std::atomic<bool>& cancelled) {
  const std::string root = absl::Base64Escape(checkpoint.root);
  const Json body{{"origin", origin_}, {"tree_size", checkpoint.tree_size}, {"root_sha256", root}, {"checkpoint", checkpoint.note}};
  absl::StatusOr<HttpAnswer> answer = post_->Post("application/json", body.dump(), cancelled);
  if (!answer.ok()) return answer.status();
  if (answer->status == kHttpConflict) {
    return absl::FailedPreconditionError(
        absl::StrCat("it knows a log that the checkpoint over ", checkpoint.tree_size, " entries does not extend"));
  }
  if (answer->status != 200) return absl::UnavailableError(absl::StrCat("it answered with HTTP status ", answer->status));
  if (Repeats(answer->body, checkpoint.tree_size, root)) return Acknowledgement();
  return absl::UnavailableError("its answer does not repeat tree_size and root_sha256, so it counts for nothing; have it mended");
}

}  // namespace otokura::audit
