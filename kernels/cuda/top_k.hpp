#pragma once

#include "kernels/cuda/floor.hpp"
#include "kernels/cuda/select_candidates.hpp"
#include "kernels/cuda/sweep.hpp"

namespace simrun::cuda {

// Exact top-k of a large tensor, fused with the residual update of error feedback: one kernel.
//
// Where few are kept, a key is guessed that about 2 k elements reach (floor.hpp). One pass adds the gradient to the
// residual and collects what reaches it: 12 bytes an element. A count proves that all of the k largest were collected.
// If not, one pass counts the first digit of all keys and another collects what lies in the cutoff's bin or above,
// which is 8 bytes an element more. These two are steps that are skipped as a rule, and so is the sample of the first
// run.
//
// Where many are kept, collecting (8 bytes a candidate, written and read) costs as much as reading all elements again.
// One pass adds and counts the first digit, and every later step reads all elements.
//
// Without a gradient the passes only read x: 4 bytes an element instead of 12. Gradients of fp16 and bf16 are half as
// large: 10 bytes.

/// Steps: the sample, the pass, counting all, collecting again, the second and the third digit, counting and writing
/// what is selected. As a rule five are run.
template <class Gradient>
struct SelectTopK {
  static constexpr const char* name = "select_top_k";
  static constexpr unsigned threads = selecting_threads;
  static constexpr unsigned residency = 4;
  static constexpr unsigned steps = 8;
  using Shared = SelectionShared;
  TopK<Gradient> job;
  TopKPlan plan;
  SelectCandidates last;

  SIMRUN_DEVICE bool needs(unsigned step) const {
    if (step == 0) return collects() && last.selection->floor.margin == 0;
    return step == 2 || step == 3 ? tried_in_vain() : true;
  }

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared, unsigned step) const {
    Tallies& tallies = last.selection->tallies;
    switch (step) {
      case 0:
        return count_sample(block, shared.counts, job, plan.samples, tallies.sampled);
      case 1:
        return add_and_collect(block, shared);
      case 2:
        return pass_again(block, shared, {0, tallies.again.counts, nullptr});
      case 3: {
        const Cutoff cutoff = last.find_digit(block, shared, tallies.again, 0);
        return pass_again(block, shared, {floor_at(cutoff.key), nullptr, &tallies.again.collected});
      }
      case 4:
      case 5:
        return last.count_digit(block, shared, tried(), step - 3);
      case 6:
        return count(block, shared);
      default:
        return last.write(block);
    }
  }

 private:
  SIMRUN_DEVICE bool collects() const { return plan.capacity > 0; }

  /// Not all of the k largest are among the first candidates. Known once the pass is done.
  SIMRUN_DEVICE bool tried_in_vain() const { return collects() && last.selection->tallies.first.collected < job.k; }

  SIMRUN_DEVICE const Tried& tried() const {
    return tried_in_vain() ? last.selection->tallies.again : last.selection->tallies.first;
  }

  template <class Block>
  SIMRUN_DEVICE void add_and_collect(Block& block, Shared& shared) const {
    Selection& selection = *last.selection;
    Tried& tried = selection.tallies.first;
    Pass pass{0, tried.counts, nullptr};
    if (collects()) {
      pass.collected = &tried.collected;
      pass.floor = selection.floor.margin != 0
                       ? selection.floor.key
                       : sampled_floor(block, selection.tallies.sampled, plan.sample_rank, shared.picked);
    }
    Sweep<Gradient>{job, last.from, &selection.tallies.non_finite, pass}.run(block, shared);
  }

  template <class Block>
  SIMRUN_DEVICE void pass_again(Block& block, Shared& shared, const Pass& pass) const {
    const TopK<NoGradient> sums{nullptr, job.x, job.size, job.k};
    Sweep<NoGradient>{sums, last.from, &last.selection->tallies.non_finite, pass}.run(block, shared);
  }

  /// Counts what is selected, and sets the floor of the next run.
  template <class Block>
  SIMRUN_DEVICE void count(Block& block, Shared& shared) const {
    last.count(block, shared, tried());
    block.once([&] {
      if (block.number() != 0) return;
      Selection& selection = *last.selection;
      const std::uint64_t collected = selection.tallies.first.collected;
      selection.floor = next_floor(selection.floor, selection.found[digits - 1].key, collected, plan);
    });
  }
};

struct TopKWorkspace {
  SelectionWorkspace selection;
  Candidates candidates;

  static TopKWorkspace carve(Carver& carver, std::uint64_t size, std::uint64_t k) {
    const TopKPlan plan = plan_top_k(size, k);
    TopKWorkspace workspace{};
    workspace.selection = SelectionWorkspace::carve(carver, plan.tiles);
    workspace.candidates.segments = carver.take<Segment>(plan.tiles);
    workspace.candidates.tiles = plan.tiles;
    workspace.candidates.indices = carver.take<std::uint32_t>(plan.capacity);
    workspace.candidates.values = carver.take<float>(plan.capacity);
    workspace.candidates.capacity = plan.capacity;
    return workspace;
  }

  static std::size_t bytes(std::uint64_t size, std::uint64_t k) {
    Carver carver;
    carve(carver, size, k);
    return carver.used();
  }
};

/// Launches a selection: one kernel. Gradient is float, Half or BFloat16. Results: `result` and, in the workspace,
/// Selection::outcome. The workspace was prepared once (SelectionWorkspace::prepare) and serves any number of
/// selections of this size and k, one after another.
template <class Machine, class Gradient>
void launch_top_k(Machine& machine, const TopK<Gradient>& job, const TopKWorkspace& workspace, const Selected& result) {
  const TopKPlan plan = plan_top_k(job.size, job.k);
  SelectCandidates last{workspace.candidates, workspace.selection.selection, workspace.selection.places, job.k, result};
  last.from.all = job.x;
  last.from.size = job.size;
  last.from.all_tile = sweep_tile;
  if (job.gradient != nullptr) {
    using Kernel = SelectTopK<Gradient>;
    machine.launch(blocks_to_select<Kernel>(machine, plan.tiles), Kernel{job, plan, last});
  } else {
    using Kernel = SelectTopK<NoGradient>;
    const TopK<NoGradient> sums{nullptr, job.x, job.size, job.k};
    machine.launch(blocks_to_select<Kernel>(machine, plan.tiles), Kernel{sums, plan, last});
  }
}

}  // namespace simrun::cuda
