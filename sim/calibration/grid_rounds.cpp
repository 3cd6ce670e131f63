#include "sim/calibration/grid_rounds.hpp"

#include <algorithm>

namespace simrun {
namespace {

using GridAxes = std::vector<CostTable::GridAxis>;

/// A value of an axis, by its numbers.
struct GridLine {
  std::size_t axis;
  std::size_t value;
};

/// The lines that a point lies on, one an axis.
std::vector<GridLine> lines_of(const GridAxes& axes, std::size_t point) {
  std::vector<GridLine> lines;
  for (std::size_t axis = axes.size(); axis-- > 0;) {
    const std::size_t size = axes[axis].values.size();
    lines.insert(lines.begin(), {axis, point % size});
    point /= size;
  }
  return lines;
}

/// By axis and value.
template <class T>
using ByLine = std::vector<std::vector<T>>;

template <class T>
ByLine<T> for_each_line(const GridAxes& axes, const T& value) {
  ByLine<T> all;
  for (const CostTable::GridAxis& axis : axes) all.emplace_back(axis.values.size(), value);
  return all;
}

ByLine<std::size_t> rounds_of_lines(const GridAxes& axes) {
  ByLine<std::size_t> rounds = for_each_line<std::size_t>(axes, 0);
  std::size_t latest = 0;
  for (std::vector<std::size_t>& of_axis : rounds) {
    const std::size_t stride = std::max<std::size_t>(2, (of_axis.size() + 3) / 5);
    for (std::size_t value = of_axis.size(); value-- > 0;) {
      if (value % stride != 0 && value + 1 < of_axis.size()) of_axis[value] = ++latest;
    }
  }
  return rounds;
}

/// A grid from which lines are taken.
class CutGrid {
 public:
  CutGrid(const GridAxes& axes, const std::vector<bool>& finished)
      : axes_(axes), finished_(finished), kept_(for_each_line<char>(axes, 1)) {}

  bool has(std::size_t point) const {
    return std::ranges::all_of(lines_of(axes_, point), [&](GridLine on) { return kept_[on.axis][on.value] != 0; });
  }

  /// Takes out, of the lines that are not of the coarse grid, the one with the largest share of unfinished points.
  /// False if there is none with any.
  bool take_worst() {
    struct Count {
      double all = 0;
      double unfinished = 0;
    };
    auto counts = for_each_line<Count>(axes_, {});
    for (std::size_t point = 0; point < finished_.size(); ++point) {
      if (!has(point)) continue;
      for (const GridLine on : lines_of(axes_, point)) {
        counts[on.axis][on.value].all += 1;
        counts[on.axis][on.value].unfinished += finished_[point] ? 0 : 1;
      }
    }
    double most = 0;
    char* worst = nullptr;
    const ByLine<std::size_t> rounds = rounds_of_lines(axes_);
    for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
      for (std::size_t value = 0; value < counts[axis].size(); ++value) {
        const Count& count = counts[axis][value];
        if (rounds[axis][value] == 0 || count.unfinished <= most * count.all) continue;
        most = count.unfinished / count.all;
        worst = &kept_[axis][value];
      }
    }
    if (worst != nullptr) *worst = 0;
    return worst != nullptr;
  }

  GridPart rest() const {
    GridPart part;
    for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
      part.axes.push_back({axes_[axis].axis, {}});
      for (std::size_t value = 0; value < kept_[axis].size(); ++value) {
        if (kept_[axis][value] != 0) part.axes.back().values.push_back(axes_[axis].values[value]);
      }
    }
    for (std::size_t point = 0; point < finished_.size(); ++point) {
      if (has(point)) part.points.push_back(point);
    }
    return part;
  }

 private:
  const GridAxes& axes_;
  const std::vector<bool>& finished_;
  ByLine<char> kept_;  ///< not bool, of which there is no address
};

}  // namespace

std::vector<std::size_t> rounds_of_points(const GridAxes& axes) {
  const ByLine<std::size_t> rounds = rounds_of_lines(axes);
  std::vector<std::size_t> of_points;
  for (std::size_t point = 0; point < points_of_grid(axes); ++point) {
    std::size_t latest = 0;
    for (const GridLine on : lines_of(axes, point)) latest = std::max(latest, rounds[on.axis][on.value]);
    of_points.push_back(latest);
  }
  return of_points;
}

std::optional<GridPart> finished_part(const GridAxes& axes, const std::vector<bool>& finished) {
  const std::vector<std::size_t> rounds = rounds_of_points(axes);
  for (std::size_t point = 0; point < finished.size(); ++point) {
    if (rounds[point] == 0 && !finished[point]) return std::nullopt;
  }
  CutGrid cut(axes, finished);
  while (cut.take_worst()) {
  }
  return cut.rest();
}

}  // namespace simrun
