#include "sim/devices/device_profile.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace simrun {

double Drift::worst() const {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value / values.front() - 1));
  return most;
}

double Drift::range() const {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return std::log(*most / *least);
}

namespace {

/// Half of a normal distribution's values lie within 0.674 standard deviations of its mean, 90 % within 1.645.
constexpr double normal_p95_over_median = 1.645 / 0.674;

/// The root mean square over what was measured three times.
double drift_of(const std::optional<Measurement>& measurement) {
  if (!measurement || measurement->drift.empty()) return 0;
  double squares = 0;
  for (const Drift& drift : measurement->drift) squares += drift.range() * drift.range();
  return std::sqrt(squares / static_cast<double>(measurement->drift.size()));
}

}  // namespace

Seconds DeviceProfile::seconds(const Step& step) const {
  const CostTable& table = operations.at(step.operation).table;
  const std::vector<double> place = place_of(step.work, table);
  double time = table.at(place);
  if (table.goes_beyond(place)) {
    const double bytes = operation_entry(step.operation).bytes.of(step.work);
    time = std::max(time, bytes / bandwidth.value);
  }
  return Seconds(time);
}

std::vector<Step> DeviceProfile::steps(const Work& work) const {
  const bool of_codec = work.stage == Stage::encode || work.stage == Stage::decode;
  const std::string own = of_codec ? operation_name(work.stage, std::string(work.codec)) : std::string();
  // Names of layouts are not meant here.
  const auto is_own = [&](const OperationEntry& entry) { return entry.name == own; };
  if (!of_codec || operations.count(own) == 0 || std::ranges::none_of(codec_operations(), is_own))
    return steps_of(work);
  Work one = work;
  one.parts = 1;
  std::vector<Step> all = {{own, one, work.stage == Stage::decode ? work.parts : 1.0}};
  for (Step& step : steps_of(work)) {
    const Stage stage = operation_entry(step.operation).stage;
    if (stage == Stage::index_encode || stage == Stage::index_decode) all.push_back(std::move(step));
  }
  return all;
}

Seconds DeviceProfile::seconds(const Work& work) const {
  Seconds sum;
  for (const Step& step : steps(work)) sum += step.times * seconds(step);
  return sum;
}

Band DeviceProfile::band(const Step& step) const {
  const OperationTimes& times = operations.at(step.operation);
  // Scaled tables keep the spread of what they were scaled from, which says nothing about the scaling.
  if (times.provenance != "measured" || !times.spread) return {};
  const NearestPoint near = times.table.nearest(place_of(step.work, times.table));
  const double median = times.table.seconds()[near.point];
  const double between = near.is_there ? 0 : normal_p95_over_median * std::log1p(times.spread->error.median);
  const double shared = std::hypot(between, drift_of(measurement));
  return {std::exp(-std::hypot(std::log(median / times.spread->p5[near.point]), shared)),
          std::exp(std::hypot(std::log(times.spread->p95[near.point] / median), shared))};
}

namespace {

/// Where a product of elements with a sum is met: exactly along elements and entries, to 1 % along the others.
std::vector<double> grid_of_bytes(Axis axis) {
  if (axis == Axis::elements || axis == Axis::entries) return {1, 0x1p32};
  std::vector<double> values;
  const double first = axis == Axis::density ? 0x1p-32 : 1;
  const double last = axis == Axis::density ? 4 : 0x1p16;
  for (double value = first; value <= last; value *= 4) values.push_back(value);
  return values;
}

Work work_at(std::span<const CostTable::GridAxis> axes, std::span<const double> place) {
  Work work;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].axis == Axis::elements) work.elements = place[i];
    if (axes[i].axis == Axis::entries) work.entries = place[i];
    if (axes[i].axis == Axis::parts) work.parts = place[i];
    if (axes[i].axis == Axis::density) work.entries = place[i] * work.elements;
  }
  return work;
}

}  // namespace

OperationTimes times_from_bytes(const OperationEntry& operation, BytesPerSecond bandwidth) {
  std::vector<CostTable::GridAxis> axes;
  for (const Axis axis : operation.axes) axes.push_back({axis, grid_of_bytes(axis)});
  std::vector<double> seconds;
  for (std::size_t point = 0; point < points_of_grid(axes); ++point)
    seconds.push_back(operation.bytes.of(work_at(axes, place_on_grid(axes, point))) / bandwidth.value);
  return {.provenance = "scaled",
          .source = "not in the profile: the fewest bytes that it moves, at the memory's bandwidth",
          .table = CostTable(std::move(axes), std::move(seconds)),
          .spread = std::nullopt};
}

std::string profile_name(const std::string& device) {
  std::string name;
  for (const char c : device) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  return name;
}

DeviceProfile scaled_to(const DeviceProfile& profile, const std::string& name, BytesPerSecond bandwidth) {
  const double factor = profile.bandwidth / bandwidth;
  const std::string how = "scaled by memory bandwidth, " + show(profile.bandwidth) + " over " + show(bandwidth);
  const auto scale = [&](std::vector<double> times) {
    for (double& time : times) time *= factor;
    return times;
  };
  DeviceProfile scaled = profile;
  if (profile.provenance == "measured" && profile.uuid.empty()) scaled.scaled_processor = profile.name;
  scaled.name = name;
  scaled.device = name + ", " + show(bandwidth);
  scaled.uuid.clear();
  scaled.provenance = "scaled";
  scaled.source =
      profile.name + " (" + profile.provenance + "; " + profile.device + "; " + profile.source + "), " + how;
  scaled.bandwidth = bandwidth;
  for (auto& [operation, times] : scaled.operations) {
    times.source =
        profile.name + ", " + times.provenance + (times.source.empty() ? "" : " (" + times.source + ")") + ", " + how;
    times.provenance = "scaled";
    times.table = CostTable(times.table.axes(), scale(times.table.seconds()));
    if (!times.spread) continue;
    for (auto* quantile : {&times.spread->p5, &times.spread->p25, &times.spread->p75, &times.spread->p95})
      *quantile = scale(std::move(*quantile));
  }
  return scaled;
}

}  // namespace simrun
