#include "kernels/cpu/bfloat16.hpp"

#include <bit>

#include "kernels/simd.hpp"

namespace simrun {
namespace {

constexpr std::uint32_t infinite = 0x7F80;

/// Half an ulp, or just less where the last bit that is kept is even, carries into what is kept.
SIMRUN_INLINE std::uint32_t to_bfloat16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
  return (bits & 0x7FFFFFFFU) > 0x7F800000U ? 0x7FC0U : rounded;
}

SIMRUN_INLINE float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

}  // namespace

SIMRUN_EVERY_SIMD bool convert_to_bfloat16(const float* x, std::size_t count, std::uint16_t* out) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = to_bfloat16(x[i]);
    const std::uint32_t magnitude = bits & 0x7FFFU;
    largest = largest < magnitude ? magnitude : largest;
    out[i] = static_cast<std::uint16_t>(bits);
  }
  return largest < infinite;
}

SIMRUN_EVERY_SIMD void convert_from_bfloat16(const std::uint16_t* values, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = from_bfloat16(values[i]);
}

SIMRUN_EVERY_SIMD void add_weighted_bfloat16(const std::uint16_t* values, std::size_t count, float weight, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] += weight * from_bfloat16(values[i]);
}

SIMRUN_EVERY_SIMD void add_to_bfloat16(const std::uint16_t* values, std::size_t count, std::uint16_t* sum) {
  for (std::size_t i = 0; i < count; ++i)
    sum[i] = static_cast<std::uint16_t>(to_bfloat16(from_bfloat16(sum[i]) + from_bfloat16(values[i])));
}

}  // namespace simrun
