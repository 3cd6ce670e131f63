#pragma once

#include <type_traits>

#include "kernels/cuda/gradient.hpp"
#include "kernels/cuda/selection.hpp"
#include "kernels/cuda/top_k_plan.hpp"

namespace simrun::cuda {

// The least key that a selection collects. It is guessed: a count shows whether it was low enough.
//
// The first run takes it from a sample. Every run leaves it for the next one, at a margin below its own cutoff. Between
// iterations of training gradients drift. So the margin is as wide as the room for candidates lets it be: it grows
// where fewer than 2 k + 4096 elements reach the floor, and shrinks where more than 2.5 k + 8192 do. Then the cutoff
// may fall until half of these elements are left, and the floor still is low enough. The room is for 4 k + 65536.

/// Margins are differences of keys; 2^23 of them are a factor of 2 in magnitude.
inline constexpr std::uint32_t first_margin = 1U << 20;
inline constexpr std::uint32_t least_margin = 1U << 12;
inline constexpr std::uint32_t most_margin = 1U << 23;

/// Not above infinity, so that every non-finite value is collected.
SIMRUN_DEVICE inline std::uint32_t floor_at(std::uint32_t key) {
  return smaller(key, least_non_finite_key);
}

/// After a run with floor `last` that found `cutoff` and in which `collected` elements reached the floor.
SIMRUN_DEVICE inline Floor next_floor(const Floor& last, std::uint32_t cutoff, std::uint64_t collected,
                                      const TopKPlan& plan) {
  std::uint32_t margin = first_margin;
  if (last.margin != 0) {
    margin = last.margin;
    if (collected < plan.least_wanted) margin = smaller(margin + margin / 4, most_margin);
    if (collected > plan.most_wanted) margin = larger(margin - margin / 4, least_margin);
  }
  return {floor_at(cutoff - smaller(cutoff, margin)), margin};
}

/// Spreads j over all 32 bits, so that a sample does not beat with the shape of a tensor.
SIMRUN_ANYWHERE inline std::uint32_t scramble(std::uint32_t j) {
  j = (j ^ (j >> 16)) * 0x7FEB352DU;
  j = (j ^ (j >> 15)) * 0x846CA68BU;
  return j ^ (j >> 16);
}

/// Element number j of a sample, which is one in [j * stride, (j + 1) * stride).
SIMRUN_ANYWHERE inline std::uint64_t sampled(std::uint32_t j, std::uint64_t stride) {
  return j * stride + (std::uint64_t{scramble(j)} * stride >> 32);
}

/// Counts the first digit of this block's share of a sample. Reads a sector of 32 bytes (of x and of the gradient) a
/// sample.
template <class Block, class Gradient>
SIMRUN_DEVICE void count_sample(Block& block, std::uint32_t* own, const TopK<Gradient>& job, std::uint64_t samples,
                                std::uint64_t* counts) {
  clear_counts(block, own, first_digit_bins);
  const std::uint64_t stride = job.size / samples;
  block.each_thread([&](unsigned t) {
    for (std::uint64_t j = block.global(t); j < samples; j += block.grid_threads()) {
      const std::uint64_t i = sampled(static_cast<std::uint32_t>(j), stride);
      float value = job.x[i];
      if constexpr (!std::is_same_v<Gradient, NoGradient>) value += widened(job.gradient[i]);
      block.add(&own[key_of(value) >> digit_shift(0)], 1U);
    }
  });
  add_counts(block, own, first_digit_bins, counts);
}

/// The lower end of the first digit's bin in which element number `rank` of the sample lies.
template <class Block>
SIMRUN_DEVICE std::uint32_t sampled_floor(Block& block, const std::uint64_t* counts, std::uint64_t rank,
                                          Picked& picked) {
  pick(
      block, first_digit_bins, rank, [&](unsigned bin) { return counts[bin]; }, picked);
  return floor_at(picked.bin << digit_shift(0));
}

}  // namespace simrun::cuda
