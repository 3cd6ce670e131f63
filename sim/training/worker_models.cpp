#include "sim/training/worker_models.hpp"

#include "kernels/finite.hpp"

namespace simrun {

WorkerModels::WorkerModels(const Scenario& scenario, std::span<const float> parameters)
    : models_(static_cast<std::size_t>(scenario.workers), {parameters.begin(), parameters.end()}),
      optimizers_(models_.size(),
                  {OptimizerRule::of(scenario.training->method), parameters.size(), make_cpu_primitives(1)}) {}

void WorkerModels::step(std::size_t worker, std::span<const float> gradient, float rate) {
  check_finite(gradient);
  optimizers_[worker].step(gradient, rate, models_[worker]);
}

}  // namespace simrun
