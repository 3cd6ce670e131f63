#pragma once

#include <string>
#include <vector>

#include "sim/scenario/plan_text.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/study/experiment.hpp"

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

/// Adds to the labels whose implementation it is, where there are several and any of its times was needed.
void label_implementations(Study& study, const std::vector<PointResult>& results);

/// "top-k, allgather-ring (K/N 0.001)": names a point among alternatives.
std::string name_of_alternative(const Point& point);

/// The first few, and how many more there are: "one; two; and 18 more".
std::string in_short(const std::vector<std::string>& names);

}  // namespace simrun
