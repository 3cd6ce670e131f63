#include "sim/devices/device_profile.hpp"

#include <fmt/format.h>

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

/// The root mean square over all that was measured again.
double drift_of(const std::optional<Measurement>& measurement) {
  if (!measurement || measurement->drift.empty()) return 0;
  double squares = 0;
  for (const Drift& drift : measurement->drift) squares += drift.range() * drift.range();
  return std::sqrt(squares / static_cast<double>(measurement->drift.size()));
}

/// "simrun's kernels: 1 launches of 3.00 us, 4.125 bytes an element over 70 % of the memory's bandwidth"
std::string describe(const KernelWork& kernels, const KernelModel& model) {
  std::string bytes;
  const auto add = [&](double count, const char* of) {
    if (count > 0) bytes += fmt::format("{}{:g}{}", bytes.empty() ? "" : ", ", count, of);
  };
  add(kernels.bytes.per_element, " bytes an element");
  add(kernels.bytes.per_element_and_part, " bytes an element and payload");
  add(kernels.bytes.per_entry, " bytes an entry");
  std::string text =
      fmt::format("simrun's kernels: {:g} launches of {}, {} over {:.0f} % of the memory's bandwidth", kernels.launches,
                  show(Seconds(model.launch.typical)), bytes, 100 * model.share.typical);
  if (model.multiprocessors) {
    text += fmt::format("; clock cycles as seen on an H200, of {:g} multiprocessors at {:g} GHz",
                        model.multiprocessors->count, model.multiprocessors->clock / 1e9);
  }
  return text;
}

}  // namespace

Seconds DeviceProfile::seconds(const Step& step) const {
  const OperationTimes& times = operations.at(step.operation);
  if (times.provenance == "modelled")
    return modelled(times, step, model.launch.typical, model.share.typical, model.cycles.typical);
  const std::vector<double> place = place_of(step.work, times.table);
  double time = times.table.at(place);
  if (times.table.goes_beyond(place)) {
    const double bytes = operation_entry(step.operation).bytes.of(step.work) - step.work.saved_a_read();
    time = std::max(time, bytes / bandwidth.value);
  }
  return Seconds(time);
}

Seconds DeviceProfile::modelled(const OperationTimes& times, const Step& step, double launch, double share,
                                double cycles) const {
  const KernelWork& kernels = times.kernels;
  const double launching = kernels.launches_of(step.work) * launch;
  const double moving = kernels.bytes_of(step.work) / (share * bandwidth.value);
  if (!model.multiprocessors) return Seconds(launching + moving);
  const auto& [count, clock] = *model.multiprocessors;
  const double waiting = cycles * kernels.serial_cycles_of(step.work) / clock;
  const double working = kernels.is_small(step.work) ? 1 : count;
  return Seconds(launching + waiting +
                 std::max(moving, cycles * kernels.shared_cycles_of(step.work) / (clock * working)));
}

std::vector<Step> DeviceProfile::steps(const Work& work) const {
  if (work.stage == Stage::combine && !work.codec.empty()) {
    Work one = work;
    one.stage = Stage::decode;
    std::vector<Step> all = steps(one);
    one.stage = Stage::encode;
    one.parts = 1;
    one.entries = work.result_entries;
    for (Step& step : steps(one)) all.push_back(std::move(step));
    return all;
  }
  const bool of_codec = work.stage == Stage::encode || work.stage == Stage::decode;
  // The leader of a step selects as its layout says; its codec's operation is what the others do.
  const bool leads = work.kind == PayloadKind::indices && work.leads;
  if (!of_codec || leads || work.entries + work.elements == 0) return steps_of(work);
  if (work.parts == 0) return {};
  const std::string own = operation_name(work.stage, std::string(work.codec));
  // Names of layouts are not meant here.
  const auto is_own = [&](const OperationEntry& entry) { return entry.name == own; };
  if (operations.count(own) == 0 || std::ranges::none_of(codec_operations(), is_own)) return steps_of(work);
  Work one = work;
  one.parts = 1;
  one.entries = work.entries / work.parts;
  std::vector<Step> all = {{own, one, work.parts}};
  if (work.kind == PayloadKind::indices) return all;
  for (Step& step : coding_steps_of(work)) all.push_back(std::move(step));
  return all;
}

