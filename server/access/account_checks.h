// Whether an account may be enrolled as it was asked for: every field bounded and known (I10), and what is missing filled in.
#ifndef OTOKURA_SERVER_ACCESS_ACCOUNT_CHECKS_H_
#define OTOKURA_SERVER_ACCESS_ACCOUNT_CHECKS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "otokura/v1/admin.pb.h"
#include "otokura/v1/config.pb.h"

namespace otokura::access {

inline constexpr size_t kAccountNameBytesMax = 63;  // a DNS label, as the last segment of a SPIFFE id often is
inline constexpr size_t kNameBytesMax = 64;         // person, company, centre, queue (recording.proto)
inline constexpr int kAccountCentresMax = 64;
inline constexpr int kAccountQueuesMax = 64;
inline constexpr int kAccountFormatsMax = 8;  // there are four
inline constexpr int kAccountRetentionClassesMax = 64;
inline constexpr uint32_t kOpenCallsMax = 20000;  // above what one gateway holds (config.proto), so never the reason to refuse
inline constexpr uint32_t kOpenCallsDefault = 1000;
inline constexpr uint32_t kOpensPerMinuteMax = 60000;
inline constexpr uint32_t kOpensPerMinuteDefault = 600;
inline constexpr uint64_t kCallBytesMax = uint64_t{8} << 30;        // three days of 16 kHz linear PCM
inline constexpr uint64_t kCallBytesDefault = uint64_t{512} << 20;  // eighteen hours of G.711
inline constexpr uint64_t kDayBytesMax = uint64_t{64} << 40;        // more than one host can take in
inline constexpr uint64_t kDayBytesDefault = uint64_t{64} << 30;    // a hundred G.711 legs around the clock

static_assert(kOpenCallsDefault <= kOpenCallsMax && kOpensPerMinuteDefault <= kOpensPerMinuteMax);
static_assert(kCallBytesDefault <= kCallBytesMax && kCallBytesMax <= kDayBytesDefault && kDayBytesDefault <= kDayBytesMax);

// [a-z0-9][a-z0-9._-]{0,62}
bool IsAccountName(std::string_view name);
// "spiffe://<trust domain>/account/<name>"
std::string AccountUri(std::string_view trust_domain, std::string_view name);

// The account that the request enrols, with its key pinned. INVALID_ARGUMENT naming the field.
absl::StatusOr<v1::Account> CheckedAccount(const v1::AddAccountRequest& request, const v1::GatewayConfig& config, absl::Time now);

// The SHA-256 of the key to pin for that account. INVALID_ARGUMENT where the certificate would be refused at every connection.
absl::StatusOr<std::string> KeyToPin(std::string_view certificate_pem, std::string_view account_name, const v1::GatewayConfig& config,
                                     absl::Time now);

// INVALID_ARGUMENT unless it is 1 to `bytes_max` bytes of UTF-8 without control characters. Never quotes the text.
absl::Status CheckText(std::string_view field, std::string_view text, size_t bytes_max);

}  // namespace otokura::access

#endif  // OTOKURA_SERVER_ACCESS_ACCOUNT_CHECKS_H_
