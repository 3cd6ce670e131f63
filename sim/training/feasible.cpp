#include "sim/training/feasible.hpp"

#include <algorithm>

#include "sim/system/processor.hpp"
#include "sim/text/error.hpp"
#include "sim/text/units.hpp"
#include "sim/training/adversary.hpp"
#include "sim/training/split.hpp"

namespace simrun {
namespace {

/// What an optimiser keeps of each parameter.
int states_of(const MethodTraining& method) {
  if (std::holds_alternative<AdamW>(method.optimizer)) return 2;
  if (std::holds_alternative<SignSgd>(method.optimizer)) return 0;
  return method.momentum.factor > 0 && method.momentum.place == Momentum::Place::aggregate ? 1 : 0;
}

/// What a run has at least of vectors as long as the model: parameters, what the workers agreed on, a gradient a
/// thread; for each worker its residual, its momentum, a payload that is not compressed, a model of its own, and what
/// that was as it sent.
Bytes least_memory(const Scenario& scenario, unsigned threads) {
  const MethodTraining& method = scenario.training->method;
  const LocalSteps& local = scenario.method.local;
  const CodecEntry& codec = *scenario.method.codec;
  const bool dense = codec.stands_alone && codec.make({}, nullptr)->combining() == Combining::sum;
  const bool encodes_again =
      scenario.method.method->rounds_with(scenario.method.options).size() > 1 && !scenario.method.error_feedback;
  const bool momentum = method.momentum.factor > 0 && method.momentum.place == Momentum::Place::worker;
  double a_worker = (scenario.method.error_feedback ? 1 : 0) + (momentum ? 1 : 0);
  if (dense || encodes_again || local.full_every > 0) a_worker += 1.0 / static_cast<double>(local.fragments);
  if (local.is_local()) a_worker += 1 + states_of(method);
  if (local.keeps_steps) ++a_worker;
  return Bytes(4.0 * static_cast<double>(scenario.elements()) *
               (2.0 + threads + a_worker * static_cast<double>(scenario.workers)));
}

}  // namespace

void check_memory(const Study& study, unsigned threads) {
  Bytes most;
  for (const Point& point : study.points) most = std::max(most, least_memory(point.scenario, threads));
  const Bytes available = available_memory();
  if (available.value > 0 && most > available)
    Where{study.file, "model"}.fail("training it takes at least " + show(most) + " of memory",
                                    "accepted: what fits, this machine has " + show(available) + " free");
}

void check_batch(const Scenario& scenario, const Dataset& data) {
  const std::size_t held_out = count_held_out(data.train.size(), scenario.training->validation_share);
  const auto samples = static_cast<std::int64_t>(data.train.size() - held_out);
  if (scenario.batch_per_worker > samples)
    Where{scenario.file, "batch_per_worker"}.fail(
        std::to_string(scenario.batch_per_worker) + " samples of " + std::to_string(samples) + " to train on",
        "accepted: at most " + std::to_string(samples));
}

void check_rounds(const Scenario& scenario) {
  const std::int64_t steps = scenario.method.local.steps;
  if (scenario.training->rounds < steps)
    Where{scenario.file, "training.rounds"}.fail(std::to_string(scenario.training->rounds) + " rounds, and it takes " +
                                                     std::to_string(steps) + " to exchange all of the model",
                                                 "accepted: at least local_steps");
}

void check_adversaries(const Scenario& scenario) {
  const Adversaries& adversaries = scenario.training->adversaries;
  if (adversaries.share == 0 || count_adversaries(adversaries, static_cast<std::size_t>(scenario.workers)) > 0) return;
  Where{scenario.file, "training.adversaries.share"}.fail(
      show(adversaries.share) + " of " + std::to_string(scenario.workers) + " workers is none of them",
      "accepted: 0, or what makes one at least");
}

}  // namespace simrun
