// Where a part lies under the audio folder: YYYY/MM/DD/<recording id>.<part>.cbl, the UTC day of the id's time. Stored for years: never
// change.
#ifndef OTOKURA_SERVER_STORAGE_LOCAL_AUDIO_PATH_H_
#define OTOKURA_SERVER_STORAGE_LOCAL_AUDIO_PATH_H_

#include <optional>
#include <string>
#include <string_view>

#include "server/storage/recording_id.h"

namespace otokura::storage {

std::string AudioDayFolder(const RecordingId& recording);
std::string AudioPath(const AudioObjectId& object);
// The object whose path this is; nullopt for every other text.
std::optional<AudioObjectId> ParseAudioPath(std::string_view path);

}  // namespace otokura::storage

#endif  // OTOKURA_SERVER_STORAGE_LOCAL_AUDIO_PATH_H_
