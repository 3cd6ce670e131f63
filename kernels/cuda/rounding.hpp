#pragma once

#include "kernels/cuda/gradient.hpp"
#include "kernels/cuda/sharing.hpp"
#include "kernels/layout.hpp"
#include "kernels/philox.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

// Rounding at random, as Primitives tells. The kernels are plain: a thread writes or reads 32 elements.

SIMRUN_ANYWHERE inline float float_of(std::uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// Multiples of scale / levels.
struct LevelCode {
  static constexpr bool is_levels = true;
  Rounding rounding;
  const float* scales;

  SIMRUN_DEVICE unsigned bits() const { return rounding.bits; }

  SIMRUN_DEVICE float scale_of(std::uint64_t i) const { return scales[rounding.bucket == 0 ? 0 : i / rounding.bucket]; }

  SIMRUN_DEVICE std::uint32_t code(float x, std::uint64_t i, std::uint32_t word) const {
    const float scale = scale_of(i);
    const float share = scale == 0 ? 0.0F : (x < 0 ? -x : x) / scale;
    const auto levels = static_cast<float>(rounding.levels);
    const float y = share < 1 ? share * levels : levels;  // also where nothing is a number
    const auto low = static_cast<std::int32_t>(y);
    const bool up = static_cast<float>(word >> 8) * 0x1p-24F < y - static_cast<float>(low);
    const std::int32_t level = low + (up ? 1 : 0);
    return static_cast<std::uint32_t>(x < 0 ? -level : level);
  }

  SIMRUN_DEVICE float value(std::uint32_t code, std::uint64_t i, float weight) const {
    const unsigned unused = 32 - rounding.bits;
    const std::int32_t level = static_cast<std::int32_t>(code << unused) >> unused;
    return weight * scale_of(i) / static_cast<float>(rounding.levels) * static_cast<float>(level);
  }
};

/// Powers of two.
struct PowerCode {
  static constexpr bool is_levels = false;
  static constexpr unsigned mantissa_bits = 23;

  SIMRUN_DEVICE unsigned bits() const { return exponent_bits; }

  SIMRUN_DEVICE std::uint32_t code(float x, std::uint64_t, std::uint32_t word) const {
    const std::uint32_t bits = bits_of(x);
    const std::uint32_t rounded = bits + (word & ((1U << mantissa_bits) - 1));
    const bool too_large = (rounded & least_non_finite_key) == least_non_finite_key;
    return (too_large ? bits : rounded) >> mantissa_bits;
  }

  SIMRUN_DEVICE float value(std::uint32_t code, std::uint64_t, float weight) const {
    return weight * float_of(code << mantissa_bits);
  }
};

/// Rounds the 32 elements from `first` on, as RoundToCodes does all.
template <class Block, class Code, class Gradient>
SIMRUN_DEVICE void round_group(Block& block, const Code& code, const Gradient* x, std::uint64_t size,
                               std::uint64_t first, std::uint64_t seed, std::uint32_t* words,
                               std::uint64_t* non_finite) {
  const std::uint32_t mask = (1U << code.bits()) - 1;
  std::uint32_t* to = words + first / warp_lanes * code.bits();
  const std::uint32_t* const end = words + divide_up<std::uint64_t>(size * code.bits(), 32);
  std::uint64_t buffer = 0;
  unsigned filled = 0;
  for (std::uint64_t quad = first; quad < first + warp_lanes; quad += 4) {
    const PhiloxBlock random = philox4x32_10(quad / 4, seed);
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      const std::uint64_t i = quad + c;
      const float value = i < size ? widened(x[i]) : 0.0F;
      const bool finite = key_of(value) < least_non_finite_key;
      if (!finite) block.take_max(non_finite, ~i);
      const std::uint32_t own = finite && i < size ? code.code(value, i, random[c]) & mask : 0U;
      buffer |= std::uint64_t{own} << filled;
      filled += code.bits();
      if (filled >= 32) {
        if (to < end) *to++ = static_cast<std::uint32_t>(buffer);
        buffer >>= 32;
        filled -= 32;
      }
    }
  }
}

