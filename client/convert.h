// Between the protocol's messages and the library's public types.
#ifndef OTOKURA_CLIENT_CONVERT_H_
#define OTOKURA_CLIENT_CONVERT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "otokura/recording.h"
#include "otokura/v1/recording.pb.h"

namespace otokura::client {

int64_t UnixMillis(Time time);
Time FromUnixMillis(int64_t unix_ms);

v1::AudioFormat ToProto(const AudioFormat& format);
AudioFormat FromProto(const v1::AudioFormat& format);
v1::PersonalMetadata ToProto(const PersonalMetadata& personal);
PersonalMetadata FromProto(const v1::PersonalMetadata& personal);
Gap FromProto(const v1::AudioGap& gap);
Recording FromProto(const v1::RecordingSummary& summary);

// The hyphenated text form of 16 id bytes; empty for any other length.
std::string RecordingIdText(std::string_view id);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_CONVERT_H_
