#pragma once

#include <cmath>

#include "kernels/cuda/codec_operations.hpp"
#include "kernels/cuda/threshold.hpp"
#include "kernels/sampled_threshold.hpp"

namespace simrun::cuda {

/// The k largest of an array of a machine, to which a gradient is added first if there is one.
template <class Machine>
class ArrayTopK {
 public:
  ArrayTopK(Machine& machine, const float* gradient, float* x, std::size_t size, std::size_t k)
      : machine_(machine),
        job_{gradient, x, size, k},
        indices_(k),
        values_(k),
        memory_([=](Carver& carver) { return TopKWorkspace::carve(carver, size, k); }),
        small_job_(1),
        small_outcome_(1) {
    if (size > small_tensor) {
      memory_.layout().selection.prepare(machine_);
    } else {
      const SmallTopK<float> job{.gradient = gradient,
                                 .x = x,
                                 .size = static_cast<std::uint32_t>(size),
                                 .k = static_cast<std::uint32_t>(k),
                                 .indices = indices_.data(),
                                 .values = values_.data(),
                                 .cleared = nullptr,
                                 .keep_zeros = true,
                                 .signs = nullptr};
      machine_.upload(small_job_.data(), std::span<const SmallTopK<float>>(&job, 1));
    }
  }

  void run() {
    if (job_.size <= small_tensor) {
      machine_.launch(1, SelectSmall<float>{{}, small_job_.data(), small_outcome_.data()});
    } else {
      launch_top_k(machine_, job_, memory_.layout(), {indices_.data(), values_.data(), nullptr, true, nullptr});
    }
  }

  std::uint32_t k() const { return static_cast<std::uint32_t>(job_.k); }
  const std::uint32_t* indices() const { return indices_.data(); }
  const float* values() const { return values_.data(); }

 private:
  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  Machine& machine_;
  TopK<float> job_;
  Buffer<std::uint32_t> indices_;
  Buffer<float> values_;
  WorkspaceOf<Machine, std::function<TopKWorkspace(Carver&)>> memory_;
  Buffer<SmallTopK<float>> small_job_;
  Buffer<Outcome> small_outcome_;
};

/// What KeepAbove has kept, and what is left.
template <class Machine, class Count, class Indices, class Values>
OperationResult kept_result(Machine& machine, std::size_t elements, const Count& kept, const Indices& indices,
                            const Values& values, const Restored<Machine>& residual) {
  const std::uint64_t count = downloaded(machine, kept.data(), 1).front();
  const auto places = downloaded(machine, indices.data(), count);
  const auto sent = downloaded(machine, values.data(), count);
  return {.bytes = bytes_of(make_pairs(IndexCoding::raw32, elements, {places, sent})), .values = residual.values()};
}

/// Momentum, residual, a threshold by a sample, and what lies above it taken out of both.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_sampled_pairs(Machine& machine, const OperationCase& work) {
  const SampledThreshold plan(work.elements, work.entries, work.seed);
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto velocity = restored(machine, work.velocity);
  const auto residual = restored(machine, work.residual);
  const auto sample = shared_array<float>(machine, plan.sample_size);
  const auto of_sample =
      std::make_shared<ArrayTopK<Machine>>(machine, nullptr, sample->data(), plan.sample_size, plan.sample_kept);
  const std::size_t candidates = std::min<std::size_t>(plan.most + 1, work.elements);
  const auto of_all =
      std::make_shared<ArrayTopK<Machine>>(machine, velocity->data(), residual->data(), work.elements, candidates);
  const auto indices = shared_array<std::uint32_t>(machine, plan.most);
  const auto values = shared_array<float>(machine, plan.most);
  const auto kept = shared_zero<std::uint64_t>(machine);
  const KeptBounds bounds{plan.least, plan.most, static_cast<float>(SampledThreshold::too_many),
                          static_cast<float>(SampledThreshold::too_few), SampledThreshold::most_corrections};
  const auto run = [=, &machine, weight = work.momentum] {
    launch_accumulate(machine, gradient->data(), weight, velocity->data(), velocity->size());
    machine.launch(
        blocks_to_stream<TakeSample>(machine, plan.sample_size),
        TakeSample{velocity->data(), residual->data(), plan.first, plan.stride, plan.sample_size, sample->data()});
    of_sample->run();
    of_all->run();
    machine.launch(1, KeepAbove{{},
                                of_sample->values(),
                                of_sample->k(),
                                of_all->indices(),
                                of_all->values(),
                                of_all->k(),
                                bounds,
                                residual->data(),
                                velocity->data(),
                                indices->data(),
                                values->data(),
                                kept->data()});
  };
  const auto result = [=, &machine, n = work.elements] {
    OperationResult both = kept_result(machine, n, *kept, *indices, *values, *residual);
    const std::vector<float> momentum = velocity->values();
    both.values.insert(both.values.end(), momentum.begin(), momentum.end());
    return both;
  };
  return operation_of(run, result, [=] {
    residual->reset();
    velocity->reset();
  });
}

/// Residual, a threshold that is fitted in as many passes as there are stages, and what lies above it taken out.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_fitted_pairs(Machine& machine, const OperationCase& work) {
  const FittedThreshold plan(work.elements, work.entries);
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto sums = shared_array<double>(machine, NextThreshold::sums * sums_of(work.elements));
  const auto state = shared_zero<ScaleState>(machine);
  const std::vector<float> zeros(plan.stages + 1);
  const auto thresholds = shared_copy(machine, std::span(zeros));
  const std::size_t candidates = std::min<std::size_t>(plan.most + 1, work.elements);
  const auto of_all =
      std::make_shared<ArrayTopK<Machine>>(machine, nullptr, residual->data(), work.elements, candidates);
  const auto indices = shared_array<std::uint32_t>(machine, plan.most);
  const auto values = shared_array<float>(machine, plan.most);
  const auto kept = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements] {
    float* const first = thresholds->data();
    for (unsigned stage = 0; stage < plan.stages; ++stage) {
      const NextThreshold next{first + stage, plan.factor(stage), first + stage + 1};
      if (stage == 0) {
        launch_find_scales(machine, CorrectedElements<Gradient>{gradient->data(), residual->data()}, n, next,
                           sums->data(), state->data());
      } else {
        launch_find_scales(machine, GivenElements<float>{residual->data()}, n, next, sums->data(), state->data());
      }
    }
    of_all->run();
    machine.launch(1, KeepAbove{{},
                                first + plan.stages,
                                1,
                                of_all->indices(),
                                of_all->values(),
                                of_all->k(),
                                {plan.least, plan.most, 1.0F, 1.0F, 0},
                                residual->data(),
                                residual->data(),
                                indices->data(),
                                values->data(),
                                kept->data()});
  };
  const auto result = [=, &machine, n = work.elements] {
    return kept_result(machine, n, *kept, *indices, *values, *residual);
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

}  // namespace simrun::cuda
