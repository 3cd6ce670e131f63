#include "sim/scheduling/group_table.hpp"

#include <algorithm>

namespace simrun {

BackwardPass::BackwardPass(std::span<const Seconds> times) : reached_(times.size() + 1) {
  for (std::size_t i = 0; i < times.size(); ++i) reached_[i + 1] = reached_[i] + times[i].value;
}

double BackwardPass::next_gap(std::size_t place, double time) const {
  constexpr double rounding = 1e-12;
  const double wanted = reached_[place] + time - rounding * reached_.back();
  const auto gap = std::lower_bound(reached_.begin() + static_cast<std::ptrdiff_t>(place), reached_.end(), wanted);
  return gap == reached_.end() ? time : *gap - reached_[place];
}

GroupTable::GroupTable(std::size_t tensors, std::span<const TimesOfGroup> ways)
    : tensors_(tensors), ways_(ways.size()), times_((tensors + 1) * (tensors + 1) * ways.size()) {
  for (std::size_t first = 0; first < tensors; ++first) {
    for (std::size_t last = first + 1; last <= tensors; ++last) {
      for (std::size_t way = 0; way < ways_; ++way)
        times_[(first * (tensors + 1) + last) * ways_ + way] = ways[way](first, last);
    }
  }
}

}  // namespace simrun
