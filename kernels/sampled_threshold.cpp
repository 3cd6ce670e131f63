#include "kernels/sampled_threshold.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {

std::uint64_t SampledThreshold::most_entries(std::uint64_t entries) {
  return static_cast<std::uint64_t>(std::floor(too_many * static_cast<double>(std::max<std::uint64_t>(entries, 1))));
}

SampledThreshold::SampledThreshold(std::size_t elements, std::size_t entries, std::uint64_t seed)
    : stride(std::max<std::size_t>(1, elements / std::max(least_sample, elements / sampled_of))),
      first(seed % stride),
      sample_size(first < elements ? (elements - first - 1) / stride + 1 : 0),
      least(static_cast<std::size_t>(std::max(1.0, std::ceil(too_few * static_cast<double>(entries))))),
      most(most_entries(entries)) {
  const double share = static_cast<double>(entries) / static_cast<double>(elements);
  sample_kept = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::llround(share * static_cast<double>(sample_size))), 1, sample_size);
}

}  // namespace simrun
