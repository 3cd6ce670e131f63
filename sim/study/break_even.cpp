#include "sim/study/break_even.hpp"

#include <algorithm>

#include "sim/study/fastest.hpp"

namespace simrun {
namespace {

constexpr double tolerance = 1e-8;  ///< of an iteration: clocks have a grain
constexpr double narrow = 1e-9;     ///< of a factor

/// Whether anything is encoded: dense fp32 values are sent as they are.
bool encodes(const Scenario& scenario) {
  const MethodChoice& method = scenario.method;
  const std::vector<Group> groups = groups_of(scenario);
  if (std::ranges::all_of(groups, &Group::is_dense)) return false;
  return !method.codec->stands_alone || method.codec->make(method.options, nullptr)->kind() != PayloadKind::dense32;
}

}  // namespace

std::optional<std::size_t> break_even_with(const Study& study, const std::vector<PointResult>& results,
                                           std::size_t point) {
  const std::vector<std::size_t>& of_sgd = study.points[point].sgd;
  const bool is_of_sgd = std::find(of_sgd.begin(), of_sgd.end(), point) != of_sgd.end();
  if (is_of_sgd || !results[point].times || !encodes(study.points[point].scenario)) return std::nullopt;
  return fastest_sgd(study, results, point);
}

std::optional<Seconds> break_even(const Times& times, Seconds sgd) {
  if (!times.pause) return std::nullopt;
  const Seconds longest = std::max(Seconds(0), times.encode + sgd - times.iteration);
  // A shorter encoding brings exchanges nearer to each other; a longer one parts them.
  const Seconds left = *times.pause - std::max(Seconds(0), times.encode - longest);
  if (left < -tolerance * times.iteration) return std::nullopt;
  return longest;
}

Times search_break_even(const Times& times, Seconds sgd, const std::function<Times(double factor)>& simulated) {
  const auto beyond = [&](const Times& some) { return (some.iteration - sgd) / sgd; };
  Times best = simulated(0);
  if (beyond(best) > tolerance) return best;
  double low = 0;
  double below = beyond(best);
  // Encoding keeps the device from computing: with this much the iteration takes at least as long as sgd's.
  double high = (sgd - times.compute) / times.encode;
  double above = beyond(simulated(high));
  // The iteration is made of straight pieces, on each of which a chord hits; where one gains little, halving does.
  bool halve = false;
  while (below < -tolerance && high - low > narrow * high) {
    const double width = high - low;
    const double factor = halve ? low + width / 2 : low + width * below / (below - std::max(0.0, above));
    const Times now = simulated(factor);
    if (beyond(now) <= tolerance) {
      low = factor;
      below = beyond(now);
      best = now;
    } else {
      high = factor;
      above = beyond(now);
    }
    halve = !halve && high - low > width / 2;
  }
  return best;
}

}  // namespace simrun
