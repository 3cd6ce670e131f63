#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "sim/scheduling/partition.hpp"

namespace simrun {

/// When the backward pass reaches the places between tensors, in seconds, if nothing holds it up.
class BackwardPass {
 public:
  explicit BackwardPass(std::span<const Seconds> times);

  std::size_t tensors() const { return reached_.size() - 1; }
  double between(std::size_t first, std::size_t last) const { return reached_[last] - reached_[first]; }
  double behind(std::size_t place) const { return between(place, tensors()); }

  /// When work begins that goes between two tensors and is asked for `time` after `place` was reached: as soon as the
  /// tensor that is being worked on is done. After `place`, too.
  double next_gap(std::size_t place, double time) const;

 private:
  std::vector<double> reached_;
};

/// The times of every group of neighbours in every way, each asked for once.
class GroupTable {
 public:
  GroupTable(std::size_t tensors, std::span<const TimesOfGroup> ways);

  /// By way.
  std::span<const GroupTimes> at(std::size_t first, std::size_t last) const {
    return std::span(times_).subspan((first * (tensors_ + 1) + last) * ways_, ways_);
  }

  /// For each place the least sum of `cost` over all ways to group what is behind it and to let it travel.
  template <class Cost>
  std::vector<double> least_behind(const Cost& cost) const {
    std::vector<double> least(tensors_ + 1, std::numeric_limits<double>::infinity());
    least[tensors_] = 0;
    for (std::size_t first = tensors_; first-- > 0;) {
      for (std::size_t last = first + 1; last <= tensors_; ++last) {
        for (const GroupTimes& each : at(first, last))
          least[first] = std::min(least[first], cost(each).value + least[last]);
      }
    }
    return least;
  }

 private:
  std::size_t tensors_;
  std::size_t ways_;
  std::vector<GroupTimes> times_;
};

}  // namespace simrun
