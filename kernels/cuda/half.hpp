#pragma once

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

#include "kernels/cuda/block.hpp"

namespace simrun::cuda {

// IEEE half precision, as bits.

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

}  // namespace simrun::cuda
