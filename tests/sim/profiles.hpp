#pragma once

#include <vector>

#include "sim/devices/device_profile.hpp"

namespace simrun {

/// A device whose every operation has the same grid along each axis, and at each of its points the same time. Bandwidth
/// 1 GB/s.
DeviceProfile even_profile(const std::vector<double>& grid, double seconds);

/// The same, measured: quantiles 10 % apart, 30 samples.
DeviceProfile measured_profile(const std::vector<double>& grid, double seconds);

}  // namespace simrun
