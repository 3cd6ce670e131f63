#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/payload_stage.hpp"
#include "sim/simulation.hpp"
#include "sim/sweep.hpp"

namespace simrun {

/// What came out for one point: times and sizes, or why there are none.
struct PointResult {
  std::optional<Times> times;  ///< without spans
  double payload_bytes = 0;
  std::string failure;
};

struct RunOptions {
  unsigned jobs = 1;
  std::string trace_folder;  ///< where each point writes its trace; empty: nowhere
};

/// Runs all points: the payloads first, then one child process a point. The result does not depend on the number of
/// jobs.
std::vector<PointResult> run_points(const Study& study,
                                    const std::vector<std::shared_ptr<const PayloadTable>>& payloads,
                                    const RunOptions& options, const Progress& progress);

/// What every worker of this scenario does in an iteration.
IterationPlan make_plan(const Scenario& scenario, const PayloadTable& payloads);

/// Everything that the simulation of a point needs. The scenario and the payloads outlive it.
Setup make_setup(const Scenario& scenario, const PayloadTable& payloads);

}  // namespace simrun
