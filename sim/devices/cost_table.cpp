#include "sim/devices/cost_table.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace simrun {
namespace {

/// The nearest sequence (least squares) that never falls.
std::vector<double> without_descents(const std::vector<double>& values) {
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
  std::vector<double> levelled;
  for (const Block& block : blocks) levelled.insert(levelled.end(), block.size, block.mean);
  return levelled;
}

/// Slopes at the knots with which cubics are monotone wherever the values are: weighted harmonic means of the slopes to
/// both sides. Source: Fritsch and Butland, SIAM Journal on Scientific and Statistical Computing, 1984.
std::vector<double> monotone_slopes(const std::vector<double>& x, const std::vector<double>& y) {
  const std::size_t last = x.size() - 1;
  const auto width = [&](std::size_t i) { return x[i + 1] - x[i]; };
  const auto slope = [&](std::size_t i) { return (y[i + 1] - y[i]) / width(i); };
  std::vector<double> slopes(x.size());
  slopes.front() = slope(0);
  slopes.back() = slope(last - 1);
  for (std::size_t i = 1; i < last; ++i) {
    const double before = slope(i - 1);
    const double after = slope(i);
    if (before * after <= 0) continue;  // a turn: flat
    const double near_before = width(i - 1) + 2 * width(i);
    const double near_after = 2 * width(i - 1) + width(i);
    slopes[i] = (near_before + near_after) / (near_before / before + near_after / after);
  }
  return slopes;
}

constexpr std::size_t steps = 8;  ///< of straight lines that stand for a cubic between two grid points

/// Calls visit(first grid point, share of the way to the next) for each knot of a refined axis.
template <class Visit>
std::vector<double> refined(std::size_t points, Visit visit) {
  std::vector<double> values;
  for (std::size_t i = 0; i + 1 < points; ++i) {
    for (std::size_t step = 0; step < steps; ++step)
      values.push_back(visit(i, static_cast<double>(step) / static_cast<double>(steps)));
  }
  values.push_back(visit(points - 2, 1.0));
  return values;
}

/// Points of one axis line up `stride` apart.
std::size_t stride_of(const std::vector<CostTable::GridAxis>& axes, std::size_t axis) {
  std::size_t stride = 1;
  for (std::size_t i = axis + 1; i < axes.size(); ++i) stride *= axes[i].values.size();
  return stride;
}

}  // namespace

const char* name_of(Axis axis) {
  constexpr const char* names[] = {"elements", "entries", "parts", "density"};
  return names[static_cast<std::size_t>(axis)];
}

CostTable::CostTable(std::vector<GridAxis> axes, std::vector<double> seconds)
    : axes_(std::move(axes)), seconds_(std::move(seconds)) {
  for (const double time : seconds_) logs_.push_back(std::log(time));
  for (const GridAxis& axis : axes_) {
    knots_.emplace_back();
    for (const double value : axis.values) knots_.back().push_back(std::log(value));
  }
  make_monotone();
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) refine(axis);
  // Lines between those of the grid need not have become monotone. What lies between two points of the grid stays
  // between their times, so that those keep theirs.
  make_monotone();
}

void CostTable::change_lines(std::size_t axis,
                             const std::function<std::vector<double>(const std::vector<double>&)>& change) {
  const std::size_t size = knots_[axis].size();
  std::size_t stride = 1;
  for (std::size_t i = axis + 1; i < knots_.size(); ++i) stride *= knots_[i].size();
  std::vector<double> changed;
  for (std::size_t block = 0; block < logs_.size(); block += size * stride) {
    for (std::size_t first = block; first < block + stride; ++first) {
      std::vector<double> line;
      for (std::size_t i = 0; i < size; ++i) line.push_back(logs_[first + i * stride]);
      line = change(line);
      const std::size_t begin = block / size * line.size() + (first - block);
      changed.resize(logs_.size() / size * line.size());
      for (std::size_t i = 0; i < line.size(); ++i) changed[begin + i * stride] = line[i];
    }
  }
  logs_ = std::move(changed);
}

