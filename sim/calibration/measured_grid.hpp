#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/calibration/calibration_grid.hpp"
#include "sim/calibration/sampling.hpp"
#include "sim/devices/device_profile.hpp"

namespace simrun {

/// The grid of an operation, which is being filled.
struct MeasuredGrid {
  const OperationEntry* operation;
  std::vector<std::string> also;  ///< others with the same times
  std::vector<CostTable::GridAxis> axes;
  std::vector<Sample> samples;  ///< of no runs where a point is not finished
};

/// The empty grids of all operations.
std::vector<MeasuredGrid> make_grids(const GridOptions& options);

/// What is finished of the grids as a profile's operations, and what is not in words.
struct FinishedTimes {
  std::map<std::string, OperationTimes> operations;
  InterpolationError error;  ///< over all of them
  std::string left_out;      ///< "2 of 41 operations (decode.signs, ...), 3 of 94 points of the others"; empty: nothing
};
FinishedTimes finished_times(const std::vector<MeasuredGrid>& grids);

}  // namespace simrun
