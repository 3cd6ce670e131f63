#pragma once

#include <cmath>

#include "kernels/cuda/write_selected.hpp"

namespace simrun::cuda {

// Exact top-k of a large tensor, fused with the residual update of error feedback.
//
//   with a guess (few are kept): a sample tells a key that about k elements reach; one pass adds the gradient to the
//     residual and collects what reaches it. 12 bytes an element. A count proves that all of the k largest were
//     collected; if not, the two passes below follow, 8 bytes an element more.
//   without: one pass adds and counts the first digit of all keys, a second collects what lies in the cutoff's bin or
//     above. 16 bytes an element. Where so many are kept that collecting saves nothing, every later kernel reads all
//     elements instead.
//
// Without a gradient the passes only read x: 4 bytes an element instead of 12.

/// x += gradient, and the k largest of x.
struct TopK {
  const float* gradient;  ///< null: x stays as it is. At a multiple of 16 bytes, like x
  float* x;
  std::uint64_t size;  ///< 0 < size <= 2^32
  std::uint64_t k;     ///< 0 < k <= size
};

/// How it is done; a function of (size, k) alone.
struct TopKPlan {
  bool guess;
  std::uint64_t samples;
  std::uint64_t sample_rank;  ///< this element of the sample, counted from the top, is the guess
  std::uint64_t capacity;     ///< candidates that may be collected
  std::uint64_t tiles;
};

inline constexpr unsigned sweep_threads = 256;
inline constexpr unsigned sweep_residency = 4;
inline constexpr unsigned quads_a_thread = 4;
inline constexpr std::uint64_t sweep_tile = std::uint64_t{sweep_threads} * quads_a_thread * 4;

/// Of the k largest, a sample of one element in `stride` holds m = k / stride with a standard deviation of about
/// sqrt(m); its (m + 4 sqrt(m) + 4)-th largest lies below the k-th largest of all with near certainty.
inline TopKPlan plan_top_k(std::uint64_t size, std::uint64_t k) {
  constexpr std::uint64_t most_samples = 131072;
  constexpr std::uint64_t least_stride = 16;
  TopKPlan plan{};
  plan.tiles = divide_up(size, sweep_tile);
  // Beyond an eighth, collecting (8 bytes a candidate, written and read) costs as much as reading all elements again.
  if (k <= size / 8) plan.capacity = smaller(size, 4 * k + 65536);
  plan.samples = smaller(most_samples, size / least_stride);
  const double expected = static_cast<double>(k) * static_cast<double>(plan.samples) / static_cast<double>(size);
  plan.sample_rank = static_cast<std::uint64_t>(expected + 4 * std::sqrt(expected) + 4);
  plan.guess = plan.capacity > 0 && plan.sample_rank <= plan.samples / 4;
  return plan;
}

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

/// What a pass over all elements does.
enum class Pass {
  count,    ///< counts the first digit of all keys and picks it
  collect,  ///< collects what reaches the floor
  both,     ///< collects, and counts the first digit of what it collects
};

/// A pass over all elements. Reads 4 bytes an element; with a gradient reads 8 and writes 4. Writes 8 bytes for each
/// element that it collects.
template <bool adds_gradient, Pass pass>
struct Sweep {
  static constexpr const char* name = adds_gradient           ? pass == Pass::count ? "add_count" : "add_collect"
                                      : pass == Pass::count   ? "count"
                                      : pass == Pass::collect ? "collect"
                                                              : "count_collect";
  static constexpr unsigned threads = sweep_threads;
  static constexpr unsigned residency = sweep_residency;
  static constexpr bool counts = pass != Pass::collect;
  static constexpr bool collects = pass != Pass::count;
  struct Shared {
    std::uint32_t counts[first_digit_bins];
    Picked picked;
    std::uint64_t begin;
  };
  TopK job;
  Candidates into;
  Selection* selection;
  bool after_failed_guess;  ///< does nothing where the guess was right

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    if (after_failed_guess && selection->guess_failed == 0) return;
    const std::uint32_t floor = collects ? selection->floor : 0;
    if constexpr (counts) clear_counts(block, shared.counts, first_digit_bins);
    for (std::uint64_t turn = block.number(); turn < into.tiles; turn += block.count()) {
      // A pass that follows another one begins where that ended, with what the cache still holds.
      const std::uint64_t tile = pass == Pass::collect ? into.tiles - 1 - turn : turn;
      sweep_tile_of(block, shared, tile, floor);
    }
    if constexpr (counts) {
      add_counts(block, shared.counts, first_digit_bins, selection->counts[0]);
      if (block.last_to_arrive(&selection->arrivals)) finish(block, shared);
    }
  }

