// What every engine must do, whatever it is made of. A test binary compiles conformance_*.cc in and instantiates EngineConformance with its
// site.
#ifndef OTOKURA_TESTS_UNIT_STORAGE_ENGINE_CONFORMANCE_H_
#define OTOKURA_TESTS_UNIT_STORAGE_ENGINE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "server/storage/storage.h"

namespace otokura::storage {

// An engine that can be closed and opened again with what was durable.
class EngineSite {
 public:
  virtual ~EngineSite() = default;
  virtual Engine& engine() = 0;
  virtual void CloseAndOpen() = 0;
};

class EngineConformance : public testing::TestWithParam<std::function<std::unique_ptr<EngineSite>()>> {
 protected:
  RecordStore& records() { return site_->engine().records(); }
  AudioStore& audio() { return site_->engine().audio(); }

  const std::unique_ptr<EngineSite> site_ = GetParam()();
};

// The same id for the same numbers.
inline AudioObjectId ObjectAt(absl::Time time, char random = 'r', uint32_t part = 0) {
  return {.recording = RecordingId::Make(time, std::string(10, random)), .part = part};
}

}  // namespace otokura::storage

#endif  // OTOKURA_TESTS_UNIT_STORAGE_ENGINE_CONFORMANCE_H_
