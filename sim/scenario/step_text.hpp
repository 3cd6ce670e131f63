#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/scenario/training.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// Rounds that a training has at most.
constexpr std::int64_t most_rounds = 1'000'000;

/// Of 1 nothing would ever be forgotten.
constexpr double most_momentum = 0.999999;

/// The optimiser's step as it stands in the file.
struct StepText {
  std::optional<std::vector<double>> learning_rate;
  std::optional<decltype(LearningRate::schedule)> schedule;
  std::optional<OptimizerChoice> optimizer;
  std::optional<double> momentum;
  std::optional<Momentum::Place> momentum_at;
  std::optional<double> weight_decay;
};

/// One step size, or a list of them to choose from.
Field<std::vector<double>> step_sizes_field();

Field<decltype(LearningRate::schedule)> step_schedule_field();
Field<OptimizerChoice> optimizer_field();

/// The fields that a scenario and its methods share.
template <class Text>
Object<Text>& add_step_fields(Object<Text>& object) {
  const MethodTraining usual;
  return object
      .optional("learning_rate", &StepText::learning_rate,
                usually(step_sizes_field(), usual.learning_rate.sizes.front()),
                "size of a step; of a vote, per entry; a list: the best of them on validation data")
      .optional("learning_rate_schedule", &StepText::schedule, usually(step_schedule_field(), "constant"),
                "how the learning rate changes: constant, cosine, or steps")
      .optional("optimizer", &StepText::optimizer, usually(optimizer_field(), "sgd"),
                "what makes a step of what the workers agree on, or of each worker's gradient with local_steps")
      .optional("momentum", &StepText::momentum, usually(number({0, most_momentum}), usual.momentum.factor),
                "mu in v = mu v + g")
      .optional("momentum_at", &StepText::momentum_at,
                usually(choice<Momentum::Place>(
                            {{"worker", Momentum::Place::worker}, {"aggregate", Momentum::Place::aggregate}}),
                        "aggregate"),
                "worker: of each worker's gradient before it is compressed; aggregate: of what the workers agree on")
      .optional("weight_decay", &StepText::weight_decay, usually(number({0, 1e6}), usual.weight_decay),
                "times the parameters, added to what an optimizer gets; of adamw and sign to the step");
}

/// What is given replaces what the method has.
void take_step(const StepText& text, MethodTraining& method);

template <class T, class U>
void take(const std::optional<T>& value, U& to) {
  if (value) to = *value;
}

}  // namespace simrun
