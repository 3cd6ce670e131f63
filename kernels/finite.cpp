#include "kernels/finite.hpp"

#include <algorithm>
#include <string>

#include "kernels/simd.hpp"

namespace simrun {
namespace {

SIMRUN_INLINE bool is_non_finite(float x) {
  return magnitude_key(x) >= infinity_key;
}

}  // namespace

/// Without an exit from the loop, which would keep the compiler from vectorising it.
SIMRUN_EVERY_SIMD bool is_finite(std::span<const float> x) {
  unsigned found = 0;
  for (const float value : x) found |= static_cast<unsigned>(is_non_finite(value));
  return found == 0;
}

NonFiniteError::NonFiniteError(std::size_t where)
    : std::runtime_error("element " + std::to_string(where) + " is not a finite number"), element(where) {}

void check_finite(std::span<const float> x) {
  constexpr std::size_t block = 4096;
  for (std::size_t begin = 0; begin < x.size(); begin += block) {
    const auto part = x.subspan(begin, std::min(block, x.size() - begin));
    if (is_finite(part)) continue;
    const auto first = std::find_if(part.begin(), part.end(), is_non_finite);
    throw NonFiniteError(begin + static_cast<std::size_t>(first - part.begin()));
  }
}

}  // namespace simrun
