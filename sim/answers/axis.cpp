#include "sim/answers/axis.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {
namespace {

constexpr double one_value = 1.01;  ///< ratio of two values that are one for users
constexpr int steps = 4;            ///< to three decades

/// Four digits, so that values are told as they were looked at.
double in_four_digits(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 3);
  return std::round(value / unit) * unit;
}

std::vector<double> decades(double from, double direction, double least, double most) {
  std::vector<double> values;
  for (int i = 1; i <= steps; ++i) {
    const double value = in_four_digits(from * std::pow(10, direction * 3 * i / steps));
    if (value >= least && value <= most) values.push_back(value);
  }
  return values;
}

std::string in_digits(double value) {
  return Json(value).dump();
}

double between(const ClusterAxis& axis, double a, double b) {
  if (axis.step > 0) return axis.step * std::floor((a + b) / 2 / axis.step);
  return in_four_digits(std::sqrt(a * b));
}

bool is_narrow(const ClusterAxis& axis, double a, double b) {
  const double low = std::min(a, b);
  const double high = std::max(a, b);
  if (axis.step > 0) return high - low <= axis.step;
  return low <= 0 || high <= one_value * low;
}

/// By which all links of a platform file are multiplied.
ClusterAxis factor_axis(const std::string& what, double now) {
  const double least = 1 / PlatformFile::most_factor;
  return {.name = what + " of the platform's links",
          .path = "network." + what + "_factor",
          .now = now,
          .below = decades(now, -1, least, PlatformFile::most_factor),
          .above = decades(now, 1, least, PlatformFile::most_factor),
          .json = [](double value) { return Json(value); },
          .shown = [](double value) { return value == 1 ? "the file's" : show(value) + " times the file's"; }};
}

}  // namespace

ClusterAxis bandwidth_axis(const Scenario& scenario) {
  const auto* file = std::get_if<PlatformFile>(&scenario.network.topology);
  if (file != nullptr) return factor_axis("bandwidth", file->bandwidth_factor);
  const double now = 8 * scenario.network.bandwidth.value;
  return ClusterAxis{.name = "bandwidth",
                     .path = "network.bandwidth",
                     .now = now,
                     .below = decades(now, -1, 8, 8e15),
                     .above = decades(now, 1, 8, 8e15),
                     .json = [](double value) { return Json(in_digits(value) + " bps"); },
                     .shown = [](double value) { return show_rate(BytesPerSecond(value / 8)); }};
}

ClusterAxis latency_axis(const Scenario& scenario) {
  const auto* file = std::get_if<PlatformFile>(&scenario.network.topology);
  if (file != nullptr) return factor_axis("latency", file->latency_factor);
  const double now = scenario.network.latency.value;
  const double least = 1e-9;
  return ClusterAxis{.name = "latency",
                     .path = "network.latency",
                     .now = now,
                     .below = now > 0 ? decades(now, -1, least, 1000) : std::vector<double>{},
                     .above = decades(now > 0 ? now : 1e-7, 1, least, 1000),
                     .json = [](double value) { return Json(in_digits(value) + " s"); },
                     .shown = [](double value) { return show(Seconds(value)); }};
}

ClusterAxis workers_axis(const Scenario& scenario) {
  const int now = scenario.workers;
  ClusterAxis axis{.name = "workers",
                   .path = "workers",
                   .now = static_cast<double>(now),
                   .step = now > scenario.network.gpus_per_host ? scenario.network.gpus_per_host : 1,
                   .json = [](double value) { return Json(static_cast<std::int64_t>(value)); },
                   .shown = [](double value) { return std::to_string(static_cast<std::int64_t>(value)); }};
  const int least = std::max(2, axis.step);
  for (int m = now; m > least;) {
    m = std::max(least, m / 2 / axis.step * axis.step);
    axis.below.push_back(m);
  }
  for (int m = 2 * now; m <= 4 * now && m <= 65536; m *= 2) axis.above.push_back(m);
  return axis;
}

std::optional<Onset> find_onset(const ClusterAxis& axis, double from, const std::vector<double>& values,
                                const std::vector<std::size_t>& all, const Holds& holds) {
  double before = from;
  for (const double value : values) {
    Onset found{value, holds(value, all)};
    while (!found.who.empty() && !is_narrow(axis, before, found.value)) {
      const double middle = between(axis, before, found.value);
      std::vector<std::size_t> who = holds(middle, found.who);
      if (who.empty())
        before = middle;
      else
        found = {middle, std::move(who)};
    }
    if (!found.who.empty()) return found;
    before = value;
  }
  return std::nullopt;
}

}  // namespace simrun
