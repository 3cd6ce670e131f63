#pragma once

#include <string>
#include <vector>

#include "sim/scenario/plan_text.hpp"
#include "sim/scenario/sweep.hpp"

namespace simrun {

/// All ways of training a scenario that are held against each other: methods, values of K/N, collectives, groupings,
/// hierarchies and implementations.
struct Alternatives {
  Study study;
  std::vector<std::string> left_out;  ///< and why, a line each
};

/// `asked`: the scenario as it stands in the file, with overrides, expanded; `plan`: what it says of planning. Throws
/// InputError where a sweep leaves open which cluster it is.
Alternatives alternatives(const Study& asked, const PlanText& plan);

/// "top-k, allgather-ring (K/N 0.001)": names a point among alternatives.
std::string name_of_alternative(const Point& point);

}  // namespace simrun
