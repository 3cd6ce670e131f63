#pragma once

#include "kernels/cuda/block.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// The k largest of many elements, in order: the kernels that top-k and gTop-k's merge have in common.
//
// The cutoff, the key of the k-th largest, is found digit by digit from the top, by counting how often each value of a
// digit occurs. Digits are counted among candidates, few elements that were collected because no other can be selected,
// or, where more than expected had to be collected, among all elements. Everything that decides is an integer, so that
// the result does not depend on the order in which blocks run.

/// Digits of a key, from the top: the exponent with three bits of the mantissa, which leaves little to the others.
inline constexpr unsigned digits = 3;
inline constexpr unsigned first_digit_bins = 2048;
inline constexpr unsigned later_digit_bins = 1024;

SIMRUN_ANYWHERE constexpr unsigned digit_shift(unsigned digit) {
  return digit == 0 ? 20 : digit == 1 ? 10 : 0;
}

SIMRUN_ANYWHERE constexpr unsigned digit_bins(unsigned digit) {
  return digit == 0 ? first_digit_bins : later_digit_bins;
}

/// What the kernels of one selection tell each other. Zero at the start.
struct Selection {
  std::uint64_t counts[digits][first_digit_bins];
  std::uint64_t sample_counts[first_digit_bins];
  std::uint64_t above;       ///< elements above all values of the digits found so far
  std::uint64_t collected;   ///< candidates, whether or not there was room for them
  std::uint64_t selected;    ///< elements in the result
  std::uint64_t non_finite;  ///< ~(lowest index of a NaN or an infinity); 0: there is none
  std::uint32_t key;         ///< cutoff; digits that were not found yet are 0
  std::uint32_t floor;       ///< least key that is collected
  std::uint32_t guess_failed;
  std::uint32_t search_all;  ///< the candidates are not all there: look at every element
  std::uint32_t arrivals;
};

/// The candidates of one tile of elements, in order.
struct Segment {
  std::uint32_t begin;
  std::uint32_t count;
};

/// Where a selection looks for its elements.
struct Candidates {
  Segment* segments;  ///< one a tile; the tiles together are the elements in order
  std::uint64_t tiles;
  std::uint32_t* indices;  ///< of all segments, which lie in any order
  float* values;
  std::uint64_t capacity;
  const float* all;        ///< every element
  std::uint64_t size;      ///< of `all`
  std::uint64_t all_tile;  ///< elements of `all` in one tile
};

/// One digit's value at which the wanted element lies.
struct Picked {
  std::uint32_t bin;
  std::uint64_t above;  ///< elements in higher bins
};

/// Finds the bin that holds the element number `wanted` (from 1) from the top, or bin 0 if there are fewer.
/// count_of(bin) gives the same to every thread. `picked` lies in shared memory.
template <class Block, class CountOf>
SIMRUN_DEVICE void pick(Block& block, unsigned bins, std::uint64_t wanted, const CountOf& count_of, Picked& picked) {
  typename Block::template PerThread<std::uint64_t> above;
  const unsigned each = divide_up(bins, Block::threads);
  const auto bin_of = [=](unsigned t, unsigned i) { return bins - 1 - (t * each + i); };  // wraps beyond the last
  block.each_thread([&](unsigned t) {
    above[t] = 0;
    for (unsigned i = 0; i < each; ++i) {
      if (bin_of(t, i) < bins) above[t] += count_of(bin_of(t, i));
    }
  });
  block.exclusive_sum(above);
  block.each_thread([&](unsigned t) {
    std::uint64_t before = above[t];
    for (unsigned i = 0; i < each && bin_of(t, i) < bins; ++i) {
      const std::uint64_t here = count_of(bin_of(t, i));
      if (before < wanted && (before + here >= wanted || bin_of(t, i) == 0)) picked = {bin_of(t, i), before};
      before += here;
    }
  });
}

/// The last block of a kernel that counted a digit: sets the cutoff's digit.
template <class Block>
SIMRUN_DEVICE void pick_digit(Block& block, Selection& selection, unsigned digit, std::uint64_t k, Picked& picked) {
  const std::uint64_t* const counts = selection.counts[digit];
  pick(
      block, digit_bins(digit), k - selection.above, [&](unsigned bin) { return block.read_fresh(counts + bin); },
      picked);
  block.once([&] {
    selection.key |= picked.bin << digit_shift(digit);
    selection.above += picked.above;
  });
}

/// Adds what a block counted in shared memory to the counts of all blocks.
template <class Block>
SIMRUN_DEVICE void add_counts(Block& block, const std::uint32_t* own, unsigned bins, std::uint64_t* all) {
  block.each_thread([&](unsigned t) {
    for (unsigned bin = t; bin < bins; bin += Block::threads) {
      if (own[bin] != 0) block.add(all + bin, std::uint64_t{own[bin]});
    }
  });
}

template <class Block>
SIMRUN_DEVICE void clear_counts(Block& block, std::uint32_t* own, unsigned bins) {
  block.each_thread([&](unsigned t) {
    for (unsigned bin = t; bin < bins; bin += Block::threads) own[bin] = 0;
  });
}

/// Finds the next digit of the cutoff. Reads 4 bytes a candidate.
struct RefineCutoff {
  static constexpr const char* name = "refine_cutoff";
  static constexpr unsigned threads = 512;
  static constexpr unsigned residency = 4;
  struct Shared {
    std::uint32_t counts[later_digit_bins];
    Picked picked;
  };
  Candidates from;
  Selection* selection;
  unsigned digit;
  std::uint64_t k;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    clear_counts(block, shared.counts, later_digit_bins);
    const std::uint32_t found = selection->key;
    const unsigned shift = digit_shift(digit);
    const float* const values = selection->search_all != 0 ? from.all : from.values;
    const std::uint64_t size = selection->search_all != 0 ? from.size : selection->collected;
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) {
        const std::uint32_t key = key_of(values[i]);
        if ((key ^ found) >> shift < later_digit_bins) {
          block.add(&shared.counts[key >> shift & (later_digit_bins - 1)], 1U);
        }
      }
    });
    add_counts(block, shared.counts, later_digit_bins, selection->counts[digit]);
    if (block.last_to_arrive(&selection->arrivals)) pick_digit(block, *selection, digit, k, shared.picked);
  }
};

}  // namespace simrun::cuda
