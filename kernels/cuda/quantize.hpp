#pragma once

#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/rounding.hpp"
#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

/// Rounding to nearest as Primitives::round_to_nearest tells. Four elements of an array begin at a
/// multiple of their size.
template <class Gradient>
struct Quantization {
  const Gradient* gradient;  ///< null: x stays as it is; else x += gradient - what is written
  float* x;
  std::uint64_t size;
  Rounding rounding;
  float* scales;
  std::uint32_t* words;
  std::uint64_t* non_finite;  ///< raised to ~(lowest index of a NaN or an infinity)
};

/// A block of threads takes a tile of whole blocks of elements into shared memory, finds their largest magnitudes on
/// the way and rounds them there. Reads 4 bytes an element; with a gradient reads its element as well, and writes 4
/// bytes. Writes the bits and 4 bytes a block.
template <class Gradient>
struct QuantizeBlocks {
  static constexpr const char* name = "quantize_blocks";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned warps = threads / warp_lanes;
  static constexpr unsigned tile = static_cast<unsigned>(Rounding::most_block);
  static constexpr unsigned row = warp_lanes * 4;  ///< elements that a warp loads at a time
  struct Shared {
    alignas(Quad) float x[tile];
    std::uint32_t largest[tile / Rounding::least_block];  ///< keys
    float inverses[tile / Rounding::least_block];
    float steps[tile / Rounding::least_block];  ///< that a level takes out of the residual
  };
  Quantization<Gradient> job;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    for (std::uint64_t first = block.number() * std::uint64_t{tile}; first < job.size;
         first += block.count() * std::uint64_t{tile}) {
      const auto size = static_cast<unsigned>(smaller<std::uint64_t>(tile, job.size - first));
      const auto bucket = static_cast<unsigned>(job.rounding.bucket);
      const unsigned buckets = divide_up(size, bucket);
      block.each_thread([&](unsigned t) {
        if (t < buckets) shared.largest[t] = 0;
      });
      block.each_warp([&](auto& warp) {
        for (unsigned r = warp.number(); r * row < size; r += warps) load_row(block, warp, shared, first, size, r);
      });
      block.each_thread([&](unsigned t) {
        if (t >= buckets) return;
        const float scale = Rounding::scale_of(float_of(shared.largest[t]));
        job.scales[first / bucket + t] = scale;
        shared.inverses[t] = job.rounding.inverse_of(scale);
        shared.steps[t] = -1.0F * scale / static_cast<float>(job.rounding.levels);
      });
      block.each_thread([&](unsigned t) {
        write_words(shared, first, size, t);
        write_residual(shared, first, size, t);
      });
    }
  }

 private:
  template <class Block, class Warp>
  SIMRUN_DEVICE void load_row(Block& block, Warp& warp, Shared& shared, std::uint64_t first, unsigned size,
                              unsigned r) const {
    const auto bucket = static_cast<unsigned>(job.rounding.bucket);
    typename Warp::template PerLane<std::uint32_t> own;
    warp.each_lane([&](unsigned lane) { own[lane] = load_quad(block, shared, first, size, r * warp_lanes + lane); });
    if (bucket >= row) {
      const std::uint32_t largest = warp.largest(own);
      warp.each_lane([&](unsigned lane) {
        if (lane == 0) block.take_max(&shared.largest[r * row / bucket], largest);
      });
    } else {
      warp.each_lane([&](unsigned lane) {
        const unsigned at = (r * warp_lanes + lane) * 4;
        if (at < size) block.take_max(&shared.largest[at / bucket], own[lane]);
      });
    }
  }

  /// The largest key of the four elements.
  template <class Block>
  SIMRUN_DEVICE std::uint32_t load_quad(Block& block, Shared& shared, std::uint64_t first, unsigned size,
                                        unsigned q) const {
    if (q >= quads_of(size)) return 0;
    Quad own = load_quad_once(block, job.x + first, q, size);
    if (job.gradient != nullptr) {
      const Quad more = load_quad_once(block, job.gradient + first, q, size);
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) own.values[c] += more.values[c];
    }
    std::uint32_t largest = 0;
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      const std::uint32_t key = key_of(own.values[c]);
      if (key >= least_non_finite_key) block.take_max(job.non_finite, ~(first + q * 4 + c));
      largest = larger(largest, key);
    }
    *reinterpret_cast<Quad*>(&shared.x[q * 4]) = own;
    return largest;
  }

  /// The level of element i of the tile, plus rounds_to_even.
  SIMRUN_DEVICE float rounded(const Shared& shared, unsigned i) const {
    return shared.x[i] * shared.inverses[i / static_cast<unsigned>(job.rounding.bucket)] + rounds_to_even;
  }

  SIMRUN_DEVICE void write_words(const Shared& shared, std::uint64_t first, unsigned size, unsigned t) const {
    const unsigned bits = job.rounding.bits;
    std::uint32_t* const words = job.words + first / 32 * bits;
    const auto code_at = [&](unsigned i) { return low_bits(bits_of(rounded(shared, i)), bits); };
    for (unsigned w = t; w * 32 < size * bits; w += threads) words[w] = packed_word(w, bits, size, code_at);
  }

  SIMRUN_DEVICE void write_residual(const Shared& shared, std::uint64_t first, unsigned size, unsigned t) const {
    if (job.gradient == nullptr) return;
    for (unsigned q = t; q < quads_of(size); q += threads) {
      Quad left{};
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) {
        const unsigned i = q * 4 + c;
        if (i >= size) continue;
        const float level = rounded(shared, i) - rounds_to_even;
        left.values[c] = shared.x[i] + shared.steps[i / static_cast<unsigned>(job.rounding.bucket)] * level;
      }
      store_quad(left, job.x + first, q, size);
    }
  }
};

/// One launch, no memory of its own.
template <class Machine, class Gradient>
void launch_quantize(Machine& machine, const Quantization<Gradient>& job) {
  using Kernel = QuantizeBlocks<Gradient>;
  machine.launch(blocks_for<Kernel>(machine, job.size, Kernel::tile), Kernel{job});
}

}  // namespace simrun::cuda
