#include "sim/answers/standing.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "sim/payloads/payload_job.hpp"
#include "sim/study/method_memory.hpp"

namespace simrun {
namespace {

Deviation in_quadrature(const Deviation& a, const Deviation& b) {
  return {Seconds(std::hypot(a.shorter.value, b.shorter.value)), Seconds(std::hypot(a.longer.value, b.longer.value))};
}

Deviation times_rounds(double rounds, const Deviation& deviation) {
  return {rounds * deviation.shorter, rounds * deviation.longer};
}

}  // namespace

Seconds Standing::value() const {
  return rounds ? rounds->median * times.iteration : times.iteration;
}

Deviations Standing::deviations() const {
  if (!rounds) return times.deviations;
  const Deviation of_rounds = {(rounds->median - rounds->least) * times.iteration,
                               (rounds->most - rounds->median) * times.iteration};
  const auto of_all = [&](const Deviation& one) { return times_rounds(rounds->median, one); };
  // Jitter of one iteration knows nothing of another's.
  const Deviation jitter = times_rounds(std::sqrt(rounds->median), times.deviations.jitter);
  return {of_all(times.deviations.device), of_all(times.deviations.network), times.deviations.own_network,
          in_quadrature(jitter, of_rounds), times.deviations.is_known};
}

Interval longer_by(const Point& other, const Standing& of_other, const Point& best, const Standing& of_best) {
  Deviations a = of_other.deviations();
  Deviations b = of_best.deviations();
  if (other.scenario.device->implementation != best.scenario.device->implementation) {
    for (Deviations* each : {&a, &b}) {
      each->jitter = in_quadrature(each->jitter, each->device);
      each->device = {};
    }
  }
  return difference(of_other.value(), a, of_best.value(), b);
}

std::vector<Standing> standings(const std::vector<Point>& points, const std::vector<PointResult>& results,
                                const LearningCurves* curves) {
  std::vector<Standing> all;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!results[i].times) continue;
    Standing standing{i, *results[i].times, method_memory(points[i].scenario, results[i])};
    if (curves != nullptr) {
      standing.rounds = curves->rounds(points[i].scenario);
      if (!standing.rounds || !std::isfinite(standing.rounds->median)) continue;
    }
    all.push_back(std::move(standing));
  }
  std::ranges::stable_sort(all, {}, [](const Standing& standing) { return standing.value().value; });
  return all;
}

std::vector<Standing> ways_of_fastest(const std::vector<Point>& points, const std::vector<Standing>& all) {
  const Scenario& fastest = points[all.front().point].scenario;
  std::vector<Standing> ways;
  std::ranges::copy_if(all, std::back_inserter(ways), [&](const Standing& standing) {
    const Scenario& other = points[standing.point].scenario;
    return other.method.method == fastest.method.method && other.method.local == fastest.method.local &&
           other.device == fastest.device && encoding_name(other) == encoding_name(fastest);
  });
  return ways;
}

std::vector<Standing> best_of_methods(const std::vector<Point>& points, const std::vector<Standing>& all) {
  std::vector<Standing> best;
  std::set<const MethodEntry*> seen;
  for (const Standing& standing : all) {
    if (seen.insert(points[standing.point].scenario.method.method).second) best.push_back(standing);
  }
  return best;
}

}  // namespace simrun
