#pragma once

#include "kernels/cuda/half.hpp"
#include "kernels/precision.hpp"

namespace simrun::cuda {

// Elements of gradients: float, Half or BFloat16. Kernels that read gradients are templates of these types. Those of 16
// bits are widened first, which is exact.

/// There is no gradient.
struct NoGradient {};

/// IEEE half precision.
struct Half {
  static constexpr Precision precision = Precision::fp16;
  std::uint16_t bits;
};

/// The upper half of a float.
struct BFloat16 {
  static constexpr Precision precision = Precision::bf16;
  std::uint16_t bits;
};

SIMRUN_DEVICE inline float widened(float x) {
  return x;
}

SIMRUN_DEVICE inline float widened(Half x) {
  return float_of_half(x.bits);
}

SIMRUN_DEVICE inline float widened(BFloat16 x) {
  const std::uint32_t bits = std::uint32_t{x.bits} << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Of bits whose sign is left out, the least that are no finite value.
template <class Narrow>
inline constexpr std::uint32_t infinite_bits = Narrow::precision == Precision::fp16 ? infinite_half : 0x7F80U;

/// `x` to the nearest value of 16 bits, of two equally near ones the one whose last bit is 0; infinity beyond its
/// range.
template <class Narrow>
SIMRUN_DEVICE inline std::uint16_t narrow_bits(float x) {
  if constexpr (Narrow::precision == Precision::fp16) return half_of(x);
  if (key_of(x) > least_non_finite_key) return 0x7FC0U;
  const std::uint32_t bits = bits_of(x);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

/// An element that will not be needed again soon.
template <class Block>
SIMRUN_DEVICE float read_gradient(Block& block, const float* at) {
  return block.read_once(at);
}
template <class Block, class Gradient>
SIMRUN_DEVICE float read_gradient(Block& block, const Gradient* at) {
  return widened(Gradient{block.read_once(&at->bits)});
}

/// Four elements at a multiple of 16 bytes, which will not be needed again soon.
template <class Block>
SIMRUN_DEVICE Quad read_quad_once(Block& block, const float* from) {
  return block.read_once(reinterpret_cast<const Quad*>(from));
}

/// Four elements of 16 bits at a multiple of 8 bytes.
template <class Block, class Gradient>
SIMRUN_DEVICE Quad read_quad_once(Block& block, const Gradient* from) {
  const std::uint64_t all = block.read_once(reinterpret_cast<const std::uint64_t*>(from));
  Quad quad;
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) quad.values[c] = widened(Gradient{static_cast<std::uint16_t>(all >> 16 * c)});
  return quad;
}

}  // namespace simrun::cuda