Seconds DeviceProfile::seconds(const Work& work) const {
  Seconds sum;
  for (const Step& step : steps(work)) sum += step.times * seconds(step);
  return sum;
}

Band DeviceProfile::band(const Step& step) const {
  const OperationTimes& times = operations.at(step.operation);
  if (times.provenance == "modelled") {
    const Seconds typical = seconds(step);
    return {modelled(times, step, model.launch.low, model.share.high, model.cycles.low) / typical,
            modelled(times, step, model.launch.high, model.share.low, model.cycles.high) / typical};
  }
  // Scaled tables keep the spread of what they were scaled from, which says nothing about the scaling.
  if (times.provenance != "measured" || !times.spread) return times.range;
  const NearestPoint near = times.table.nearest(place_of(step.work, times.table));
  const double median = times.table.seconds()[near.point];
  const double between = near.is_there ? 0 : normal_p95_over_median * std::log1p(times.spread->error.median);
  const double shared = std::hypot(between, drift_of(measurement));
  return {std::exp(-std::hypot(std::log(median / times.spread->p5[near.point]), shared)),
          std::exp(std::hypot(std::log(times.spread->p95[near.point] / median), shared))};
}

void DeviceProfile::add_modelled() {
  const auto add = [&](const OperationEntry& operation) {
    if (operation.kernels.launches == 0) return;
    OperationTimes times{
        .provenance = "modelled", .source = describe(operation.kernels, model), .table = {}, .spread = {}};
    times.kernels = operation.kernels;
    operations.try_emplace(operation.name, std::move(times));
  };
  for (const OperationEntry& operation : profile_operations()) add(operation);
  for (const OperationEntry& operation : codec_operations()) add(operation);
}

bool DeviceProfile::is_of_processor() const {
  const bool is_gpu = !uuid.empty() || model.multiprocessors;
  return !scaled_processor.empty() || (provenance == "measured" && !is_gpu);
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

std::string with_precision(const std::string& name, Precision precision) {
  return precision == Precision::fp32 ? name : name + "-" + name_of(precision);
}

DeviceProfile scaled_to(const DeviceProfile& profile, const std::string& name, BytesPerSecond bandwidth) {
  const double factor = profile.bandwidth / bandwidth;
  const std::string how = "scaled by memory bandwidth, " + show(profile.bandwidth) + " over " + show(bandwidth);
  const auto scale = [&](std::vector<double> times) {
    for (double& time : times) time *= factor;
    return times;
  };
  DeviceProfile scaled = profile;
  if (profile.is_of_processor() && profile.scaled_processor.empty()) scaled.scaled_processor = profile.name;
  scaled.name = name;
  scaled.device = name + ", " + show(bandwidth);
  scaled.uuid.clear();
  scaled.provenance = "scaled";
  scaled.source =
      profile.name + " (" + profile.provenance + "; " + profile.device + "; " + profile.source + "), " + how;
  scaled.bandwidth = bandwidth;
  for (auto& [operation, times] : scaled.operations) {
    if (times.provenance == "modelled") continue;
    times.source =
        profile.name + ", " + times.provenance + (times.source.empty() ? "" : " (" + times.source + ")") + ", " + how;
    times.provenance = "scaled";
    times.range = {};  // says nothing about the scaling, as the spread does not
    times.table = CostTable(times.table.axes(), scale(times.table.seconds()));
    if (!times.spread) continue;
    for (auto* quantile : {&times.spread->p5, &times.spread->p25, &times.spread->p75, &times.spread->p95})
      *quantile = scale(std::move(*quantile));
  }
  return scaled;
}

}  // namespace simrun
