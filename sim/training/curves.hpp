#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/csv.hpp"
#include "sim/sweep.hpp"
#include "sim/training/trainer.hpp"

namespace simrun {

/// One training run: a point of the study with one of its seeds.
struct TrainingRun {
  std::size_t point = 0;
  std::uint64_t seed = 0;
  std::vector<CurvePoint> curve;  ///< as far as it got
  std::string failure;            ///< why it got no further, where that is its own fault
};

/// What all seeds of a point came to.
struct TrainingSummary {
  std::size_t point = 0;
  std::size_t seeds = 0;
  double accuracy = 0;               ///< after the last round: mean over the seeds
  double deviation = 0;              ///< and their standard deviation (n - 1), 0 of one seed
  std::optional<CurvePoint> target;  ///< the first row that has the target accuracy, mean over the seeds; none where
                                     ///< a seed has none
  bool on_front = false;             ///< no other point that answers the same question gets there with fewer bytes
                                     ///< (both ways) and in less time
};

/// What points share that compete with each other: the same model learns the same from the same data on the same
/// cluster. Workers, batch, method, its settings, grouping and the optimiser are what is chosen.
Json question_of(const Scenario& scenario);

/// One a point that all of whose runs have ended, in the order of the study.
std::vector<TrainingSummary> summarise(const Study& study, const std::vector<TrainingRun>& runs);

/// What was trained and what came out.
class TrainingReport {
 public:
  TrainingReport(const Study& study, std::vector<TrainingRun> runs);

  std::string curves_csv() const;   ///< one row an evaluation
  std::string summary_csv() const;  ///< one row a point
  std::string table() const;        ///< the same for people

  /// The scenario, seeds, versions, `data` (where the samples are from), the summary and what failed.
  Json json(const Json& data) const;

  /// One line for each run that failed.
  std::vector<std::string> failures() const;

 private:
  Row setting(std::size_t point) const;
  void append_further(std::size_t point, Row& row) const;
  std::vector<std::string> further_keys() const;
  Json swept(std::size_t point, const std::string& key) const;
  Row curve_row(const TrainingRun& run, const CurvePoint& at) const;
  Row summary_row(const TrainingSummary& summary) const;

  const Study& study_;
  std::vector<TrainingRun> runs_;
  std::vector<TrainingSummary> summaries_;
};

/// "top-k, 15 workers, seed 1".
std::string run_name(const Study& study, std::size_t point, std::uint64_t seed);

/// "0012-top-k-seed1-round100": number of the point, its method, seed and round.
std::string round_name(const Study& study, std::size_t point, std::uint64_t seed, std::int64_t round);

}  // namespace simrun
