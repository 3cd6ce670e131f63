#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/payloads/payload_stage.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/simulation/simulation.hpp"
#include "sim/study/trace_folder.hpp"

namespace simrun {

/// What came out for one point: times and sizes, or why there are none.
struct PointResult {
  std::optional<Times> times;  ///< without spans
  double payload_bytes = 0;
  std::string failure;
  std::optional<Seconds> break_even = {};  ///< of encoding, where it was searched for
};

struct RunOptions {
  unsigned jobs = 1;
  const TraceFolder* traces = nullptr;  ///< where each point writes its trace; null: nowhere
};

/// Takes the result of a point, given by its number in the study.
using OnResult = std::function<void(std::size_t point, PointResult result)>;

/// Runs the points of the payload stage in child processes, each of which takes points on like clusters one after
/// another, and hands over each result as soon as it is there, in any order. The results do not depend on the number of
/// jobs, nor on what a process ran before.
void run_points(const Study& study, PayloadStage& payloads, const RunOptions& options, const OnResult& on_result);

/// The same for what they would be with the longest encoding with which they are as fast as sgd (search_break_even).
/// `results` of the study have the times of these points and of the sgd points that they are held against.
void run_at_break_even(const Study& study, const std::vector<PointResult>& results, PayloadStage& payloads,
                       const RunOptions& options, const OnResult& on_result);

/// How the point runs with these payloads where encoding takes `encode_factor` times as long. Runs a child process,
/// since SimGrid has one platform a process; Ctrl-C ends it with its parent. Throws ChildFailure.
Times simulate_point(const Scenario& scenario, const PayloadTable& payloads, double encode_factor = 1);

}  // namespace simrun
