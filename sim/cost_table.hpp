#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace simrun {

/// Seconds of one operation on a grid: every combination of its axes' values.
///
/// Between grid points the time is interpolated linearly in log-log. Below the first point of an axis it stays, beyond
/// the last it grows in proportion. With more elements, entries or parts it never falls: where the times given do, each
/// run of them that descends is replaced by its geometric mean (isotonic regression of the logarithms by pooling
/// adjacent violators; Ayer et al., Annals of Mathematical Statistics, 1955). Along a density it may fall: to select
/// all entries can be easier than to select most.
class CostTable {
 public:
  struct Axis {
    std::string name;            ///< elements, entries, parts or density (entries / elements)
    std::vector<double> values;  ///< above 0, ascending

    friend bool operator==(const Axis& a, const Axis& b) = default;
  };

  CostTable() = default;

  /// `seconds`: above 0, the last axis varies fastest.
  CostTable(std::vector<Axis> axes, std::vector<double> seconds);

  const std::vector<Axis>& axes() const { return axes_; }

  /// As given.
  const std::vector<double>& seconds() const { return seconds_; }

  /// The time at `place`, one value an axis.
  double at(std::span<const double> place) const;

  /// True where a value of `place` is above the last of its axis.
  bool goes_beyond(std::span<const double> place) const;

  /// The table without the value number `value` of an axis that has others.
  CostTable without(std::size_t axis, std::size_t value) const;

 private:
  /// Where a value lies on an axis: at `share` of the way from grid point `low` to the next, in log scale.
  struct Position {
    std::size_t low = 0;
    double share = 0;
    double beyond = 1;  ///< the factor by which the value exceeds the last grid point
  };
  static Position position(const Axis& axis, double value);
  double interpolate(std::span<const Position> positions, std::size_t axis, std::size_t offset) const;
  void make_monotone(std::size_t axis);

  std::vector<Axis> axes_;
  std::vector<double> seconds_;
  std::vector<double> logs_;  ///< of the times, monotone
};

/// The number of points of a grid, and the place of one of them in the order of a table's times.
std::size_t points_of_grid(const std::vector<CostTable::Axis>& axes);
std::vector<double> place_on_grid(const std::vector<CostTable::Axis>& axes, std::size_t point);

/// How far the interpolation is off: |interpolated / given - 1| over those points that have neighbours on both sides
/// along an axis, each interpolated from the table without its value on that axis. So the grid is twice as coarse there
/// as the one that is used. Ascending.
std::vector<double> leave_one_out(const CostTable& table);

}  // namespace simrun