 private:
  /// The elements that a block handles at a time: quad q of thread t starts at element (q * threads + t) * 4 of them.
  struct Tile {
    std::uint64_t number;
    std::uint64_t begin;
    std::uint32_t size;
  };

  /// 16 elements.
  struct Items {
    Quad quads[quads_a_thread];
  };

  template <class Block>
  SIMRUN_DEVICE void sweep_tile_of(Block& block, Shared& shared, std::uint64_t number, std::uint32_t floor) const {
    const std::uint64_t begin = number * sweep_tile;
    const Tile tile{number, begin, static_cast<std::uint32_t>(smaller(sweep_tile, job.size - begin))};
    typename Block::template PerThread<Items> items;
    typename Block::template PerThread<std::uint32_t> reaching;   // bit 4 q + c: value c of quad q is collected
    typename Block::template PerThread<std::uint64_t> positions;  // 16 bits a quad
    block.each_thread([&](unsigned t) {
      items[t] = tile.size == sweep_tile ? load<true>(block, t, tile) : load<false>(block, t, tile);
      std::uint32_t mask = 0;
      for_each_value(items[t], t, tile, [&](unsigned bit, float value, std::uint32_t i) {
        const std::uint32_t key = key_of(value);
        if (key < floor) return;
        mask |= 1U << bit;
        if constexpr (counts) block.add(&shared.counts[key >> digit_shift(0)], 1U);
        if (key >= least_non_finite_key) block.take_max(&selection->non_finite, ~(tile.begin + i));
      });
      reaching[t] = mask;
      positions[t] = 0;
      for (unsigned q = 0; q < quads_a_thread; ++q) {
        positions[t] |= std::uint64_t{count_bits(mask >> 4 * q & 15U)} << 16 * q;
      }
    });
    if constexpr (collects) collect(block, shared, tile, items, reaching, positions);
  }

