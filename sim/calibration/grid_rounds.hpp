#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/devices/cost_table.hpp"

namespace simrun {

/// In which round each point of a grid is measured, in the order of the table's times. Round 0, the coarse grid, has
/// every second value of an axis, or of twelve and more five or six in equal steps, always the first and the last. Each
/// other value is a round of its own, axis by axis, the largest value first. A point has the latest round of its
/// values, so that after each round what is finished is a grid.
std::vector<std::size_t> rounds_of_points(const std::vector<CostTable::GridAxis>& axes);

/// A grid without some values of its axes.
struct GridPart {
  std::vector<CostTable::GridAxis> axes;
  std::vector<std::size_t> points;  ///< their numbers in the whole grid, in the order of the part's times
};

/// The coarse grid and what more of a grid is finished: values of axes are taken out until all points of the rest are,
/// each time the value with the largest share of others. None where the coarse grid is not finished. `finished`: by
/// point.
std::optional<GridPart> finished_part(const std::vector<CostTable::GridAxis>& axes, const std::vector<bool>& finished);

}  // namespace simrun