/// Rounds elements to numbers of a few bits. Reads each element and writes the bits.
template <class Code, class Gradient>
struct RoundToCodes {
  static constexpr const char* name = Code::is_levels ? "round_to_levels" : "round_to_powers";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  Code code;
  const Gradient* x;
  std::uint64_t size;
  std::uint64_t seed;
  std::uint32_t* words;
  std::uint64_t* non_finite;  ///< raised to ~(lowest index of a NaN or an infinity)

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      const std::uint64_t groups = divide_up<std::uint64_t>(size, warp_lanes);
      for (std::uint64_t group = block.global(t); group < groups; group += block.grid_threads())
        round_group(block, code, x, size, group * warp_lanes, seed, words, non_finite);
    });
  }
};

/// out[i] += weight times what number i stands for. Reads the bits and 4 bytes, writes 4 bytes an element.
template <class Code>
struct AddCodes {
  static constexpr const char* name = Code::is_levels ? "add_levels" : "add_powers";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  Code code;
  const std::uint32_t* words;
  float weight;
  float* out;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) {
        const std::uint64_t bit = i % warp_lanes * code.bits();
        const std::uint32_t* const from = words + i / warp_lanes * code.bits() + bit / 32;
        const unsigned shift = static_cast<unsigned>(bit % 32);
        std::uint64_t two = from[0];
        if (shift + code.bits() > 32) two |= std::uint64_t{from[1]} << 32;
        const std::uint32_t own = static_cast<std::uint32_t>(two >> shift) & ((1U << code.bits()) - 1);
        out[i] += code.value(own, i, weight);
      }
    });
  }
};

/// Raises `largest` to the key of the largest magnitude. Reads 4 bytes an element.
struct LargestMagnitude {
  static constexpr const char* name = "largest_magnitude";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const float* x;
  std::uint64_t size;
  std::uint64_t* largest;  ///< 0 before

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      std::uint32_t own = 0;
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) own = larger(own, key_of(x[i]));
      if (own > 0) block.take_max(largest, std::uint64_t{own});
    });
  }
};

/// Adds to `count` how many magnitudes are at least the threshold. Reads 4 bytes an element.
struct CountAbove {
  static constexpr const char* name = "count_above";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const float* x;
  std::uint64_t size;
  float threshold;
  std::uint64_t* count;  ///< 0 before

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      std::uint64_t own = 0;
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads())
        own += (x[i] < 0 ? -x[i] : x[i]) >= threshold ? 1 : 0;
      if (own > 0) block.add(count, own);
    });
  }
};

template <class Machine, class Code, class Gradient>
void launch_round(Machine& machine, const Code& code, const Gradient* x, std::uint64_t size, std::uint64_t seed,
                  std::uint32_t* words, std::uint64_t* non_finite) {
  using Kernel = RoundToCodes<Code, Gradient>;
  machine.launch(blocks_for<Kernel>(machine, size, std::uint64_t{Kernel::threads} * warp_lanes),
                 Kernel{code, x, size, seed, words, non_finite});
}

template <class Machine, class Code>
void launch_add_codes(Machine& machine, const Code& code, const std::uint32_t* words, float weight, float* out,
                      std::uint64_t size) {
  using Kernel = AddCodes<Code>;
  machine.launch(blocks_for<Kernel>(machine, size, Kernel::threads), Kernel{code, words, weight, out, size});
}

template <class Machine>
void launch_largest_magnitude(Machine& machine, const float* x, std::uint64_t size, std::uint64_t* largest) {
  machine.launch(blocks_for<LargestMagnitude>(machine, size, LargestMagnitude::threads),
                 LargestMagnitude{x, size, largest});
}

template <class Machine>
void launch_count_above(Machine& machine, const float* x, std::uint64_t size, float threshold, std::uint64_t* count) {
  machine.launch(blocks_for<CountAbove>(machine, size, CountAbove::threads), CountAbove{x, size, threshold, count});
}

}  // namespace simrun::cuda
