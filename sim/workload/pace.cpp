#include "sim/workload/pace.hpp"

#include <cmath>
#include <numbers>

#include "kernels/philox.hpp"

namespace simrun {
namespace {

/// In (0, 1).
double uniform(std::uint32_t more, std::uint32_t less) {
  const std::uint64_t bits = (std::uint64_t{more} << 32 | less) >> 12;
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

/// Source: Box and Muller, Annals of Mathematical Statistics, 1958.
double standard_normal(const PhiloxBlock& words) {
  const double radius = std::sqrt(-2 * std::log(uniform(words[0], words[1])));
  return radius * std::cos(2 * std::numbers::pi * uniform(words[2], words[3]));
}

}  // namespace

double Pace::factor(int worker, std::uint64_t iteration) const {
  double factor = 1;
  for (const Straggler& straggler : stragglers) {
    if (straggler.worker == worker) factor = straggler.factor;
  }
  if (!jitters()) return factor;
  // exp(s z - s^2 / 2), z standard normal, has mean 1 and variance exp(s^2) - 1.
  const double variance = std::log1p(jitter * jitter);
  const auto key = static_cast<std::uint64_t>(seed);
  const double z = standard_normal(
      philox4x32_10({low_word(iteration), high_word(iteration), static_cast<std::uint32_t>(worker), 0}, key));
  return factor * std::exp(std::sqrt(variance) * z - variance / 2);
}

}  // namespace simrun
