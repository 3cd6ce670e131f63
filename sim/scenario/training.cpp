#include "sim/scenario/training.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace simrun {

double LearningRate::factor(std::int64_t round, std::int64_t rounds) const {
  if (std::holds_alternative<Cosine>(schedule))
    return (1 + std::cos(std::numbers::pi * static_cast<double>(round) / static_cast<double>(rounds))) / 2;
  double factor = 1;
  if (const auto* steps = std::get_if<Steps>(&schedule)) {
    for (const std::int64_t step : steps->rounds) factor *= round >= step ? steps->factor : 1;
  }
  return factor;
}

}  // namespace simrun
