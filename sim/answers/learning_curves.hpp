#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "sim/scenario/plan_text.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// Rounds of training until a target is reached, over seeds; infinite where it is not.
struct RoundsToTarget {
  double median = 0;
  double least = 0;
  double most = 0;
  std::size_t seeds = 0;
};

/// Accuracy or loss by round, of trainings that have been run.
class LearningCurves {
 public:
  /// A CSV file, or a folder that `simrun train` has written. Columns: method, round, and accuracy (or test_accuracy)
  /// or loss (or train_loss), whichever the target is about; density or k where a method sparsifies; if they are there
  /// workers, seed, learning_rate, entry and best, of which rows with false are left out. Throws InputError.
  LearningCurves(const std::string& name, const PlanTarget& target);

  const std::string& file() const { return file_; }

  /// Until the target, of the scenario's method, K/N and M; of several step sizes (or entries) those that get there
  /// first. None where there is no such curve.
  std::optional<RoundsToTarget> rounds(const Scenario& scenario) const;

  /// Values of K/N that curves have.
  std::vector<double> densities() const;

 private:
  /// method, what else is chosen (step size and entry)
  struct Curve {
    std::string method;
    std::optional<double> density;
    std::optional<double> k;
    std::optional<double> workers;
    std::string choice;
    std::string seed;
    std::map<double, double> values = {};  ///< by round, of what the target is about
  };
  bool is_of(const Curve& curve, const Scenario& scenario) const;

  double first_round(const Curve& curve) const;

  std::string file_;
  PlanTarget target_;
  std::vector<Curve> curves_;
};

}  // namespace simrun
