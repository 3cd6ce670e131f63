#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace simrun {

/// What the time of an operation depends on. Density is entries / elements.
enum class Axis { elements, entries, parts, density };

/// "elements", as in the files of profiles.
const char* name_of(Axis axis);

/// A point of a grid, in the order of the table's times.
struct NearestPoint {
  std::size_t point = 0;
  bool is_there = true;  ///< what it is nearest to lies on it, to 1 % along each axis
};

/// Seconds of one operation on a grid: every combination of its axes' values.
///
/// Between grid points the logarithm of the time is interpolated over the logarithms of the axes by monotone cubics
/// (Fritsch and Carlson, SIAM Journal on Numerical Analysis, 1980). A power law is met exactly; a fixed cost that gives
/// way to a bandwidth, the shape of most tables, within 1 % on a grid of powers of 4, where straight lines are off by
/// 6 %. Below the first point of an axis the time stays, beyond the last it grows in proportion.
///
/// With more elements, entries or parts the time never falls: where the times given do, each run of them that descends
/// is replaced by its geometric mean (isotonic regression of the logarithms by pooling adjacent violators; Ayer et al.,
/// Annals of Mathematical Statistics, 1955). Along a density it may fall: to select all entries can be easier than to
/// select most.
class CostTable {
 public:
  struct GridAxis {
    Axis axis;
    std::vector<double> values;  ///< above 0, ascending

    friend bool operator==(const GridAxis& a, const GridAxis& b) = default;
  };

  CostTable() = default;

  /// `seconds`: above 0, the last axis varies fastest.
  CostTable(std::vector<GridAxis> axes, std::vector<double> seconds);

  const std::vector<GridAxis>& axes() const { return axes_; }

  /// As given.
  const std::vector<double>& seconds() const { return seconds_; }

  /// The time at `place`, one value an axis.
  double at(std::span<const double> place) const;

  /// The grid point nearest to `place`, by the ratio along each axis.
  NearestPoint nearest(std::span<const double> place) const;

  /// True where a value of `place` is above the last of its axis.
  bool goes_beyond(std::span<const double> place) const;

  /// The table without the value number `value` of an axis that has others.
  CostTable without(std::size_t axis, std::size_t value) const;

 private:
  /// Where a value lies on an axis: at `share` of the way from knot `low` to the next.
  struct Position {
    std::size_t low = 0;
    double share = 0;
    double beyond = 1;  ///< the factor by which the value exceeds the last grid point
  };
  Position position(std::size_t axis, double value) const;
  double interpolate(std::span<const Position> positions, std::size_t axis, std::size_t offset) const;

  /// Replaces each line of `logs_` along an axis by what `change` makes of it, all lines of the same length.
  void change_lines(std::size_t axis, const std::function<std::vector<double>(const std::vector<double>&)>& change);
  void make_monotone();
  void refine(std::size_t axis);

  std::vector<GridAxis> axes_;
  std::vector<double> seconds_;
  std::vector<std::vector<double>> knots_;  ///< by axis: logarithms, of the grid's values and of some between
  std::vector<double> logs_;                ///< of the times at all knots; straight lines join them
};

/// The number of points of a grid, and the place of one of them in the order of a table's times.
std::size_t points_of_grid(const std::vector<CostTable::GridAxis>& axes);
std::vector<double> place_on_grid(const std::vector<CostTable::GridAxis>& axes, std::size_t point);

/// How far the interpolation is off: |interpolated / given - 1| over those points that have neighbours on both sides
/// along an axis, each interpolated from the table without its value on that axis. So the grid is twice as coarse there
/// as the one that is used. Ascending.
std::vector<double> leave_one_out(const CostTable& table);

}  // namespace simrun
