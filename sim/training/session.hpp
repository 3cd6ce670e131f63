#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/system/interruption.hpp"
#include "sim/system/progress_bar.hpp"
#include "sim/training/datasets.hpp"
#include "sim/training/run_store.hpp"
#include "sim/training/summary.hpp"
#include "sim/training/train.hpp"

namespace simrun {

/// Trains the runs of a study one after another; those that differ in nothing but their clocks at once. Where a method
/// has several step sizes, each is trained with the tuning seeds first, then the best with the other seeds.
class TrainingSession {
 public:
  /// Both outlive this.
  TrainingSession(const Study& study, const TrainArguments& arguments);

  /// Throws InputError where a run cannot be begun.
  void check();

  /// Names of all runs, also of those whose step size will only be known later.
  std::vector<std::string> names() const;

  /// Trains until all is done or a signal comes. Throws WriteError.
  void run(const InterruptionWatch& watch);

  /// By point, seed and step size, in the order of the study; while a best step size is not known, without the runs
  /// that wait for it.
  const std::vector<TrainingRun>& runs() const { return runs_; }
  const Datasets& datasets() const { return datasets_; }

  /// Runs that were finished before, and runs that were trained with another one.
  std::size_t taken_over() const { return taken_over_; }
  std::size_t shared() const { return shared_; }

 private:
  using Runs = std::vector<TrainingRun*>;

  const Scenario& scenario_of(const TrainingRun& run) const { return study_.points[run.point].scenario; }
  const Training& training_of(std::size_t point) const { return *study_.points[point].scenario.training; }
  bool learns_the_same(const TrainingRun& a, const TrainingRun& b) const;
  std::string key_of(const TrainingRun& run);
  std::size_t count_all_runs() const;
  void add_runs_of_best_steps();
  void train_from(std::size_t first, const InterruptionWatch& watch);
  bool take_over(TrainingRun& run);
  std::unique_ptr<Trainer> make_trainer(const TrainingRun& run, std::vector<RoundTime> clocks);
  std::unique_ptr<Trainer> make_trainer_of_all(const Runs& alike);
  RoundTime clock_of(TrainingRun& run) const;
  void train(const Runs& alike, ProgressBar& bar, const InterruptionWatch& watch);
  void finish(const Runs& alike);

  const Study& study_;
  const TrainArguments& arguments_;
  std::vector<std::string> keys_;       ///< by point: of all that training it depends on, but for seed and step size
  std::vector<std::string> trainings_;  ///< by point: the same without what only times its rounds
  RunStore store_;
  Datasets datasets_;
  std::vector<TrainingRun> runs_;
  std::size_t taken_over_ = 0;
  std::size_t shared_ = 0;
};

}  // namespace simrun
