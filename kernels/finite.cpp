#include "kernels/finite.hpp"

#include <algorithm>
#include <string>

namespace simrun {
namespace {

bool is_non_finite(float x) {
  return magnitude_key(x) >= infinity_key;
}

/// Without an exit from the loop, which would keep the compiler from vectorising it.
bool has_non_finite(std::span<const float> x) {
  unsigned found = 0;
  for (const float value : x) found |= static_cast<unsigned>(is_non_finite(value));
  return found != 0;
}

}  // namespace

NonFiniteError::NonFiniteError(std::size_t where)
    : std::runtime_error("element " + std::to_string(where) + " is not a finite number"), element(where) {}

void check_finite(std::span<const float> x) {
  constexpr std::size_t block = 4096;
  for (std::size_t begin = 0; begin < x.size(); begin += block) {
    const auto part = x.subspan(begin, std::min(block, x.size() - begin));
    if (!has_non_finite(part)) continue;
    const auto first = std::find_if(part.begin(), part.end(), is_non_finite);
    throw NonFiniteError(begin + static_cast<std::size_t>(first - part.begin()));
  }
}

}  // namespace simrun
