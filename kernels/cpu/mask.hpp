#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/finite.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace simrun {

#if defined(__SSE2__)

/// One bit a lane of four comparison results, of which each lane is all ones or all zeros.
inline std::uint32_t lane_bits(__m128i a, __m128i b, __m128i c, __m128i d) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d))));
}

/// Bit j is set where the key of x[j] is at least `bound` (at most 2^31), for 64 elements.
inline std::uint64_t mask_at_least(const float* x, std::uint32_t bound) {
  // Keys have 31 bits, so that a signed comparison orders them.
  const __m128i below = _mm_set1_epi32(static_cast<int>(bound - 1));
  const __m128i magnitude = _mm_set1_epi32(0x7FFFFFFF);
  const auto reaches = [&](const float* at) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm_cmpgt_epi32(_mm_and_si128(bits, magnitude), below);
  };
  std::uint64_t mask = 0;
  for (unsigned j = 0; j < 64; j += 16) {
    const std::uint32_t bits = lane_bits(reaches(x + j), reaches(x + j + 4), reaches(x + j + 8), reaches(x + j + 12));
    mask |= std::uint64_t{bits} << j;
  }
  return mask;
}

#else

inline std::uint64_t mask_at_least(const float* x, std::uint32_t bound) {
  std::uint64_t mask = 0;
  for (unsigned j = 0; j < 64; ++j) mask |= std::uint64_t{magnitude_key(x[j]) >= bound} << j;
  return mask;
}

#endif

/// Calls visit(i) for every i, ascending, where the key of x[i] is in [low, high), high <= 2^31. Fast where those are
/// few.
template <class Visit>
void for_each_in_range(std::span<const float> x, std::uint32_t low, std::uint32_t high, const Visit& visit) {
  constexpr std::uint32_t no_limit = 0x80000000;
  std::size_t i = 0;
  for (; i + 64 <= x.size(); i += 64) {
    std::uint64_t mask = mask_at_least(x.data() + i, low);
    if (high < no_limit) mask &= ~mask_at_least(x.data() + i, high);
    for (; mask != 0; mask &= mask - 1) visit(i + static_cast<std::size_t>(std::countr_zero(mask)));
  }
  for (; i < x.size(); ++i) {
    if (magnitude_key(x[i]) >= low && magnitude_key(x[i]) < high) visit(i);
  }
}

/// The same without an upper bound.
template <class Visit>
void for_each_at_least(std::span<const float> x, std::uint32_t bound, const Visit& visit) {
  for_each_in_range(x, bound, 0x80000000, visit);
}

}  // namespace simrun
