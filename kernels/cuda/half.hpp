#pragma once

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// IEEE half precision, as bits.

/// Four half-precision values, moved at once.
struct alignas(8) HalfQuad {
  std::uint16_t values[4];
};

/// Bits of infinity; no finite value reaches them, the sign aside.
inline constexpr std::uint32_t infinite_half = 0x7C00U;

/// `x` to the nearest half, of two equally near ones the one whose last bit is 0; infinity from 65520 on.
SIMRUN_DEVICE inline std::uint16_t half_of(float x) {
  const std::uint32_t key = key_of(x);
  const std::uint32_t sign = bits_of(x) >> 16 & 0x8000U;
  if (key > least_non_finite_key) return 0x7E00U;
#ifdef __CUDA_ARCH__
  return __half_as_ushort(__float2half_rn(x));
#else
  constexpr std::uint32_t overflow = 0x477FF000U;  // 65520
  constexpr std::uint32_t normal = 0x38800000U;    // 2^-14
  constexpr std::uint32_t exponents = 127U - 15U;  // what those of float are ahead
  if (key >= overflow) return static_cast<std::uint16_t>(sign | infinite_half);
  if (key >= normal) {
    const std::uint32_t odd = key >> 13 & 1U;
    return static_cast<std::uint16_t>(sign | ((key - (exponents << 23) + 0xFFFU + odd) >> 13));
  }
  const std::uint32_t exponent = key >> 23;
  if (exponent < 102) return static_cast<std::uint16_t>(sign);  // below half of the least half
  const std::uint32_t mantissa = (key & 0x7FFFFFU) | 0x800000U;
  const std::uint32_t shift = 126 - exponent;  // 14 to 24, so that the last bit counts 2^-24
  const std::uint32_t odd = mantissa >> shift & 1U;
  return static_cast<std::uint16_t>(sign | ((mantissa + (1U << (shift - 1)) - 1 + odd) >> shift));
#endif
}

/// The value of a half, exactly.
SIMRUN_DEVICE inline float float_of_half(std::uint16_t half) {
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(half));
#else
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7FFFU;
  if (magnitude < 0x400U) {  // zero or denormal: a multiple of 2^-24
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t exponents = magnitude >= infinite_half ? 255U - 31U : 127U - 15U;
  const std::uint32_t bits = sign | ((magnitude << 13) + (exponents << 23));
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

/// Quad number `quad` of an array of `size` halves at a multiple of 8 bytes; zeros beyond its end.
SIMRUN_DEVICE inline HalfQuad load_half_quad(const std::uint16_t* from, std::uint64_t quad, std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) return *reinterpret_cast<const HalfQuad*>(from + first);
  HalfQuad halves{};
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) halves.values[c] = from[first + c];
  }
  return halves;
}

SIMRUN_DEVICE inline void store_half_quad(const HalfQuad& halves, std::uint16_t* to, std::uint64_t quad,
                                          std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) {
    *reinterpret_cast<HalfQuad*>(to + first) = halves;
    return;
  }
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) to[first + c] = halves.values[c];
  }
}

/// What must not be in values that become halves: ~(lowest index), 0 where there is none.
struct HalfFlaws {
  std::uint64_t non_finite;  ///< NaNs and infinities
  std::uint64_t too_large;   ///< those too, and finite values that became an infinity
};

/// Halves of x. Reads 4 and writes 2 bytes an element.
struct ToHalf {
  static constexpr const char* name = "to_half";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const float* x;         ///< at a multiple of 16 bytes
  std::uint16_t* halves;  ///< at a multiple of 8 bytes
  std::uint64_t size;
  HalfFlaws* flaws;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    stream(
        block, quads_of(size), [&](std::uint64_t quad) { return load_quad_once(block, x, quad, size); },
        [&](std::uint64_t quad, const Quad& values) {
          HalfQuad result;
          std::uint32_t highest = 0;
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) {
            result.values[c] = half_of(values.values[c]);
            highest = larger<std::uint32_t>(highest, result.values[c] & 0x7FFFU);
          }
          store_half_quad(result, halves, quad, size);
          if (highest >= infinite_half) report(block, values, result, quad);
        });
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void report(Block& block, const Quad& values, const HalfQuad& result, std::uint64_t quad) const {
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      const std::uint64_t found = ~(quad * 4 + c);
      if ((result.values[c] & 0x7FFFU) >= infinite_half) block.take_max(&flaws->too_large, found);
      if (key_of(values.values[c]) >= least_non_finite_key) block.take_max(&flaws->non_finite, found);
    }
  }
};

/// out[i] += weight * halves[i], rounded twice. Reads 6 and writes 4 bytes an element.
struct AddHalf {
  static constexpr const char* name = "add_half";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint16_t* halves;  ///< at a multiple of 8 bytes
  float weight;
  float* out;  ///< at a multiple of 16 bytes
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      Quad out;
      HalfQuad halves;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_quad(out, quad, size), load_half_quad(halves, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) terms.out.values[c] += weight * float_of_half(terms.halves.values[c]);
          store_quad(terms.out, out, quad, size);
        });
  }
};

/// sum[i] += halves[i], in fp32, rounded to a half. Reads 4 and writes 2 bytes an element.
struct AccumulateHalf {
  static constexpr const char* name = "accumulate_half";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint16_t* halves;  ///< at a multiple of 8 bytes, like the sum
  std::uint16_t* sum;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      HalfQuad sum;
      HalfQuad halves;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_half_quad(sum, quad, size), load_half_quad(halves, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) {
            const float total = float_of_half(terms.sum.values[c]) + float_of_half(terms.halves.values[c]);
            terms.sum.values[c] = half_of(total);
          }
          store_half_quad(terms.sum, sum, quad, size);
        });
  }
};

/// Launches a conversion. `flaws` are raised where there are some; both 0 before the first launch that may.
template <class Machine>
void launch_to_half(Machine& machine, const float* x, std::uint16_t* halves, std::uint64_t size, HalfFlaws* flaws) {
  machine.launch(blocks_to_stream<ToHalf>(machine, quads_of(size)), ToHalf{x, halves, size, flaws});
}

template <class Machine>
void launch_add_half(Machine& machine, const std::uint16_t* halves, float weight, float* out, std::uint64_t size) {
  machine.launch(blocks_to_stream<AddHalf>(machine, quads_of(size)), AddHalf{halves, weight, out, size});
}

template <class Machine>
void launch_accumulate_half(Machine& machine, const std::uint16_t* halves, std::uint16_t* sum, std::uint64_t size) {
  machine.launch(blocks_to_stream<AccumulateHalf>(machine, quads_of(size)), AccumulateHalf{halves, sum, size});
}

}  // namespace simrun::cuda
