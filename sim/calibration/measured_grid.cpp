#include "sim/calibration/measured_grid.hpp"

#include <algorithm>
#include <utility>

#include "sim/calibration/grid_rounds.hpp"
#include "sim/devices/quantile.hpp"

namespace simrun {
namespace {

InterpolationError error_of(std::vector<double> errors) {
  if (errors.empty()) return {};
  std::sort(errors.begin(), errors.end());
  return {quantile(errors, 0.5), errors.back()};
}

std::optional<GridPart> finished_part_of(const MeasuredGrid& grid) {
  std::vector<bool> finished;
  for (const Sample& sample : grid.samples) finished.push_back(sample.n > 0);
  return finished_part(grid.axes, finished);
}

OperationTimes times_of(const MeasuredGrid& grid, GridPart part) {
  std::vector<double> medians;
  TimeSpread spread;
  for (const std::size_t point : part.points) {
    const Sample& sample = grid.samples[point];
    medians.push_back(sample.median);
    spread.p5.push_back(sample.p5);
    spread.p25.push_back(sample.p25);
    spread.p75.push_back(sample.p75);
    spread.p95.push_back(sample.p95);
    spread.n.push_back(static_cast<double>(sample.n));
    spread.verified_bytes += sample.verified_bytes;
  }
  OperationTimes times{"measured", grid.operation->includes, CostTable(std::move(part.axes), std::move(medians)), {}};
  times.spread = std::move(spread);
  return times;
}

/// What a profile lacks.
struct LeftOut {
  std::vector<std::string> operations;
  std::size_t all_operations = 0;
  std::size_t points = 0;      ///< of the other operations
  std::size_t all_points = 0;  ///< of the other operations

  std::string text() const {
    const auto of = [](std::size_t some, std::size_t all, const char* what) {
      return std::to_string(some) + " of " + std::to_string(all) + " " + what;
    };
    std::string text;
    for (const std::string& name : operations) text += (text.empty() ? "" : ", ") + name;
    if (!text.empty()) text = of(operations.size(), all_operations, "operations") + " (" + text + ")";
    if (points > 0)
      text += (text.empty() ? "" : ", ") + of(points, all_points, "points") + (text.empty() ? "" : " of the others");
    return text;
  }
};

}  // namespace

std::vector<MeasuredOperation> simrun_operations() {
  std::vector<MeasuredOperation> all;
  for (const OperationEntry& operation : measured_operations()) all.push_back({&operation});
  return all;
}

std::vector<MeasuredGrid> make_grids(const GridOptions& options) {
  std::vector<MeasuredGrid> grids;
  for (const auto& [operation, also] : options.operations) {
    std::vector<CostTable::GridAxis> axes = calibration_axes(*operation, options);
    const std::size_t points = points_of_grid(axes);
    grids.push_back({operation, also, std::move(axes), std::vector<Sample>(points)});
  }
  return grids;
}

FinishedTimes finished_times(const std::vector<MeasuredGrid>& grids) {
  FinishedTimes finished;
  std::vector<double> errors;
  LeftOut left;
  left.all_operations = grids.size();
  for (const MeasuredGrid& grid : grids) {
    std::optional<GridPart> part = finished_part_of(grid);
    if (!part) {
      left.operations.push_back(grid.operation->name);
      continue;
    }
    left.all_points += grid.samples.size();
    left.points += grid.samples.size() - part->points.size();
    OperationTimes& times = finished.operations[grid.operation->name] = times_of(grid, std::move(*part));
    const std::vector<double> more = leave_one_out(times.table);
    times.spread->error = error_of(more);
    errors.insert(errors.end(), more.begin(), more.end());
    for (const std::string& name : grid.also) {
      OperationTimes& same = finished.operations[name] = times;
      same.source += ", measured as " + grid.operation->name;
    }
  }
  finished.error = error_of(std::move(errors));
  finished.left_out = left.text();
  return finished;
}

}  // namespace simrun
