#include "sim/calibration/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/devices/quantile.hpp"

namespace simrun {
namespace {

/// True if the median is known to the rule's precision.
bool is_precise(const std::vector<double>& ascending, double precision) {
  const Ranks ranks = median_interval(ascending.size());
  return ascending[ranks.high] - ascending[ranks.low] <= precision * quantile(ascending, 0.5);
}

}  // namespace

Ranks median_interval(std::size_t n) {
  // As many values at each end may be left out as keep P(B < low) at 2.5 % or less, B binomial with n and 1/2.
  double term = std::exp2(-static_cast<double>(n));
  double below = 0;
  std::size_t low = 0;
  while (low < n / 2 && below + term <= 0.025) {
    below += term;
    ++low;
    term *= static_cast<double>(n - low + 1) / static_cast<double>(low);
  }
  // B < low for the value of rank low - 1 in counting from 0.
  const std::size_t first = low > 0 ? low - 1 : 0;
  return {first, n - 1 - first};
}

std::optional<Sample> sample(PreparedOperation& operation, const SamplingRule& rule, const ReadClock& now,
                             const std::function<bool()>& is_over) {
  Sample result;
  operation.run();
  result.verified_bytes = operation.check();
  const Seconds begin_of_warm_up = now();
  do {
    operation.run();
  } while (now() - begin_of_warm_up < rule.warm_up && !is_over());
  std::vector<double> times;
  const Seconds begin = now();
  const auto is_done = [&] {
    if (times.size() < rule.fewest) return false;
    if (times.size() >= rule.most || now() - begin >= rule.budget || is_over()) return true;
    return times.size() >= rule.enough && is_precise(times, rule.precision);
  };
  while (!is_done()) {
    if (times.size() < rule.fewest && is_over()) return std::nullopt;
    const double time = operation.run().value;
    times.insert(std::upper_bound(times.begin(), times.end(), time), time);
  }
  result.verified_bytes += operation.check();
  result.p5 = quantile(times, 0.05);
  result.p25 = quantile(times, 0.25);
  result.median = quantile(times, 0.5);
  result.p75 = quantile(times, 0.75);
  result.p95 = quantile(times, 0.95);
  result.n = times.size();
  return result;
}

}  // namespace simrun