void CostTable::make_monotone() {
  // One axis after the other: making lines along one axis monotone leaves those along another so, because a sequence
  // that is nowhere below another one is nowhere below it afterwards.
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    if (axes_[axis].axis != Axis::density) change_lines(axis, without_descents);
  }
}

void CostTable::refine(std::size_t axis) {
  const std::vector<double> x = knots_[axis];
  if (x.size() < 2) return;
  const auto between = [&](std::size_t i, double share) { return x[i] + share * (x[i + 1] - x[i]); };
  change_lines(axis, [&](const std::vector<double>& y) {
    const std::vector<double> slopes = monotone_slopes(x, y);
    return refined(x.size(), [&](std::size_t i, double t) {
      // The cubic through both points with both slopes (Hermite).
      const double width = x[i + 1] - x[i];
      const double bend = t * (1 - t) * width * ((1 - t) * slopes[i] - t * slopes[i + 1]);
      return y[i] + t * t * (3 - 2 * t) * (y[i + 1] - y[i]) + bend;
    });
  });
  knots_[axis] = refined(x.size(), between);
}

CostTable::Position CostTable::position(std::size_t axis, double value) const {
  const auto& grid = axes_[axis].values;
  const auto& knots = knots_[axis];
  if (value <= grid.front()) return {};
  if (value >= grid.back()) return {knots.size() - 1, 0, value / grid.back()};
  const double log = std::log(value);
  const auto above = std::upper_bound(knots.begin(), knots.end() - 1, log);
  const auto low = static_cast<std::size_t>(above - knots.begin()) - 1;
  return {low, (log - knots[low]) / (knots[low + 1] - knots[low]), 1};
}

double CostTable::interpolate(std::span<const Position> positions, std::size_t axis, std::size_t offset) const {
  if (axis == axes_.size()) return logs_[offset];
  const Position& at = positions[axis];
  const std::size_t first = offset * knots_[axis].size() + at.low;
  const double low = interpolate(positions, axis + 1, first);
  if (at.share == 0) return low;
  return low + at.share * (interpolate(positions, axis + 1, first + 1) - low);
}

double CostTable::at(std::span<const double> place) const {
  std::vector<Position> positions;
  double beyond = 1;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    positions.push_back(position(i, place[i]));
    beyond *= positions.back().beyond;
  }
  return beyond * std::exp(interpolate(positions, 0, 0));
}

NearestPoint CostTable::nearest(std::span<const double> place) const {
  constexpr double same = 1.01;
  NearestPoint nearest;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const std::vector<double>& values = axes_[i].values;
    const auto ratio = [&](double value) { return std::max(value, place[i]) / std::min(value, place[i]); };
    const auto least =
        std::min_element(values.begin(), values.end(), [&](double a, double b) { return ratio(a) < ratio(b); });
    nearest.point = nearest.point * values.size() + static_cast<std::size_t>(least - values.begin());
    nearest.is_there = nearest.is_there && ratio(*least) <= same;
  }
  return nearest;
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
  std::vector<GridAxis> axes = axes_;
  axes[axis].values.erase(axes[axis].values.begin() + static_cast<std::ptrdiff_t>(value));
  std::vector<double> seconds;
  for (std::size_t point = 0; point < seconds_.size(); ++point) {
    if (point / stride % size != value) seconds.push_back(seconds_[point]);
  }
  return CostTable(std::move(axes), std::move(seconds));
}

std::size_t points_of_grid(const std::vector<CostTable::GridAxis>& axes) {
  std::size_t points = 1;
  for (const CostTable::GridAxis& axis : axes) points *= axis.values.size();
  return points;
}

std::vector<double> place_on_grid(const std::vector<CostTable::GridAxis>& axes, std::size_t point) {
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
