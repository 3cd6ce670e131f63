#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/training/trainer.hpp"

namespace simrun {

/// One training run: a point of the study with one of its seeds and one of its step sizes.
struct TrainingRun {
  std::size_t point = 0;
  std::uint64_t seed = 0;
  double step = 0;
  std::vector<CurvePoint> curve = {};  ///< as far as it got
  bool overflowed = false;             ///< it got no further since a number was no longer finite
  std::string failure = {};            ///< what else kept it from going on, where that is its own fault

  /// It overflowed, or its last rows have a larger loss than the first round had before any step.
  bool has_diverged() const { return overflowed || (!curve.empty() && curve.back().has_grown()); }

  /// It got to the last of so many rounds, or overflowed.
  bool has_ended(std::int64_t rounds) const { return overflowed || (!curve.empty() && curve.back().round == rounds); }
};

/// What some seeds with one step size came to. Accuracies are those after the last round, means over the seeds; NaN
/// where a run overflowed.
struct StepSummary {
  std::size_t point = 0;
  double step = 0;
  std::size_t seeds = 0;
  std::size_t diverged = 0;  ///< of the seeds
  double accuracy = 0;       ///< on the test set
  double deviation = 0;      ///< of it: standard deviation over the seeds (n - 1), 0 of one seed
  double validation = 0;     ///< on what is held out
  bool is_best = false;      ///< the step size that is reported
};

/// What all seeds of a point came to with its best step size.
struct TrainingSummary : StepSummary {
  std::optional<CurvePoint> target;  ///< the first row that has the target accuracy, mean over the seeds; none where
                                     ///< a seed has none
  bool on_front = false;             ///< no other point that answers the same question gets there with fewer bytes
                                     ///< (both ways) and in less time
};

/// What points share that compete with each other: the same model learns the same from the same data on the same
/// cluster. Workers, batch, method, its settings, grouping and the optimiser are what is chosen.
Json question_of(const Scenario& scenario);

/// The seeds that are trained with every step size of the method.
std::vector<std::uint64_t> tuning_seeds(const Training& training);

/// The step size with the largest validation accuracy after the last round, mean over the tuning seeds; the first of
/// equal ones, and none that diverged with one of them unless all did. Where there is but one step size it is that;
/// otherwise none as long as a run is missing.
std::optional<double> best_step(const Study& study, std::size_t point, const std::vector<TrainingRun>& runs);

/// One a point and step size, of the tuning seeds, in the order of study and lists; of points that have a best one.
std::vector<StepSummary> summarise_steps(const Study& study, const std::vector<TrainingRun>& runs);

/// One a point all of whose runs with the best step size have ended, in the order of the study.
std::vector<TrainingSummary> summarise(const Study& study, const std::vector<TrainingRun>& runs);

}  // namespace simrun
