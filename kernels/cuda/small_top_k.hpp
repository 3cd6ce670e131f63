#pragma once

#include "kernels/cuda/gradient.hpp"
#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/selection.hpp"

namespace simrun::cuda {

// Selections by a single block, which reads its elements, few enough for the nearest caches, again for every step.
// Launches are what small tensors cost, so there is one for any number of tensors.

/// Threads and what they share in a selection by one block.
struct OneBlock {
  static constexpr unsigned threads = 1024;
  static constexpr unsigned residency = 1;
  static constexpr unsigned each = 4;  ///< neighbouring elements that a thread takes at a time
  struct Shared {
    std::uint32_t counts[first_digit_bins];
    Picked picked;
  };
};

/// The cutoff of the k-th largest of `size` elements.
template <class Block, class KeyAt>
SIMRUN_DEVICE Cutoff find_cutoff(Block& block, OneBlock::Shared& shared, std::uint32_t size, std::uint32_t k,
                                 const KeyAt& key_at) {
  Cutoff cutoff{0, 0};
  for (unsigned digit = 0; digit < digits; ++digit) {
    const unsigned shift = digit_shift(digit);
    const unsigned bins = digit_bins(digit);
    clear_counts(block, shared.counts, bins);
    block.each_thread([&](unsigned t) {
      for (std::uint32_t i = t; i < size; i += Block::threads) {
        const std::uint32_t key = key_at(i);
        if ((key ^ cutoff.key) >> shift < bins) block.add(&shared.counts[key >> shift & (bins - 1)], 1U);
      }
    });
    pick(
        block, bins, k - cutoff.above, [&](unsigned bin) { return std::uint64_t{shared.counts[bin]}; }, shared.picked);
    cutoff.key |= shared.picked.bin << shift;
    cutoff.above += shared.picked.above;
  }
  return cutoff;
}

/// Calls write(place, element) for the elements above the cutoff and the first `ties` of those at it, numbered in
/// order; returns how many.
template <class Block, class KeyAt, class Write>
SIMRUN_DEVICE std::uint32_t write_in_order(Block& block, std::uint32_t size, const Cutoff& cutoff, std::uint64_t ties,
                                           const KeyAt& key_at, const Write& write) {
  typename Block::template PerThread<std::uint64_t> before;  // above the cutoff in the upper half, at it in the lower
  std::uint64_t all_before = 0;
  const auto tally = [&](std::uint32_t i) {
    const std::uint32_t key = key_at(i);
    return std::uint64_t{key > cutoff.key} << 32 | std::uint64_t{key == cutoff.key};
  };
  for (std::uint64_t begin = 0; begin < size; begin += std::uint64_t{Block::threads} * OneBlock::each) {
    const auto first = [=](unsigned t) { return begin + std::uint64_t{t} * OneBlock::each; };
    const auto end = [=](unsigned t) { return smaller<std::uint64_t>(first(t) + OneBlock::each, size); };
    block.each_thread([&](unsigned t) {
      before[t] = 0;
      for (std::uint64_t i = first(t); i < end(t); ++i) before[t] += tally(static_cast<std::uint32_t>(i));
    });
    const std::uint64_t total = block.exclusive_sum(before);
    block.each_thread([&](unsigned t) {
      std::uint64_t place = all_before + before[t];
      for (std::uint64_t i = first(t); i < end(t); ++i) {
        const std::uint64_t here = tally(static_cast<std::uint32_t>(i));
        const std::uint64_t tie = place & 0xFFFFFFFFU;
        const bool taken = here >> 32 != 0 || (here != 0 && tie < ties);
        if (taken) write((place >> 32) + smaller(tie, ties), static_cast<std::uint32_t>(i));
        place += here;
      }
    });
    all_before += total;
  }
  return static_cast<std::uint32_t>((all_before >> 32) + smaller(all_before & 0xFFFFFFFFU, ties));
}

/// One tensor of many: x += gradient, and the k largest of x.
template <class Gradient>
struct SmallTopK {
  const Gradient* gradient;  ///< null: x stays as it is
  float* x;
  std::uint32_t size;  ///< 0 < size, best below 65536
  std::uint32_t k;     ///< 0 < k <= size
  std::uint32_t* indices;
  float* values;
  float* cleared;  ///< `x` or null
  bool keep_zeros;
  std::uint32_t* signs;  ///< as in Selected
};

/// Block b selects in tensor b. Reads an element of x and of the gradient and writes 4 bytes once, the rest from
/// caches; 8 1/8 bytes an entry.
template <class Gradient>
struct SelectSmall : OneBlock {
  static constexpr const char* name = "select_small";
  const SmallTopK<Gradient>* jobs;
  Outcome* outcomes;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const SmallTopK<Gradient> job = jobs[block.number()];
    Outcome& outcome = outcomes[block.number()];
    block.once([&] { outcome = {0, 0}; });
    block.each_thread([&](unsigned t) {
      for (std::uint32_t w = t; job.signs != nullptr && w < words_of(job.k); w += Block::threads) job.signs[w] = 0;
      for (std::uint32_t i = t; i < job.size; i += Block::threads) {
        const float value = job.gradient != nullptr ? job.x[i] + widened(job.gradient[i]) : job.x[i];
        if (job.gradient != nullptr) job.x[i] = value;
        if (key_of(value) >= least_non_finite_key) block.take_max(&outcome.non_finite, ~std::uint64_t{i});
      }
    });
    const auto key_at = [&](std::uint32_t i) { return key_of(job.x[i]); };
    const Cutoff cutoff = find_cutoff(block, shared, job.size, job.k, key_at);
    const std::uint64_t ties = cutoff.key == 0 && !job.keep_zeros ? 0 : job.k - cutoff.above;
    const std::uint32_t selected =
        write_in_order(block, job.size, cutoff, ties, key_at, [&](std::uint64_t place, std::uint32_t i) {
          job.indices[place] = i;
          job.values[place] = job.x[i];
          if (job.signs != nullptr && job.x[i] < 0.0F) block.take_or(job.signs + place / 32, 1U << (place % 32));
        });
    block.each_thread([&](unsigned t) {
      if (job.cleared == nullptr) return;
      for (std::uint32_t j = t; j < selected; j += Block::threads) job.cleared[job.indices[j]] = 0.0F;
    });
    block.once([&] { outcome.selected = selected; });
  }
};

}  // namespace simrun::cuda
