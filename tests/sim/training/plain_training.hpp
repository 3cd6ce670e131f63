#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "tests/sim/training/trainings.hpp"

/// Rare exchanges as plain as can be, in doubles: what LocalTraining is held to.
namespace simrun::trainings {

/// The scenario of mlp() with one linear layer for a model.
json softmax(std::size_t workers, const json& method);

/// Trains one linear layer by dense exchanges. Of two fragments the first is the bias, the other the weights.
class PlainTraining {
 public:
  explicit PlainTraining(const Bench& bench);

  /// The outer parameters at the end.
  std::vector<float> trained();

 private:
  using Vector = std::vector<double>;

  struct Worker {
    SampleOrder order;
    Vector parameters;
    Vector first = Vector(parameters.size());
    Vector second = Vector(parameters.size());
  };

  struct Result {
    Vector change;
    std::vector<Vector> sent;  ///< by worker: its parameters
  };

  void step(Worker& worker, int t) const;
  bool is_in(std::size_t parameter, std::int64_t exchange) const;
  void send(int t);
  void land();

  const Bench& bench_;
  const LocalSteps& local_;
  std::vector<Worker> workers_;
  Vector outer_;
  Vector velocity_;
  std::deque<std::pair<std::int64_t, Result>> flying_;
  std::int64_t sent_ = 0;
  std::int64_t landed_ = 0;
};

}  // namespace simrun::trainings
