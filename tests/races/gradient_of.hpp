#pragma once

#include <utility>
#include <vector>

#include "kernels/cuda/gradient.hpp"

namespace simrun::cuda {

/// A gradient of float, Half or BFloat16, and its values.
template <class Gradient>
struct GradientOf {
  std::vector<float> values;
  std::vector<Gradient> elements;

  /// Rounded to what they can be.
  explicit GradientOf(std::vector<float> x) : values(std::move(x)) {
    if constexpr (std::is_same_v<Gradient, float>) {
      elements = values;
    } else {
      for (const std::uint16_t bits : narrowed(Gradient::precision, values)) elements.push_back({bits});
      round_to(Gradient::precision, values);
    }
  }
};

}  // namespace simrun::cuda
