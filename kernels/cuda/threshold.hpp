#pragma once

#include "kernels/cuda/small_top_k.hpp"
#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// About K elements above a threshold that a sample tells, as Codec `sampled-pairs` finds them.

/// sample[j] = x[first + j stride] + gradient[...]. Reads two sectors of 32 bytes a sample.
struct TakeSample {
  static constexpr const char* name = "take_sample";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 8;
  struct Shared {};
  const float* gradient;
  const float* x;
  std::uint64_t first;
  std::uint64_t stride;
  std::uint64_t size;  ///< of the sample
  float* sample;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    stream(
        block, size,
        [&](std::uint64_t j) {
          const std::uint64_t i = first + j * stride;
          return x[i] + gradient[i];
        },
        [&](std::uint64_t j, float value) { sample[j] = value; });
  }
};

/// How a threshold is corrected, and how many elements are kept.
struct KeptBounds {
  std::uint64_t least;
  std::uint64_t most;
  float too_many;  ///< factor of a threshold above which more than `most` lie
  float too_few;
  unsigned corrections;
};

/// Of candidates in the order of their indices, the largest min(most + 1, N), lists those that are kept and sets them
/// to 0 in two arrays. One block goes through the candidates about eight times. They tell how many elements lie above a
/// threshold, if no more than `most` do.
struct KeepAbove : OneBlock {
  static constexpr const char* name = "keep_above";
  struct Shared : OneBlock::Shared {
    std::uint32_t inverse;  ///< of the smallest key
  };
  const float* sample;  ///< the sample's largest; the smallest of them is the threshold
  std::uint32_t sampled;
  const std::uint32_t* indices;
  const float* values;
  std::uint32_t size;
  KeptBounds bounds;
  float* residual;
  float* velocity;
  std::uint32_t* kept_indices;  ///< room for `most`
  float* kept_values;
  std::uint64_t* kept;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    float threshold = first_threshold(block, shared);
    std::uint64_t count = count_above(block, threshold);
    for (unsigned i = 0; i < bounds.corrections && (count > bounds.most || count < bounds.least); ++i) {
      threshold *= count > bounds.most ? bounds.too_many : bounds.too_few;
      count = count_above(block, threshold);
    }
    count = larger(count, bounds.least);
    count = smaller(smaller(count, bounds.most), std::uint64_t{size});
    const auto key_at = [&](std::uint32_t i) { return key_of(values[i]); };
    const Cutoff cutoff = find_cutoff(block, shared, size, static_cast<std::uint32_t>(count), key_at);
    write_in_order(block, size, cutoff, count - cutoff.above, key_at, [&](std::uint64_t place, std::uint32_t i) {
      kept_indices[place] = indices[i];
      kept_values[place] = values[i];
      residual[indices[i]] = 0.0F;
      velocity[indices[i]] = 0.0F;
    });
    block.once([&] { *kept = count; });
  }

 private:
  template <class Block>
  SIMRUN_DEVICE float first_threshold(Block& block, Shared& shared) const {
    block.once([&] { shared.inverse = 0; });
    block.each_thread([&](unsigned t) {
      std::uint32_t own = 0;
      for (std::uint32_t j = t; j < sampled; j += threads) own = larger(own, ~key_of(sample[j]));
      block.take_max(&shared.inverse, own);
    });
    const std::uint32_t key = ~shared.inverse;
    float threshold = 0;
    memcpy(&threshold, &key, sizeof key);
    return threshold;
  }

  template <class Block>
  SIMRUN_DEVICE std::uint64_t count_above(Block& block, float threshold) const {
    typename Block::template PerThread<std::uint64_t> own;
    block.each_thread([&](unsigned t) {
      own[t] = 0;
      for (std::uint32_t i = t; i < size; i += threads) own[t] += (values[i] < 0 ? -values[i] : values[i]) >= threshold;
    });
    return block.exclusive_sum(own);
  }
};

}  // namespace simrun::cuda
