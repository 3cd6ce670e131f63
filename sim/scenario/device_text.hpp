#pragma once

#include <optional>
#include <string>

#include "sim/text/fields.hpp"

namespace simrun {

/// `device` as it stands in a scenario: a profile's name or path, whose kernels it must be of, and another device that
/// its times are scaled to.
struct DeviceText {
  struct Scaled {
    std::string name;
    BytesPerSecond bandwidth;
  };
  std::string profile;
  std::optional<std::string> implementation;  ///< that the profile must be of
  std::optional<Scaled> scaled_to;
  std::optional<Bytes> memory;  ///< that training leaves to the method
};

Field<DeviceText> device_field();

}  // namespace simrun
