#include "sim/cost_table.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace simrun {
namespace {

/// The nearest sequence (least squares) that never falls.
void pool_adjacent_violators(std::vector<double>& values) {
  struct Block {
    double mean;
    std::size_t size;
  };
  std::vector<Block> blocks;
  for (const double value : values) {
    Block last{value, 1};
    while (!blocks.empty() && blocks.back().mean > last.mean) {
      const Block before = blocks.back();
      blocks.pop_back();
      const std::size_t size = before.size + last.size;
      last.mean += (before.mean - last.mean) * static_cast<double>(before.size) / static_cast<double>(size);
      last.size = size;
    }
    blocks.push_back(last);
  }
  auto out = values.begin();
  for (const Block& block : blocks) out = std::fill_n(out, block.size, block.mean);
}

/// Points of one axis line up `stride` apart, those of the axes before it in blocks of `stride * size`.
std::size_t stride_of(const std::vector<CostTable::Axis>& axes, std::size_t axis) {
  std::size_t stride = 1;
  for (std::size_t i = axis + 1; i < axes.size(); ++i) stride *= axes[i].values.size();
  return stride;
}

}  // namespace

CostTable::CostTable(std::vector<Axis> axes, std::vector<double> seconds)
    : axes_(std::move(axes)), seconds_(std::move(seconds)) {
  for (const double time : seconds_) logs_.push_back(std::log(time));
  // One axis after the other: making lines along one axis monotone leaves those along another so, because a sequence
  // that is nowhere below another one is nowhere below it afterwards.
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    if (axes_[axis].name != "density") make_monotone(axis);
  }
}

void CostTable::make_monotone(std::size_t axis) {
  const std::size_t size = axes_[axis].values.size();
  const std::size_t stride = stride_of(axes_, axis);
  std::vector<double> line(size);
  for (std::size_t first = 0; first < logs_.size(); ++first) {
    if (first / stride % size != 0) continue;
    for (std::size_t i = 0; i < size; ++i) line[i] = logs_[first + i * stride];
    pool_adjacent_violators(line);
    for (std::size_t i = 0; i < size; ++i) logs_[first + i * stride] = line[i];
  }
}

CostTable::Position CostTable::position(const Axis& axis, double value) {
  const auto& grid = axis.values;
  if (value <= grid.front()) return {};
  if (value >= grid.back()) return {grid.size() - 1, 0, value / grid.back()};
  const auto above = std::upper_bound(grid.begin(), grid.end(), value);
  const auto low = static_cast<std::size_t>(above - grid.begin()) - 1;
  return {low, std::log(value / grid[low]) / std::log(grid[low + 1] / grid[low]), 1};
}

double CostTable::interpolate(std::span<const Position> positions, std::size_t axis, std::size_t offset) const {
  if (axis == axes_.size()) return logs_[offset];
  const Position& at = positions[axis];
  const std::size_t first = offset * axes_[axis].values.size() + at.low;
  const double low = interpolate(positions, axis + 1, first);
  if (at.share == 0) return low;
  return low + at.share * (interpolate(positions, axis + 1, first + 1) - low);
}

double CostTable::at(std::span<const double> place) const {
  std::vector<Position> positions;
  double beyond = 1;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    positions.push_back(position(axes_[i], place[i]));
    beyond *= positions.back().beyond;
  }
  return beyond * std::exp(interpolate(positions, 0, 0));
}

bool CostTable::goes_beyond(std::span<const double> place) const {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (place[i] > axes_[i].values.back()) return true;
  }
  return false;
}

CostTable CostTable::without(std::size_t axis, std::size_t value) const {
  const std::size_t size = axes_[axis].values.size();
  const std::size_t stride = stride_of(axes_, axis);
  std::vector<Axis> axes = axes_;
  axes[axis].values.erase(axes[axis].values.begin() + static_cast<std::ptrdiff_t>(value));
  std::vector<double> seconds;
  for (std::size_t point = 0; point < seconds_.size(); ++point) {
    if (point / stride % size != value) seconds.push_back(seconds_[point]);
  }
  return CostTable(std::move(axes), std::move(seconds));
}

std::size_t points_of_grid(const std::vector<CostTable::Axis>& axes) {
  std::size_t points = 1;
  for (const CostTable::Axis& axis : axes) points *= axis.values.size();
  return points;
}

std::vector<double> place_on_grid(const std::vector<CostTable::Axis>& axes, std::size_t point) {
  std::vector<double> place;
  for (std::size_t i = 0; i < axes.size(); ++i)
    place.push_back(axes[i].values[point / stride_of(axes, i) % axes[i].values.size()]);
  return place;
}

std::vector<double> leave_one_out(const CostTable& table) {
  std::vector<double> errors;
  for (std::size_t axis = 0; axis < table.axes().size(); ++axis) {
    const std::vector<double>& values = table.axes()[axis].values;
    for (std::size_t i = 1; i + 1 < values.size(); ++i) {
      const CostTable others = table.without(axis, i);
      for (std::size_t point = 0; point < table.seconds().size(); ++point) {
        const std::vector<double> place = place_on_grid(table.axes(), point);
        if (place[axis] == values[i]) errors.push_back(std::abs(others.at(place) / table.seconds()[point] - 1));
      }
    }
  }
  std::sort(errors.begin(), errors.end());
  return errors;
}

}  // namespace simrun
