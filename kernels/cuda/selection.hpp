#pragma once

#include "kernels/cuda/sharing.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// The k largest of many elements, in order: what top-k and gTop-k's merge have in common.
//
// The cutoff, the key of the k-th largest, is found digit by digit from the top, by counting how often each value of a
// digit occurs. Digits are counted among candidates, few elements that were collected because no other can be selected,
// or, where more than expected had to be collected, among all elements. Everything that decides is an integer, so that
// the result does not depend on the order in which blocks run.
//
// A selection is one kernel of several steps. What all blocks counted in a step, every block adds up for itself in the
// next one.

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

/// The key of the k-th largest element, and how many lie above it. Of digits that were not found yet: 0, and elements
/// above all their values.
struct Cutoff {
  std::uint32_t key;
  std::uint64_t above;
};

/// What came of a selection.
struct Outcome {
  std::uint64_t selected;
  std::uint64_t non_finite;  ///< ~(lowest index of a NaN or an infinity); 0: there is none
};

/// Counts of a pass that looks for candidates.
struct Tried {
  std::uint64_t counts[first_digit_bins];  ///< of the first digit
  std::uint64_t collected;                 ///< candidates, whether or not there was room for them
};

/// What blocks add up. Zero before and after every run.
struct Tallies {
  std::uint64_t sampled[first_digit_bins];  ///< counts of the first digit, in a sample
  Tried first;
  Tried again;  ///< where the first pass collected too few
  std::uint64_t later[digits - 1][later_digit_bins];
  std::uint64_t non_finite;  ///< as in Outcome
};

/// Least key to collect.
struct Floor {
  std::uint32_t key;
  std::uint32_t margin;  ///< how far below the last run's cutoff; 0: there was no run
};

/// How a selection went.
struct Course {
  std::uint64_t collected;  ///< by the first pass
  std::uint32_t tried_again;
  std::uint32_t search_all;  ///< the candidates are not all there: look at every element
};

/// What the blocks of a selection tell each other, and the next run. Zero before the first one.
struct Selection {
  Tallies tallies;
  Cutoff found[digits];  ///< with digits 0 to i
  Floor floor;           ///< of the next run
  Course course;
  Outcome outcome;
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
  std::uint64_t capacity;  ///< 0: none are collected
  const float* all;        ///< every element
  std::uint64_t size;      ///< of `all`
  std::uint64_t all_tile;  ///< elements of `all` in one tile
};

/// One digit's value at which the wanted element lies.
struct Picked {
  std::uint32_t bin;
  std::uint64_t above;  ///< elements in higher bins
};

/// Threads of a block of a selection, and what they share.
inline constexpr unsigned selecting_threads = 256;

struct SelectionShared {
  std::uint32_t counts[first_digit_bins];
  std::uint64_t tallies[selecting_threads];
  Picked picked;
  std::uint64_t begin;
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

}  // namespace simrun::cuda
