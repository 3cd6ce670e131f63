#pragma once

#include <string>
#include <vector>

#include "sim/study/experiment.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// How a study was measured.
struct MeasuredRun {
  int iterations = 0;              ///< that count
  int warmup = 0;                  ///< before those
  std::string mpi;                 ///< "Open MPI v4.1.4"
  std::vector<std::string> hosts;  ///< by rank
};

/// "measured: 4 ranks on 2 hosts, Open MPI v4.1.4, 20 iterations after 3".
std::string summary(const MeasuredRun& measurement);
Json measurement_json(const MeasuredRun& measurement);

/// A plan's local steps, and how many of an iteration are waited for in real time.
struct MeasuredSteps {
  LocalSteps local = {};
  std::int64_t waited = 1;
  Seconds not_waited = {};  ///< what computing the others takes
};

/// Where all workers compute alike, of the steps from one exchange to the next as many are waited for as may overlap
/// with one, and two more: in the others nothing is under way. So an iteration of several steps stays one.
MeasuredSteps measured_steps(const IterationPlan& plan);

/// What one rank saw of a point. Its clock started with the others'.
struct RankMeasurement {
  std::vector<IterationRecord> iterations;  ///< all of them, without spans; of a server one, with its traffic alone
  UsedExtents used;
  double payload_bytes = 0;  ///< that a worker encoded, all groups; with local steps the mean over them
};

/// As text, to pass from process to process, and back to the last bit.
std::string serialised(const RankMeasurement& measurement);
RankMeasurement deserialised(const std::string& text);

/// A point's result from what its ranks saw, the workers first. An iteration lasts from the moment when the last worker
/// finished the one before to that when the last finishes it. The first `warmup` (at least 1) do not count. The
/// iteration time is the median of the others; the busy times are those of the worker that finished the iteration
/// nearest to it last, or that led it, and communication is the rest. With local steps times are means over all of
/// them, what was not waited for included.
PointResult point_result(const std::vector<RankMeasurement>& ranks, std::size_t workers, std::size_t warmup,
                         const MeasuredSteps& steps = {});

}  // namespace simrun