  /// A tile but the last is whole: its loads are without a condition, so that all are under way at once.
  template <bool whole, class Block>
  SIMRUN_DEVICE Items load(Block& block, unsigned t, const Tile& tile) const {
    Items items;
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      items.quads[q] = load_quad<whole>(job.x + tile.begin, offset(q, t), tile);
    }
    if constexpr (adds_gradient) add_gradient<whole>(block, items, t, tile);
    return items;
  }

  template <bool whole, class Block>
  SIMRUN_DEVICE void add_gradient(Block& block, Items& items, unsigned t, const Tile& tile) const {
    Items gradient;
    const float* const from = job.gradient + tile.begin;
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      if constexpr (whole) {
        gradient.quads[q] = block.read_once(reinterpret_cast<const Quad*>(from + offset(q, t)));
      } else {
        gradient.quads[q] = load_quad<whole>(from, offset(q, t), tile);
      }
    }
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) items.quads[q].values[c] += gradient.quads[q].values[c];
      store_quad<whole>(items.quads[q], offset(q, t), tile);
    }
  }

  SIMRUN_DEVICE static std::uint32_t offset(unsigned q, unsigned t) { return (q * threads + t) * 4; }

  template <bool whole>
  SIMRUN_DEVICE static Quad load_quad(const float* from, std::uint32_t i, const Tile& tile) {
    if constexpr (whole) return *reinterpret_cast<const Quad*>(from + i);
    Quad quad{};
    for (unsigned c = 0; c < 4; ++c) {
      if (i + c < tile.size) quad.values[c] = from[i + c];
    }
    return quad;
  }

  template <bool whole>
  SIMRUN_DEVICE void store_quad(const Quad& quad, std::uint32_t i, const Tile& tile) const {
    float* const to = job.x + tile.begin + i;
    if constexpr (whole) {
      *reinterpret_cast<Quad*>(to) = quad;
    } else {
      for (unsigned c = 0; c < 4; ++c) {
        if (i + c < tile.size) to[c] = quad.values[c];
      }
    }
  }

  /// visit(4 q + c, value, element of the tile) for the values that exist.
  template <class Visit>
  SIMRUN_DEVICE static void for_each_value(const Items& items, unsigned t, const Tile& tile, const Visit& visit) {
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) {
        const std::uint32_t i = offset(q, t) + c;
        if (i < tile.size) visit(4 * q + c, items.quads[q].values[c], i);
      }
    }
  }

  /// Appends the elements that reach the floor, in order, as the tile's segment.
  template <class Block>
  SIMRUN_DEVICE void collect(Block& block, Shared& shared, const Tile& tile,
                             typename Block::template PerThread<Items>& items,
                             typename Block::template PerThread<std::uint32_t>& reaching,
                             typename Block::template PerThread<std::uint64_t>& positions) const {
    const std::uint64_t totals = block.exclusive_sum(positions);
    const auto of_quad = [](std::uint64_t packed, unsigned q) {
      return static_cast<std::uint32_t>(packed >> 16 * q) & 0xFFFFU;
    };
    std::uint32_t count = 0;
    for (unsigned q = 0; q < quads_a_thread; ++q) count += of_quad(totals, q);
    block.once([&] {
      shared.begin = count > 0 ? block.add(&selection->collected, std::uint64_t{count}) : 0;
      const bool fits = shared.begin + count <= into.capacity;
      into.segments[tile.number] = {static_cast<std::uint32_t>(shared.begin), fits ? count : 0};
      if (!fits) block.take_or(&selection->search_all, 1U);
    });
    block.each_thread([&](unsigned t) {
      if (reaching[t] == 0 || shared.begin + count > into.capacity) return;
      std::uint64_t start = shared.begin;  // of the elements of quad q of all threads
      for_each_value(items[t], t, tile, [&](unsigned bit, float value, std::uint32_t i) {
        const unsigned q = bit / 4;
        if (bit > 0 && bit % 4 == 0) start += of_quad(totals, q - 1);
        if ((reaching[t] >> bit & 1U) == 0) return;
        const std::uint32_t earlier = reaching[t] >> 4 * q & lanes_below(bit % 4);
        const std::uint64_t at = start + of_quad(positions[t], q) + count_bits(earlier);
        into.indices[at] = static_cast<std::uint32_t>(tile.begin) + i;
        into.values[at] = value;
      });
    });
  }

  /// The last block: picks the first digit, or finds that too few reached the floor.
  template <class Block>
  SIMRUN_DEVICE void finish(Block& block, Shared& shared) const {
    if (collects && block.read_fresh(&selection->collected) < job.k) {
      block.each_thread([&](unsigned t) {
        for (unsigned bin = t; bin < first_digit_bins; bin += threads) selection->counts[0][bin] = 0;
      });
      block.once([&] {
        selection->guess_failed = 1;
        selection->collected = 0;
        selection->search_all = 0;
      });
      return;
    }
    pick_digit(block, *selection, 0, job.k, shared.picked);
    block.once([&] {
      if constexpr (!collects) {
        selection->floor = smaller(selection->key, least_non_finite_key);
        if (into.capacity == 0) selection->search_all = 1;
      }
    });
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
  if (!plan.guess) {
    machine.launch(blocks, Sweep<adds_gradient, Pass::count>{job, into, selection, false});
    if (plan.capacity > 0) machine.launch(blocks, Sweep<false, Pass::collect>{job, into, selection, false});
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
