#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "sim/calibration/calibration_grid.hpp"
#include "sim/calibration/calibration_target.hpp"
#include "sim/calibration/sampling.hpp"
#include "sim/devices/device_profile.hpp"

namespace simrun {

struct CalibrationOptions {
  GridOptions grid{};
  SamplingRule rule{};  ///< its budget is a share of `sampling`
  Seconds sampling{};   ///< for the runs that count, of all points together; slow ones may exceed it
  Seconds end{std::numeric_limits<double>::max()};  ///< what the clock reads when all must be done
  std::function<bool()> is_interrupted = [] { return false; };
  std::uint64_t seed = 1;  ///< of the order of the points
};

struct Calibrated {
  std::optional<DeviceProfile> profile;  ///< none if no operation was finished
  std::string left_out;  ///< "2 of 41 operations (decode.signs, ...), 3 of 94 points of the others"; empty: nothing
  std::string lost;      ///< how the target was lost; empty: it was not
};

/// Points of all grids together.
std::size_t points_to_measure(const GridOptions& options);

/// Measures every operation on its grid. The coarse grids come first, one operation after another, then their other
/// lines in rounds (rounds_of_points), in each of which operations of layouts and indices come before those of codecs.
/// Within an operation's coarse grid, and within such a part of a round, the points come in a random order, so that
/// what changes with time does not pass for a dependence on size. The middle point of each layout's encoding, and a
/// copy of memory, are measured first, half-way and last, which is the profile's drift.
///
/// At the options' end, and soon after an interruption, it ends with what is finished: operations whose coarse grid is
/// finished, on the part of their grid that is (finished_part). An interruption leaves the last look at drift out. A
/// target that is lost ends it likewise.
/// Throws CalibrationError, whose message names operation and place.
Calibrated measure_profile(CalibrationTarget& target, const CalibrationOptions& options, const ReadClock& now,
                           const std::function<void(std::size_t done, std::size_t total)>& progress);

}  // namespace simrun
