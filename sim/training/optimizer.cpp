#include "sim/training/optimizer.hpp"

#include <cmath>

namespace simrun {

OptimizerRule OptimizerRule::of(const MethodTraining& method) {
  const bool of_step = method.momentum.place == Momentum::Place::aggregate;
  return {
      .kind = method.optimizer, .momentum = of_step ? method.momentum.factor : 0, .weight_decay = method.weight_decay};
}

OptimizerRule OptimizerRule::of(const std::optional<OuterOptimizer>& outer) {
  if (!outer) return {};
  return {.momentum = outer->momentum, .nesterov = outer->kind == OuterOptimizer::Kind::nesterov};
}

Optimizer::Optimizer(const OptimizerRule& rule, std::size_t elements, std::shared_ptr<const Primitives> primitives)
    : rule_(rule), primitives_(std::move(primitives)) {
  const bool adaptive = std::holds_alternative<AdamW>(rule.kind);
  const bool has_momentum = std::holds_alternative<Sgd>(rule.kind) && rule.momentum != 0;
  if (adaptive || has_momentum) first_.resize(elements);
  if (adaptive) second_.resize(elements);
}

void Optimizer::step(std::span<const float> gradient, float rate, std::span<float> parameters) {
  ++steps_;
  if (const auto* adamw = std::get_if<AdamW>(&rule_.kind)) return step_adamw(*adamw, gradient, rate, parameters);
  if (std::holds_alternative<SignSgd>(rule_.kind)) return step_by_signs(gradient, rate, parameters);
  step_sgd(gradient, rate, parameters);
}

void Optimizer::step_sgd(std::span<const float> gradient, float rate, std::span<float> parameters) {
  const auto decay = static_cast<float>(rule_.weight_decay);
  const auto momentum = static_cast<float>(rule_.momentum);
  std::vector<float> direction(gradient.begin(), gradient.end());
  for (std::size_t i = 0; i < direction.size(); ++i) direction[i] += decay * parameters[i];
  if (!first_.empty()) {
    primitives_->accumulate(direction, momentum, first_);
    if (rule_.nesterov) {
      for (std::size_t i = 0; i < direction.size(); ++i) direction[i] += momentum * first_[i];
    } else {
      direction = first_;
    }
  }
  for (std::size_t i = 0; i < direction.size(); ++i) parameters[i] -= rate * direction[i];
}

void Optimizer::step_by_signs(std::span<const float> gradient, float rate, std::span<float> parameters) const {
  const auto decay = static_cast<float>(rule_.weight_decay);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const float sign = gradient[i] > 0 ? 1.0F : gradient[i] < 0 ? -1.0F : 0.0F;
    parameters[i] -= rate * (sign + decay * parameters[i]);
  }
}

void Optimizer::step_adamw(const AdamW& adamw, std::span<const float> gradient, float rate,
                           std::span<float> parameters) {
  const auto steps = static_cast<double>(steps_);
  const auto beta1 = static_cast<float>(adamw.beta1);
  const auto beta2 = static_cast<float>(adamw.beta2);
  const auto rest1 = static_cast<float>(1 - adamw.beta1);
  const auto rest2 = static_cast<float>(1 - adamw.beta2);
  const auto unbiased1 = static_cast<float>(1 - std::pow(adamw.beta1, steps));
  const auto unbiased2 = static_cast<float>(1 - std::pow(adamw.beta2, steps));
  const auto epsilon = static_cast<float>(adamw.epsilon);
  const auto decay = static_cast<float>(rule_.weight_decay);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    first_[i] = beta1 * first_[i] + rest1 * gradient[i];
    second_[i] = beta2 * second_[i] + rest2 * gradient[i] * gradient[i];
    const float direction = first_[i] / unbiased1 / (std::sqrt(second_[i] / unbiased2) + epsilon);
    parameters[i] -= rate * (direction + decay * parameters[i]);
  }
}

}  // namespace simrun
