#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/plan_text.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// Rounds of training until a target is reached.
struct RoundsToTarget {
  double median = 0;  ///< over all seeds; infinite where most do not reach it
  double least = 0;   ///< of those seeds that reach it, likewise `most`
  double most = 0;
  std::size_t seeds = 0;
  std::size_t reached = 0;  ///< by so many of them
};

/// Accuracy or loss by round, of trainings that have been run.
class LearningCurves {
 public:
  /// A CSV file, or a folder that `simrun train` has written. Columns: method, round, and accuracy (or test_accuracy)
  /// or loss (or train_loss), whichever the target is about; density or k where a method sparsifies; if they are there
  /// workers, seed, and best, of which rows with false are left out. Any other column tells trainings from each other,
  /// like learning_rate. Throws InputError.
  LearningCurves(const std::string& name, const PlanTarget& target);

  const std::string& file() const { return file_; }

  /// Until the target, of the scenario's method, K/N and M; of several step sizes (or entries) those that get there
  /// first. None where there is no such curve.
  std::optional<RoundsToTarget> rounds(const Scenario& scenario) const;

  /// Values of K/N that curves have.
  std::vector<double> densities() const;

 private:
  /// One training.
  struct Curve {
    std::string method;
    std::optional<double> density;
    std::optional<double> k;
    std::optional<double> workers;
    std::string choice;  ///< all else that the file says of it, but for the seed: step size, entry, options
    std::map<double, double> values = {};  ///< by round, of what the target is about
  };
  bool is_of(const Curve& curve, const Scenario& scenario) const;

  double first_round(const Curve& curve) const;

  std::string file_;
  PlanTarget target_;
  std::vector<Curve> curves_;
};

}  // namespace simrun
