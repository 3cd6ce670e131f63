#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "kernels/primitives.hpp"

namespace simrun {

/// Orders floats by magnitude: larger |x|, larger key. -0 and +0 are equal; infinities and NaNs are above all others.
inline std::uint32_t magnitude_key(float x) {
  return std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU;
}

/// Key of infinity; no finite value reaches it.
constexpr std::uint32_t infinity_key = 0x7F800000U;

/// True if no element is a NaN or an infinity.
bool is_finite(std::span<const float> x);

/// Throws NonFiniteError if some element is a NaN or an infinity.
void check_finite(std::span<const float> x);

}  // namespace simrun
