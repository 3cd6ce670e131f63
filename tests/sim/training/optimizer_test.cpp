// Steps of optimisers against numbers that were worked out by hand, and laws.

#include "sim/training/optimizer.hpp"

#include <catch2/catch.hpp>
#include <cmath>

namespace simrun {
namespace {

using Steps = std::vector<std::vector<float>>;

/// Parameters 1, -2 and 0.5 after a step of each gradient.
std::vector<float> stepped(const OptimizerRule& rule, float rate, const Steps& gradients) {
  Optimizer optimizer(rule, 3, make_cpu_primitives(1));
  std::vector<float> parameters = {1, -2, 0.5F};
  for (const auto& gradient : gradients) optimizer.step(gradient, rate, parameters);
  return parameters;
}

const Steps two_gradients = {{1, -3, 0.25F}, {-2, 1, 0.25F}};

}  // namespace

TEST_CASE("optimizers: SGD, its momentum and Nesterov's") {
  using Values = std::vector<float>;
  CHECK(stepped({}, 0.5F, two_gradients) == Values{1.5F, -1, 0.25F});
  // d = g + theta/2: 1.5, -4, 0.5, then from 0.25, 0, 0.25: -1.875, 1, 0.375.
  CHECK(stepped({.weight_decay = 0.5}, 0.5F, two_gradients) == Values{1.1875F, -0.5F, 0.0625F});
  // v = g, then v/2 + g: -1.5, -0.5, 0.375.
  CHECK(stepped({.momentum = 0.5}, 0.5F, two_gradients) == Values{1.25F, -0.25F, 0.1875F});
  // Along v/2 + g: 1.5, -4.5, 0.375, then -2.75, 0.75, 0.4375.
  CHECK(stepped({.momentum = 0.5, .nesterov = true}, 0.5F, two_gradients) == Values{1.625F, -0.125F, 0.09375F});
}

TEST_CASE("optimizers: steps by signs, which see no momentum and of a zero no step") {
  using Values = std::vector<float>;
  const Steps gradients = {{1e-30F, -3, 0}, {-2, -1e30F, 0.25F}};
  CHECK(stepped({.kind = SignSgd{}}, 0.5F, {gradients.front()}) == Values{0.5F, -1.5F, 0.5F});
  CHECK(stepped({.kind = SignSgd{}, .momentum = 0.9}, 0.5F, gradients) == Values{1, -1, 0});
  // 1 - (1 + 1/2) / 2, -2 - (-1 - 1) / 2, 0.5 - 0.25 / 2.
  CHECK(stepped({.kind = SignSgd{}, .weight_decay = 0.5}, 0.5F, {gradients.front()}) == Values{0.25F, -1, 0.375F});
}

TEST_CASE("optimizers: AdamW") {
  const AdamW adamw{.beta1 = 0.8, .beta2 = 0.9, .epsilon = 0.01};
  // In the first step m and s over their weights are g and g^2: 1 - 0.1 (1 / 1.01 + 1/2), and so on.
  const std::vector<float> first = stepped({.kind = adamw, .weight_decay = 0.5}, 0.1F, {two_gradients.front()});
  CHECK(first[0] == Approx(1 - 0.1 * (1 / 1.01 + 0.5)));
  CHECK(first[1] == Approx(-2 + 0.1 * (3 / 3.01 + 1)));
  CHECK(first[2] == Approx(0.5 - 0.1 * (0.25 / 0.26 + 0.25)));
  // In the second of the first parameter m = 0.16 - 0.4 over 0.36, s = 0.09 + 0.4 over 0.19. The others as PyTorch has
  // them.
  const std::vector<float> second = stepped({.kind = adamw, .weight_decay = 0.5}, 0.1F, two_gradients);
  CHECK(second[0] == Approx(first[0] - 0.1 * (-0.24 / 0.36 / (std::sqrt(0.49 / 0.19) + 0.01) + 0.5 * first[0])));
  CHECK(second[1] == Approx(-1.674937743));
  CHECK(second[2] == Approx(0.26375));
}

TEST_CASE("optimizers: AdamW does not see how large gradients are") {
  Steps large = two_gradients;
  for (auto& gradient : large) {
    for (float& value : gradient) value *= 1024;
  }
  const OptimizerRule rule{.kind = AdamW{}};
  const std::vector<float> small_steps = stepped(rule, 0.1F, two_gradients);
  const std::vector<float> large_steps = stepped(rule, 0.1F, large);
  for (std::size_t i = 0; i < 3; ++i) CHECK(large_steps[i] == Approx(small_steps[i]).epsilon(1e-6));
}

TEST_CASE("optimizers: without an outer one parameters become the mean") {
  const OptimizerRule rule = OptimizerRule::of(std::optional<OuterOptimizer>());
  CHECK(stepped(rule, 1, {{0.5F, -3, 0.25F}}) == std::vector<float>{0.5F, 1, 0.25F});
}

}  // namespace simrun
