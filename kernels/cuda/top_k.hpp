#pragma once

#include "kernels/cuda/sweep.hpp"
#include "kernels/cuda/write_selected.hpp"

namespace simrun::cuda {

// Exact top-k of a large tensor, fused with the residual update of error feedback.
//
// Where few are kept, a sample tells a key that about k elements reach. One pass adds the gradient to the residual and
// collects what reaches it: 12 bytes an element. A count proves that all of the k largest were collected. If not, one
// pass counts the first digit of all keys and another collects what lies in the cutoff's bin or above, which is 8 bytes
// an element more.
//
// Where many are kept, collecting (8 bytes a candidate, written and read) costs as much as reading all elements again.
// One pass adds and counts the first digit, and every later kernel reads all elements.
//
// Without a gradient the passes only read x: 4 bytes an element instead of 12.

/// Sets the least key to collect: the lower end of the first digit's bin in which the sample's element lies. Reads a
/// sector of 32 bytes (of x and of the gradient) a sample.
struct GuessFloor {
  static constexpr const char* name = "guess_floor";
  static constexpr unsigned threads = 512;
  static constexpr unsigned residency = 2;
  struct Shared {
    std::uint32_t counts[first_digit_bins];
    Picked picked;
  };
  TopK job;
  std::uint64_t samples;
  std::uint64_t rank;
  Selection* selection;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    clear_counts(block, shared.counts, first_digit_bins);
    const std::uint64_t stride = job.size / samples;
    block.each_thread([&](unsigned t) {
      for (std::uint64_t j = block.global(t); j < samples; j += block.grid_threads()) {
        const std::uint64_t i = sampled(static_cast<std::uint32_t>(j), stride);
        const float value = job.gradient != nullptr ? job.x[i] + job.gradient[i] : job.x[i];
        block.add(&shared.counts[key_of(value) >> digit_shift(0)], 1U);
      }
    });
    add_counts(block, shared.counts, first_digit_bins, selection->sample_counts);
    if (!block.last_to_arrive(&selection->arrivals)) return;
    pick(
        block, first_digit_bins, rank, [&](unsigned bin) { return block.read_fresh(selection->sample_counts + bin); },
        shared.picked);
    block.once([&] {  // not above infinity, so that every non-finite value is collected
      selection->floor = smaller(shared.picked.bin << digit_shift(0), least_non_finite_key);
    });
  }

  /// Element number j of the sample, which is one in [j * stride, (j + 1) * stride).
  SIMRUN_DEVICE static std::uint64_t sampled(std::uint32_t j, std::uint64_t stride) {
    return j * stride + (std::uint64_t{scramble(j)} * stride >> 32);
  }

 private:
  /// Spreads j over all 32 bits, so that the sample does not beat with the shape of a tensor.
  SIMRUN_DEVICE static std::uint32_t scramble(std::uint32_t j) {
    j = (j ^ (j >> 16)) * 0x7FEB352DU;
    j = (j ^ (j >> 15)) * 0x846CA68BU;
    return j ^ (j >> 16);
  }
};

struct TopKWorkspace {
  SelectionWorkspace selection;
  Candidates candidates;

  static TopKWorkspace carve(Carver& carver, std::uint64_t size, std::uint64_t k) {
    const TopKPlan plan = plan_top_k(size, k);
    TopKWorkspace workspace;
    workspace.selection = SelectionWorkspace::carve(carver, plan.tiles, blocks_to_write(plan.tiles));
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

template <bool adds_gradient, class Machine>
void launch_sweeps(Machine& machine, const TopK& job, const TopKPlan& plan, const Candidates& into,
                   Selection* selection) {
  const auto blocks =
      static_cast<unsigned>(smaller<std::uint64_t>(plan.tiles, machine.resident_blocks(sweep_residency)));
  if (plan.capacity == 0) {
    machine.launch(blocks, Sweep<adds_gradient, Pass::count>{job, into, selection, false});
    return;
  }
  const auto sampling = static_cast<unsigned>(divide_up<std::uint64_t>(plan.samples, GuessFloor::threads));
  machine.launch(sampling, GuessFloor{job, plan.samples, plan.sample_rank, selection});
  machine.launch(blocks, Sweep<adds_gradient, Pass::both>{job, into, selection, false});
  machine.launch(blocks, Sweep<false, Pass::count>{job, into, selection, true});
  machine.launch(blocks, Sweep<false, Pass::collect>{job, into, selection, true});
}

/// Launches a selection. Results: `result` and, in the workspace, Selection::selected and Selection::non_finite.
template <class Machine>
void launch_top_k(Machine& machine, const TopK& job, const TopKWorkspace& workspace, const Selected& result) {
  const TopKPlan plan = plan_top_k(job.size, job.k);
  Candidates candidates = workspace.candidates;
  candidates.all = job.x;
  candidates.size = job.size;
  candidates.all_tile = sweep_tile;
  Selection* const selection = workspace.selection.selection;
  machine.clear(selection, sizeof(Selection));
  if (job.gradient != nullptr) {
    launch_sweeps<true>(machine, job, plan, candidates, selection);
  } else {
    launch_sweeps<false>(machine, job, plan, candidates, selection);
  }
  finish_selection(machine, candidates, workspace.selection, job.k, result);
}

}  // namespace simrun::cuda
