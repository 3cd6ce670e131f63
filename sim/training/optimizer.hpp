#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/primitives.hpp"
#include "sim/methods/local_steps.hpp"
#include "sim/scenario/training.hpp"

namespace simrun {

/// How a step follows from a gradient.
struct OptimizerRule {
  OptimizerChoice kind = {};
  double momentum = 0;      ///< of SGD: v = momentum v + d
  bool nesterov = false;    ///< of SGD: the step goes along momentum v + d in place of v
  double weight_decay = 0;  ///< of SGD: d = g + weight_decay theta; of others decoupled

  /// The method's, but for its momentum where that is of each worker's gradient before it is encoded.
  static OptimizerRule of(const MethodTraining& method);

  /// Without one, parameters become the mean: theta - d.
  static OptimizerRule of(const std::optional<OuterOptimizer>& outer);
};

/// Steps of an array of parameters, theta -= rate x direction.
///
/// SGD: d = g + decay theta, v = mu v + d; the direction is v, that of Nesterov's mu v + d (as PyTorch has them;
/// Sutskever et al., ICML 2013). AdamW (Loshchilov and Hutter, ICLR 2019, algorithm 2, with the rate before the decay
/// as PyTorch has it): m = b1 m + (1 - b1) g, s = b2 s + (1 - b2) g^2; in step t the direction is
/// m / (1 - b1^t) / (sqrt(s / (1 - b2^t)) + epsilon) + decay theta. SignSgd: the direction is sign(g) + decay theta.
class Optimizer {
 public:
  Optimizer(const OptimizerRule& rule, std::size_t elements, std::shared_ptr<const Primitives> primitives);

  /// All of the same size.
  void step(std::span<const float> gradient, float rate, std::span<float> parameters);

  /// What the steps to come depend on.
  template <class Self, class Archive>
  static void visit_state(Self& optimizer, Archive& archive) {
    archive(optimizer.steps_, optimizer.first_, optimizer.second_);
  }

 private:
  void step_sgd(std::span<const float> gradient, float rate, std::span<float> parameters);
  void step_by_signs(std::span<const float> gradient, float rate, std::span<float> parameters) const;
  void step_adamw(const AdamW& adamw, std::span<const float> gradient, float rate, std::span<float> parameters);

  OptimizerRule rule_;
  std::shared_ptr<const Primitives> primitives_;
  std::int64_t steps_ = 0;
  std::vector<float> first_;   ///< v of SGD with momentum, m of AdamW; else empty
  std::vector<float> second_;  ///< s of AdamW; else empty
};

}  // namespace simrun
