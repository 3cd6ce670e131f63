#pragma once

#include <string>

#include "sim/devices/device_profile.hpp"

namespace simrun {

/// Reads a profile. Throws InputError.
DeviceProfile read_device_profile(const std::string& file);

/// The profile as text, which read_device_profile reads; numbers have four digits.
std::string profile_text(const DeviceProfile& profile);

}  // namespace simrun
