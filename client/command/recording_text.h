// Recordings and accounts for people (tables) and programs (JSON).
#ifndef OTOKURA_CLIENT_COMMAND_RECORDING_TEXT_H_
#define OTOKURA_CLIENT_COMMAND_RECORDING_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/command/text.h"
#include "otokura/recording.h"

namespace otokura::client {

std::string FormatText(const AudioFormat& format);  // pcmu:8000
nlohmann::json ToJson(const Recording& recording);
nlohmann::json ToJson(const PersonalMetadata& personal);

// One line of JSON. Text that is not UTF-8 (it should be) is shown with replacement characters rather than refused.
std::string JsonLine(const nlohmann::json& value);  // with its newline
void PrintJson(const nlohmann::json& value);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_RECORDING_TEXT_H_
