#include "sim/scenario/compute_text.hpp"

#include <cmath>
#include <limits>
#include <set>

namespace simrun {
namespace {

/// Compute as it stands in the file.
struct ComputeText {
  Seconds forward;
  std::optional<Seconds> backward;
  std::vector<Seconds> backward_by_tensor;
  Seconds update;
  std::optional<double> jitter;
  std::optional<std::int64_t> jitter_seed;
  std::vector<Straggler> stragglers;
  std::optional<MeasuredOn> measured_on;
};

/// The whole backward pass.
Seconds backward_of(const ComputeText& text, const Where& where) {
  if (text.backward_by_tensor.empty()) {
    if (!text.backward) (where / "backward").fail("is missing", "backward or backward_by_tensor is required");
    return *text.backward;
  }
  Seconds sum;
  for (const Seconds time : text.backward_by_tensor) sum += time;
  if (text.backward && std::abs(sum.value - text.backward->value) > 1e-6 * sum.value)
    (where / "backward_by_tensor")
        .fail("the times sum to " + show(sum) + ", backward says " + show(*text.backward),
              "accepted: equal, or only one of them");
  return sum;
}

Pace pace_of(const ComputeText& text, const Where& where) {
  Pace pace;
  pace.jitter = text.jitter.value_or(0);
  if (text.jitter_seed && !text.jitter)
    (where / "jitter_seed").fail("does not go without jitter", "give jitter, or leave it out");
  pace.seed = text.jitter_seed.value_or(pace.seed);
  pace.stragglers = text.stragglers;
  std::set<std::int64_t> named;
  for (std::size_t i = 0; i < pace.stragglers.size(); ++i) {
    const std::int64_t worker = pace.stragglers[i].worker;
    if (!named.insert(worker).second)
      (where / "stragglers" / i / "worker")
          .fail("worker " + std::to_string(worker) + " is there twice", "accepted: each worker once");
  }
  return pace;
}

Compute compute_of(const ComputeText& text, const Where& where) {
  return {.forward = text.forward,
          .backward = backward_of(text, where),
          .backward_by_tensor = text.backward_by_tensor,
          .update = text.update,
          .pace = pace_of(text, where),
          .measured_on = text.measured_on};
}

Field<Straggler> straggler_field() {
  return Object<Straggler>()
      .required("worker", &Straggler::worker, whole(0, 65535), "the worker's rank, from 0")
      .required("factor", &Straggler::factor, number({0, 1e6, true}), "how many times as long it computes")
      .field();
}

Field<MeasuredOn> measured_on_field() {
  return Object<MeasuredOn>()
      .required("kind", &MeasuredOn::kind,
                choice<MeasuredOn::Kind>({{"cpu", MeasuredOn::Kind::cpu}, {"gpu", MeasuredOn::Kind::gpu}}), "of device")
      .optional("name", &MeasuredOn::name, text(), "of the device")
      .field();
}

}  // namespace

Field<Compute> compute_field() {
  return convert(
      Object<ComputeText>()
          .required("forward", &ComputeText::forward, duration(), "time of the forward pass")
          .optional("backward", &ComputeText::backward, duration(), "time of the backward pass")
          .optional("backward_by_tensor", &ComputeText::backward_by_tensor, list_of(duration()),
                    "times of the backward pass, one a tensor in forward order; else shared out by size")
          .with_default("update", "0 s", &ComputeText::update, duration(), "time of the optimiser's step")
          .optional("jitter", &ComputeText::jitter, usually(number({0, 10}), 0),
                    "standard deviation of a worker's computing from iteration to iteration, over its mean; log-normal")
          .optional("jitter_seed", &ComputeText::jitter_seed,
                    usually(whole(0, std::numeric_limits<std::int64_t>::max()), 1), "seed of the jitter")
          .optional("stragglers", &ComputeText::stragglers, list_of(straggler_field()),
                    "workers that always compute longer than the others")
          .optional("measured_on", &ComputeText::measured_on, measured_on_field(),
                    "what these times were taken on; it moves no result")
          .field(),
      compute_of);
}

void check_compute(const Compute& compute, const Model& model, std::int64_t workers, const Where& where) {
  const std::size_t times = compute.backward_by_tensor.size();
  if (times != 0 && times != model.tensors.size())
    (where / "backward_by_tensor")
        .fail(std::to_string(times) + " times", "accepted: one a tensor, here " + std::to_string(model.tensors.size()));
  for (std::size_t i = 0; i < compute.pace.stragglers.size(); ++i) {
    const std::int64_t worker = compute.pace.stragglers[i].worker;
    if (worker >= workers)
      (where / "stragglers" / i / "worker")
          .fail("there is no worker " + std::to_string(worker), "accepted: 0 to " + std::to_string(workers - 1));
  }
}

}  // namespace simrun
