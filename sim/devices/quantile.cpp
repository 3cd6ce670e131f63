#include "sim/devices/quantile.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {

double quantile(std::span<const double> ascending, double share) {
  const double rank = share * static_cast<double>(ascending.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const std::size_t high = std::min(low + 1, ascending.size() - 1);
  return ascending[low] + (rank - std::floor(rank)) * (ascending[high] - ascending[low]);
}

}  // namespace simrun
