#pragma once

#include <string>
#include <vector>

#include "sim/device_times.hpp"
#include "sim/json.hpp"

namespace simrun {

/// "p102-100 (published; NVIDIA P102-100, 440 GB/s; ...)".
std::string device_line(const DeviceProfile& profile);

/// Where the device's times come from, by operation, and which of them were used beyond what was measured.
Json device_provenance(const DeviceProfile& profile, const UsedExtents& used);

/// Where measured times were used beyond the grid that was measured: a line for each such operation. A value within 1 %
/// of the grid's ends counts as on it: shares of whole numbers are not exact.
std::vector<std::string> beyond_the_grid(const DeviceProfile& profile, const UsedExtents& used);

}  // namespace simrun
