#pragma once

#include <cmath>

#include "kernels/cuda/selection.hpp"

namespace simrun::cuda {

/// x += gradient, and the k largest of x.
template <class Gradient>
struct TopK {
  const Gradient* gradient;  ///< null: x stays as it is. Else four elements begin at a multiple of their size
  float* x;                  ///< at a multiple of 16 bytes
  std::uint64_t size;        ///< 0 < size <= 2^32
  std::uint64_t k;           ///< 0 < k <= size
};

/// How it is done; a function of (size, k) alone.
struct TopKPlan {
  std::uint64_t tiles;
  std::uint64_t capacity;      ///< candidates that may be collected; 0: none are
  std::uint64_t samples;       ///< to guess a key from
  std::uint64_t sample_rank;   ///< this element of the sample, counted from the top, is the guess
  std::uint64_t least_wanted;  ///< candidates: with fewer the next run's floor is lower,
  std::uint64_t most_wanted;   ///< with more it is higher
};

inline constexpr unsigned quads_a_thread = 4;
inline constexpr std::uint64_t sweep_tile = std::uint64_t{selecting_threads} * quads_a_thread * 4;

/// Of the k largest, a sample of one element in `stride` holds m = k / stride with a standard deviation of about
/// sqrt(m); its (m + 4 sqrt(m) + 4)-th largest lies below the k-th largest of all with near certainty.
inline TopKPlan plan_top_k(std::uint64_t size, std::uint64_t k) {
  constexpr std::uint64_t most_samples = 131072;
  constexpr std::uint64_t least_samples = 1024;
  constexpr std::uint64_t least_stride = 16;
  TopKPlan plan{};
  plan.tiles = divide_up(size, sweep_tile);
  if (k > size / 8 || size < least_samples * least_stride) return plan;
  plan.capacity = smaller(size, 4 * k + 65536);
  plan.samples = smaller(most_samples, size / least_stride);
  const double expected = static_cast<double>(k) * static_cast<double>(plan.samples) / static_cast<double>(size);
  plan.sample_rank = static_cast<std::uint64_t>(expected + 4 * std::sqrt(expected) + 4);
  plan.least_wanted = 2 * k + 4096;
  plan.most_wanted = k / 2 + 2 * k + 8192;
  return plan;
}

}  // namespace simrun::cuda
