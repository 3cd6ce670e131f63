#include "kernels/fitted_threshold.hpp"

#include <cmath>

namespace simrun {

FittedThreshold::FittedThreshold(std::size_t elements, std::size_t entries)
    : last_keeps(static_cast<double>(entries) / static_cast<double>(elements)),
      least((entries + too_few - 1) / too_few),
      most(most_entries(entries)) {
  for (; last_keeps < stage_keeps; ++stages) last_keeps /= stage_keeps;
}

double FittedThreshold::factor(unsigned stage) const {
  return -std::log(stage + 1 == stages ? last_keeps : stage_keeps);
}

}  // namespace simrun
