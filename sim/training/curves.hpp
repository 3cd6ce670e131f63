#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/text/csv.hpp"
#include "sim/training/summary.hpp"

namespace simrun {

/// What was trained and what came out.
class TrainingReport {
 public:
  TrainingReport(const Study& study, std::vector<TrainingRun> runs);

  std::string curves_csv() const;   ///< one row an evaluation
  std::string summary_csv() const;  ///< one row a point, with its best step size
  std::string steps_csv() const;    ///< one row a point and step size
  std::string table() const;        ///< the last two for people

  /// The scenario, seeds, versions, `data` (where the samples are from), the summaries and what failed.
  Json json(const Json& data) const;

  /// One line for each run that failed, and each that overflowed with the step size that is reported.
  std::vector<std::string> failures() const;

  /// One line that names the points whose best step size is the least or the largest of several: their best may lie
  /// beyond. Empty where there are none.
  std::string edges() const;

 private:
  std::vector<std::string> first_cells(const StepSummary& summary) const;
  std::string steps_table() const;

  const Study& study_;
  std::vector<TrainingRun> runs_;
  std::vector<std::optional<double>> best_;  ///< step size by point, where it is known
  std::vector<StepSummary> steps_;
  std::vector<TrainingSummary> summaries_;
};

/// "top-k, 15 workers, seed 1"; of several step sizes "top-k, 15 workers, step 0.1, seed 1", or "..., best step, seed
/// 1" where it is not known yet.
std::string run_name(const Study& study, std::size_t point, std::uint64_t seed, std::optional<double> step);

/// "0012-top-k-seed1-round100": number of the point, its method, seed and round; of several step sizes
/// "0012-top-k-step0.1-seed1-round100".
std::string round_name(const Study& study, const TrainingRun& run, std::int64_t round);

}  // namespace simrun
