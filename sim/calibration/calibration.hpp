#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "sim/calibration/calibration_grid.hpp"
#include "sim/calibration/calibration_target.hpp"
#include "sim/calibration/sampling.hpp"
#include "sim/devices/device_profile.hpp"

namespace simrun {

struct CalibrationOptions {
  GridOptions grid{};
  SamplingRule rule{};     ///< its budget is a share of `budget`
  Seconds budget{};        ///< for all points together; slow ones may exceed it
  std::uint64_t seed = 1;  ///< of the order of the points
};

/// Points of all grids together.
std::size_t points_to_measure(const GridOptions& options);

/// Measures every operation on its grid. The points come in a random order, so that what changes with time does not
/// pass for a dependence on size; the middle point of each encoding, and a copy of memory, are measured first, half-way
/// and last, which is the profile's drift. Throws CalibrationError, whose message names operation and place.
DeviceProfile measure_profile(CalibrationTarget& target, const CalibrationOptions& options, const ReadClock& now,
                              const std::function<void(std::size_t done, std::size_t total)>& progress);

}  // namespace simrun
