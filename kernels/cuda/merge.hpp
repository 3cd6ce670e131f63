#pragma once

#include "kernels/cuda/select_candidates.hpp"
#include "kernels/cuda/small_top_k.hpp"

namespace simrun::cuda {

// gTop-k's merge: the k largest of a + b, two lists of pairs that ascend by index. Every thread finds where its share
// of the merged list begins in both (merge path: Green, McColl, Bader, ICS 2012), and adds what has the same index.

/// A list of pairs, ascending by index.
struct PairList {
  const std::uint32_t* indices;
  const float* values;
  std::uint64_t size;
};

/// The two lists; together fewer than 2^32 entries.
struct Merge {
  PairList a;
  PairList b;
  std::uint64_t k;  ///< entries of the result, if there are as many

  SIMRUN_DEVICE std::uint64_t size() const { return a.size + b.size; }
};

/// How many entries of `a` are among the first `merged` entries of both, where `a` goes first if indices are equal. It
/// is known to be in [low, high].
SIMRUN_DEVICE inline std::uint64_t entries_of_a(const Merge& job, std::uint64_t merged, std::uint64_t low,
                                                std::uint64_t high) {
  low = larger(low, merged > job.b.size ? merged - job.b.size : 0);
  high = smaller(high, smaller(merged, job.a.size));
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (job.a.indices[middle] <= job.b.indices[merged - 1 - middle]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

inline constexpr unsigned merged_a_thread = 8;

/// What one thread makes of its share of the merged list.
struct MergedItems {
  std::uint32_t indices[merged_a_thread];
  float values[merged_a_thread];
  std::uint32_t taken;  ///< bit i: item i is an entry of the sum; others were added to the one before
};

/// Merged entries [first, end), of which `i` of `a` come before.
SIMRUN_DEVICE inline MergedItems merge_items(const Merge& job, std::uint64_t first, std::uint64_t end,
                                             std::uint64_t i) {
  MergedItems items;
  items.taken = 0;
  std::uint64_t j = first - i;
  SIMRUN_UNROLL
  for (unsigned item = 0; item < merged_a_thread; ++item) {
    if (first + item >= end) continue;
    const bool has_a = i < job.a.size;
    const bool has_b = j < job.b.size;
    if (has_a && (!has_b || job.a.indices[i] <= job.b.indices[j])) {
      const bool both = has_b && job.a.indices[i] == job.b.indices[j];
      items.indices[item] = job.a.indices[i];
      items.values[item] = both ? job.a.values[i] + job.b.values[j] : job.a.values[i];
      items.taken |= 1U << item;
      ++i;
    } else {
      items.indices[item] = job.b.indices[j];
      items.values[item] = job.b.values[j];
      const bool added = i > 0 && job.a.indices[i - 1] == job.b.indices[j];
      if (!added) items.taken |= 1U << item;
      ++j;
    }
  }
  return items;
}

/// Bounds of a tile in list a; in shared memory.
struct TileBounds {
  std::uint64_t begin;
  std::uint64_t end;
};

/// The entries of the sum that merged entries [begin, begin + a tile) give. `before` receives how many come from the
/// threads before; returns how many there are.
template <class Block>
SIMRUN_DEVICE std::uint32_t merge_tile(Block& block, const Merge& job, std::uint64_t begin, TileBounds& bounds,
                                       typename Block::template PerThread<MergedItems>& items,
                                       typename Block::template PerThread<std::uint32_t>& before) {
  const std::uint64_t end = smaller(begin + std::uint64_t{Block::threads} * merged_a_thread, job.size());
  block.each_thread([&](unsigned t) {
    if (t == 0) bounds.begin = entries_of_a(job, begin, 0, job.a.size);
    if (t == warp_lanes) bounds.end = entries_of_a(job, end, 0, job.a.size);
  });
  block.each_thread([&](unsigned t) {
    const std::uint64_t first = smaller(begin + std::uint64_t{t} * merged_a_thread, end);
    items[t] = merge_items(job, first, end, entries_of_a(job, first, bounds.begin, bounds.end));
    before[t] = count_bits(items[t].taken);
  });
  return block.exclusive_sum(before);
}

/// Writes the entries of one thread from `place` on.
SIMRUN_DEVICE inline void write_items(const MergedItems& items, std::uint64_t place, std::uint32_t* indices,
                                      float* values) {
  SIMRUN_UNROLL
  for (unsigned item = 0; item < merged_a_thread; ++item) {
    if ((items.taken >> item & 1U) == 0) continue;
    indices[place] = items.indices[item];
    values[place] = items.values[item];
    ++place;
  }
}

/// Steps: adds the lists and counts the first digit of the sums, counts the second and the third, counts and writes
/// what is selected. The first reads 8 bytes an entry of both and writes 8 bytes an entry of the sum.
struct MergeAndSelect {
  static constexpr const char* name = "merge_and_select";
  static constexpr unsigned threads = selecting_threads;
  static constexpr unsigned residency = 4;
  static constexpr unsigned steps = 5;
  struct Shared : SelectionShared {
    TileBounds bounds;
  };
  Merge job;
  SelectCandidates last;

  SIMRUN_DEVICE bool needs(unsigned) const { return true; }

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared, unsigned step) const {
    Tried& tried = last.selection->tallies.first;
    switch (step) {
      case 0:
        return add(block, shared, tried);
      case 1:
      case 2:
        return last.count_digit(block, shared, tried, step);
      case 3:
        return last.count(block, shared, tried);
      default:
        return last.write(block);
    }
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void add(Block& block, Shared& shared, Tried& sums) const {
    const Candidates& into = last.from;
    clear_counts(block, shared.counts, first_digit_bins);
    typename Block::template PerThread<MergedItems> items;
    typename Block::template PerThread<std::uint32_t> before;
    for (std::uint64_t tile = block.number(); tile < into.tiles; tile += block.count()) {
      const std::uint32_t count =
          merge_tile(block, job, tile * threads * merged_a_thread, shared.bounds, items, before);
      block.once([&] {
        shared.begin = block.add(&sums.collected, std::uint64_t{count});
        into.segments[tile] = {static_cast<std::uint32_t>(shared.begin), count};
      });
      block.each_thread([&](unsigned t) {
        write_items(items[t], shared.begin + before[t], into.indices, into.values);
        SIMRUN_UNROLL
        for (unsigned item = 0; item < merged_a_thread; ++item) {
          if ((items[t].taken >> item & 1U) == 0) continue;
          block.add(&shared.counts[key_of(items[t].values[item]) >> digit_shift(0)], 1U);
        }
      });
    }
    add_counts(block, shared.counts, first_digit_bins, sums.counts);
  }
};

/// The same by one block, for few entries: adds into a scratch list and selects from it.
struct MergeSmall : OneBlock {
  static constexpr const char* name = "merge_small";
  struct Shared {
    OneBlock::Shared selection;
    TileBounds bounds;
  };
  Merge job;
  std::uint32_t* sum_indices;  ///< scratch, as many as both lists have
  float* sum_values;
  std::uint32_t* indices;
  float* values;
  Outcome* outcome;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    typename Block::template PerThread<MergedItems> items;
    typename Block::template PerThread<std::uint32_t> before;
    std::uint32_t size = 0;
    for (std::uint64_t begin = 0; begin < job.size(); begin += std::uint64_t{threads} * merged_a_thread) {
      const std::uint32_t count = merge_tile(block, job, begin, shared.bounds, items, before);
      block.each_thread([&](unsigned t) { write_items(items[t], size + before[t], sum_indices, sum_values); });
      size += count;
    }
    const auto key_at = [&](std::uint32_t i) { return key_of(sum_values[i]); };
    const Cutoff cutoff = find_cutoff(block, shared.selection, size, static_cast<std::uint32_t>(job.k), key_at);
    const std::uint32_t selected =
        write_in_order(block, size, cutoff, job.k - cutoff.above, key_at, [&](std::uint64_t place, std::uint32_t i) {
          indices[place] = sum_indices[i];
          values[place] = sum_values[i];
        });
    block.once([&] { *outcome = {selected, 0}; });
  }
};

/// Entries of both lists up to which one block merges: barriers of all blocks cost more than the other blocks save. On
/// an H200 one block took 14 us for 1 entry and 25 us for 4,096, all blocks 78 us for 262,144 and 222 us for 4,194,304.
inline constexpr std::uint64_t small_merge = 16384;

struct MergeWorkspace {
  SelectionWorkspace selection;
  Candidates candidates;

  static MergeWorkspace carve(Carver& carver, std::uint64_t size_a, std::uint64_t size_b) {
    const std::uint64_t size = size_a + size_b;
    const std::uint64_t tiles = divide_up(size, std::uint64_t{MergeAndSelect::threads} * merged_a_thread);
    MergeWorkspace workspace{};
    workspace.selection = SelectionWorkspace::carve(carver, tiles);
    workspace.candidates.segments = carver.take<Segment>(tiles);
    workspace.candidates.tiles = tiles;
    workspace.candidates.indices = carver.take<std::uint32_t>(size);
    workspace.candidates.values = carver.take<float>(size);
    workspace.candidates.capacity = size;
    return workspace;
  }
};

/// Launches a merge of lists of which one at least has entries; k > 0. Results: indices and values (room for k) and, in
/// the workspace, Selection::outcome. The workspace was prepared once (SelectionWorkspace::prepare) and serves any
/// number of merges of lists of these sizes, one after another.
template <class Machine>
void launch_merge(Machine& machine, const Merge& job, const MergeWorkspace& workspace, std::uint32_t* indices,
                  float* values) {
  const Candidates& candidates = workspace.candidates;
  const auto& [selection, places] = workspace.selection;
  if (job.a.size + job.b.size <= small_merge) {
    machine.launch(1, MergeSmall{{}, job, candidates.indices, candidates.values, indices, values, &selection->outcome});
    return;
  }
  const Selected result{indices, values, nullptr, true, nullptr};
  machine.launch(blocks_to_select<MergeAndSelect>(machine, candidates.tiles),
                 MergeAndSelect{job, {candidates, selection, places, job.k, result}});
}

}  // namespace simrun::cuda
