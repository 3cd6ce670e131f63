#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/training/optimizer.hpp"

namespace simrun {

/// Workers with models of their own, of which each makes steps by itself. What they exchange is up to what derives
/// from this.
class WorkerModels {
 public:
  std::span<const float> parameters_of(std::size_t worker) const { return models_[worker]; }

  /// A worker's own step along its gradient (size N). Calls for different workers may be made at the same time. Throws
  /// NonFiniteError.
  void step(std::size_t worker, std::span<const float> gradient, float rate);

 protected:
  /// The scenario has a training part. `parameters` (size N): those that all begin with.
  WorkerModels(const Scenario& scenario, std::span<const float> parameters);
  ~WorkerModels() = default;

  /// Everything that the workers' own steps to come depend on.
  template <class Self, class Archive>
  static void visit_models(Self& workers, Archive& archive) {
    for (auto& model : workers.models_) archive(model);
    for (auto& optimizer : workers.optimizers_) Optimizer::visit_state(optimizer, archive);
  }

  std::vector<std::vector<float>> models_;  ///< by worker

 private:
  std::vector<Optimizer> optimizers_;  ///< by worker
};

}  // namespace simrun
