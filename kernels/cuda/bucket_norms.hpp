#pragma once

#include <cmath>

#include "kernels/cuda/rounding.hpp"
#include "kernels/cuda/sum.hpp"

namespace simrun::cuda {

/// Writes the norm of bucket `b` in the order that Primitives::bucket_norms tells.
template <class Warp, class Gradient>
SIMRUN_DEVICE void write_norm(Warp& warp, const Gradient* x, std::uint64_t size, std::uint64_t bucket, std::uint64_t b,
                              double* lanes, float* norms) {
  const std::uint64_t end = smaller((b + 1) * bucket, size);
  warp.each_lane([&](unsigned lane) {
    double sum = 0;
    for (std::uint64_t i = b * bucket + lane; i < end; i += warp_lanes) {
      const auto value = static_cast<double>(widened(x[i]));
      sum += value * value;
    }
    lanes[lane] = sum;
  });
  add_up_lanes(warp, lanes);
  warp.each_lane([&](unsigned lane) {
    if (lane == 0) norms[b] = static_cast<float>(sqrt(lanes[0]));
  });
}

/// Norms of buckets. Reads 4 bytes an element.
struct BucketNorms {
  static constexpr const char* name = "bucket_norms";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned warps = threads / warp_lanes;
  struct Shared {
    double lanes[warps][warp_lanes];
  };
  const float* x;
  std::uint64_t size;
  std::uint64_t bucket;
  float* norms;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_warp([&](auto& warp) {
      const std::uint64_t step = std::uint64_t{block.count()} * warps;
      for (std::uint64_t b = std::uint64_t{block.number()} * warps + warp.number(); b < divide_up(size, bucket);
           b += step)
        write_norm(warp, x, size, bucket, b, shared.lanes[warp.number()], norms);
    });
  }
};

/// Norms of buckets, and elements rounded to multiples of these, a stretch of elements at a time: when they are rounded
/// they are in the cache. Reads each element and writes the bits. A bucket has at most as many elements as a stretch.
template <class Gradient>
struct RoundToNorms {
  static constexpr const char* name = "round_to_norms";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  static constexpr unsigned warps = threads / warp_lanes;
  static constexpr unsigned stretch = threads * warp_lanes;
  struct Shared {
    double lanes[warps][warp_lanes];
  };
  Rounding rounding;
  const Gradient* x;
  std::uint64_t size;
  std::uint64_t seed;
  float* norms;  ///< at most the largest number
  std::uint32_t* words;
  std::uint64_t* non_finite;  ///< raised to ~(lowest index of a NaN or an infinity)

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const std::uint64_t step = std::uint64_t{block.count()} * stretch;
    for (std::uint64_t begin = std::uint64_t{block.number()} * stretch; begin < size; begin += step) {
      const std::uint64_t end = smaller(begin + stretch, size);
      block.each_warp([&](auto& warp) {
        for (std::uint64_t b = begin / rounding.bucket + warp.number(); b * rounding.bucket < end; b += warps) {
          write_norm(warp, x, size, rounding.bucket, b, shared.lanes[warp.number()], norms);
          warp.each_lane([&](unsigned lane) {
            if (lane == 0) norms[b] = smaller(norms[b], largest_number);
          });
        }
      });
      block.each_thread([&](unsigned t) {
        const std::uint64_t first = begin + std::uint64_t{t} * warp_lanes;
        if (first < end) round_group(block, LevelCode{rounding, norms}, x, size, first, seed, words, non_finite);
      });
    }
  }
};

template <class Machine>
void launch_bucket_norms(Machine& machine, const float* x, std::uint64_t size, std::uint64_t bucket, float* norms) {
  machine.launch(blocks_for<BucketNorms>(machine, divide_up(size, bucket), BucketNorms::warps),
                 BucketNorms{x, size, bucket, norms});
}

/// Buckets of at most RoundToNorms::stretch elements.
template <class Machine, class Gradient>
void launch_round_to_norms(Machine& machine, const Rounding& rounding, const Gradient* x, std::uint64_t size,
                           std::uint64_t seed, float* norms, std::uint32_t* words, std::uint64_t* non_finite) {
  using Kernel = RoundToNorms<Gradient>;
  machine.launch(blocks_for<Kernel>(machine, size, Kernel::stretch),
                 Kernel{rounding, x, size, seed, norms, words, non_finite});
}

}  // namespace simrun::cuda
