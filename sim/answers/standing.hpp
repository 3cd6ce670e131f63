#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/answers/learning_curves.hpp"
#include "sim/study/experiment.hpp"

namespace simrun {

/// How one alternative does. What is compared is the time of an iteration, or of all that training takes.
struct Standing {
  std::size_t point = 0;  ///< its number
  Times times;
  Bytes memory = {};                          ///< of the device, see method_memory
  std::optional<RoundsToTarget> rounds = {};  ///< if training is what is compared

  /// What is compared.
  Seconds value() const;

  /// By how much that may be off.
  Deviations deviations() const;
};

/// By how much `other` takes longer than `best`, with what is common to both taken out (see difference). Devices are
/// off alike only if both are of the same implementation.
Interval longer_by(const Point& other, const Standing& of_other, const Point& best, const Standing& of_best);

/// Those of the points that have times, and if curves are given rounds to the target, fastest first. `results` by
/// point.
std::vector<Standing> standings(const std::vector<Point>& points, const std::vector<PointResult>& results,
                                const LearningCurves* curves);

/// All ways of the first: its collectives, groupings and hierarchies. What it encodes, and with whose kernels, is
/// alike.
std::vector<Standing> ways_of_fastest(const std::vector<Point>& points, const std::vector<Standing>& all);

/// The first, that is the fastest, of each method.
std::vector<Standing> best_of_methods(const std::vector<Point>& points, const std::vector<Standing>& all);

}  // namespace simrun
