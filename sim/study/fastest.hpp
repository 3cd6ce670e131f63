#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"

namespace simrun {

/// The point that the speed-up of `point` is against: of those of sgd with otherwise equal values the fastest that has
/// times; none where no such point has any. `results` by point.
std::optional<std::size_t> fastest_sgd(const Study& study, const std::vector<PointResult>& results, std::size_t point);

/// Which method has the shortest iteration for each M, over all of its settings (K, index, collective, grouping, ...):
/// "fastest: gtop-k (K/N 0.001) at M = 2 to 16; sgd, ring at M = 32". Of equally fast ones the first row. One line for
/// each combination of the swept values that belong to no method (network, model, ...); no line where there are more
/// than four of these, or nothing to compare. `results` by point; points without times do not take part, and the line
/// says so.
std::vector<std::string> fastest_methods(const Study& study, const std::vector<PointResult>& results);

}  // namespace simrun
