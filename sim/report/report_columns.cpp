#include "sim/report/report_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/scenario/resolved.hpp"
#include "sim/study/method_memory.hpp"
#include "sim/study/point_columns.hpp"
#include "sim/text/json.hpp"
#include "sim/text/table.hpp"

namespace simrun {
namespace {

std::string three_digits(double value) {
  return fmt::format("{:.{}f}", value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

/// 0 is what stands where no encoding is short enough.
std::string break_even_text(const RunPoint& at) {
  if (!at.break_even) return "";
  return at.break_even->value == 0 ? "never" : show(*at.break_even);
}

std::string interval_text(const RunPoint& at) {
  const auto& interval = at.times.interval;
  return interval ? show(interval->low) + " to " + show(interval->high) : "";
}

std::optional<double> if_finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// Nothing where there is no number.
template <typename Show>
std::string shown_if(const std::optional<double>& value, const Show& show) {
  return value ? show(*value) : "";
}

/// Nothing where nothing is sent.
std::string ratio_text(const RunPoint& at) {
  const double ratio = 4.0 * static_cast<double>(at.scenario.elements()) / at.result.payload_bytes;
  return shown_if(if_finite(ratio), [](double r) { return three_digits(r) + "x"; });
}

Json end_of(const RunPoint& at, Seconds Interval::*end) {
  return at.times.interval ? Json(((*at.times.interval).*end).value) : Json();
}

const Point& point_of(const RunPoint& at) {
  return at.point;
}

bool has_local_steps(const Study& study) {
  return std::ranges::any_of(study.points, [](const Point& point) { return point.scenario.method.local.is_local(); });
}

bool has_hosts_of_gpus(const Study& study) {
  return std::ranges::any_of(study.points, [](const Point& point) { return point.scenario.network.gpus_per_host > 1; });
}

/// Hosts that the workers, a GPU each, are on.
int hosts_of(const Scenario& scenario) {
  const int gpus = scenario.network.gpus_per_host;
  return (scenario.workers + gpus - 1) / gpus;
}

/// True if the profile's times are of another program's kernels.
bool is_of_others(const DeviceProfile& profile) {
  return profile.implementation != "simrun";
}

/// The device's name, and whose times they are where that is another program.
std::string device_text(const RunPoint& at) {
  const DeviceProfile& device = *at.scenario.device;
  return device.name + (is_of_others(device) ? ", " + device.implementation : "");
}

/// The last part of a swept key, where no other ends with it; else all of it.
std::string heading_of(const std::string& key, const Study& study) {
  const std::string end = key.substr(key.rfind('.') + 1);
  const auto ends = [&](const auto& other) { return other.first == end || other.first.ends_with("." + end); };
  return std::ranges::count_if(study.keys, ends) > 1 ? key : end;
}

/// The label, and what tells points of one label apart.
std::vector<TextColumn> setting_text(const Study& study, const Columns<RunPoint>& columns) {
  using At = const RunPoint&;
  std::vector<TextColumn> shown = {
      {"method", [](At at) { return at.point.label; }},
      {"M", [](At at) { return std::to_string(at.scenario.workers); }},
  };
  if (has_hosts_of_gpus(study)) shown.push_back({"hosts", [](At at) { return std::to_string(hosts_of(at.scenario)); }});
  shown.push_back({"K/N", [](At at) { return shown_if(density_of(at.scenario), [](double d) { return show(d); }); }});
  // What the label or a column of all tables tells needs none of its own.
  const std::set<std::string> told = {"workers",     "density",   "k",     "collective",   "grouping",  "hierarchy",
                                      "local_steps", "fragments", "delay", "merge_weight", "full_every"};
  for (const auto& [key, count] : study.keys) {
    if (told.count(key) != 0) continue;
    if (key == "device") {
      shown.push_back({key, device_text});
      continue;
    }
    const auto column = std::find_if(columns.rbegin(), columns.rend(), [&](const auto& c) { return c.name == key; });
    shown.push_back({heading_of(key, study), [value = column->value](At at) { return table_cell(value(at)); }});
  }
  return shown;
}

}  // namespace

std::optional<double> RunPoint::samples_per_second() const {
  return if_finite(static_cast<double>(scenario.workers) * static_cast<double>(scenario.batch_per_worker) /
                   times.iteration.value);
}

Bytes RunPoint::device_memory() const {
  return method_memory(scenario, result);
}

std::optional<double> RunPoint::scaling_efficiency() const {
  return if_finite(scenario.computing() / times.iteration);
}

std::optional<double> RunPoint::utilization() const {
  return if_finite(times.compute / times.iteration);
}

namespace {

/// That the sweep may give, and that have a column in any case.
const std::set<std::string> keys_with_columns = {"workers",  "density",   "k",     "index", "collective",
                                                 "grouping", "hierarchy", "model", "device"};

Columns<RunPoint> local_steps_columns(const Study& study) {
  using At = const RunPoint&;
  Columns<RunPoint> columns = {
      {"local_steps", [](At at) { return at.scenario.method.local.steps; }},
      {"fragments", [](At at) { return at.scenario.method.local.fragments; }},
      {"delay", [](At at) { return at.scenario.method.local.delay; }},
      {"merge_weight", [](At at) { return at.scenario.method.local.merge_weight; }},
      {"exchange_s", [](At at) { return at.times.exchange ? Json(at.times.exchange->value) : Json(); }},
      {"utilization", [](At at) { return or_null(at.utilization()); }},
  };
  if (std::ranges::any_of(study.points, [](const Point& point) { return point.scenario.method.local.full_every > 0; }))
    columns.push_back({"full_every", [](At at) { return at.scenario.method.local.full_every; }});
  return columns;
}

}  // namespace

Columns<RunPoint> report_columns(const Study& study) {
  using At = const RunPoint&;
  static const Columns<RunPoint> of_all_points = {
      {"index", [](At at) { return index_of(at.scenario); }},
      {"collective", [](At at) { return at.scenario.method.collective->name; }},
      {"model", [](At at) { return at.scenario.model->name; }},
      {"parameters", [](At at) { return at.scenario.elements(); }},
      {"payload_bytes", [](At at) { return count_of(at.result.payload_bytes); }},
      {"result_bytes", [](At at) { return at.times.result_bytes; }},
      {"sent_bytes", [](At at) { return at.times.sent_bytes; }},
      {"received_bytes", [](At at) { return at.times.received_bytes; }},
      {"compute_s", [](At at) { return at.times.compute.value; }},
      {"encode_s", [](At at) { return at.times.encode.value; }},
      {"communication_s", [](At at) { return at.times.communication.value; }},
      {"decode_s", [](At at) { return at.times.decode.value; }},
      {"iteration_s", [](At at) { return at.times.iteration.value; }},
      {"samples_per_s", [](At at) { return or_null(at.samples_per_second()); }},
      {"scaling_efficiency", [](At at) { return or_null(at.scaling_efficiency()); }},
      {"speedup_over_sgd", [](At at) { return at.speedup ? or_null(if_finite(*at.speedup)) : Json(); }},
      {"device", [](At at) { return at.scenario.device->name; }},
      {"network_model", [](At at) { return at.is_measured ? Json() : Json(name_of(at.scenario.network.model)); }},
      {"source", [](At at) { return at.is_measured ? "measured" : "simulated"; }},
      {"staging_s", [](At at) { return at.times.staging.value; }},
      {"iteration_low_s", [](At at) { return end_of(at, &Interval::low); }},
      {"iteration_high_s", [](At at) { return end_of(at, &Interval::high); }},
      {"encode_break_even_s", [](At at) { return at.break_even ? Json(at.break_even->value) : Json(); }},
  };
  Columns<RunPoint> columns;
  append_columns(columns, setting_columns(), point_of);
  columns.insert(columns.end(), of_all_points.begin(), of_all_points.end());
  if (study.gives_groupings)
    columns.push_back({"grouping", [](At at) { return at.scenario.resolved->at("schedule").at("grouping"); }});
  if (has_hosts_of_gpus(study)) {
    columns.push_back({"hosts", [](At at) { return hosts_of(at.scenario); }});
    columns.push_back({"hierarchy", [](At at) { return name_of(at.scenario.method.hierarchy); }});
  }
  if (std::ranges::any_of(study.points, [](const Point& point) { return is_of_others(*point.scenario.device); }))
    columns.push_back({"implementation", [](At at) { return at.scenario.device->implementation; }});
  std::set<std::string> swept;
  for (const auto& [key, count] : study.keys) swept.insert(key);
  append_columns(columns, parameter_columns(study, swept), point_of);
  const Columns<RunPoint> last = has_local_steps(study) ? local_steps_columns(study) : Columns<RunPoint>();
  std::set<std::string> shown = keys_with_columns;
  for (const Column<RunPoint>& column : last) shown.insert(column.name);
  append_columns(columns, swept_columns(study, shown), point_of);
  columns.push_back({"device_memory_bytes", [](At at) { return count_of(at.device_memory().value); }});
  columns.insert(columns.end(), last.begin(), last.end());
  return columns;
}

TextColumns table_columns(const Study& study, const Columns<RunPoint>& columns, const std::vector<RunPoint>& points) {
  using At = const RunPoint&;
  const auto any = [&](auto&& has) { return std::any_of(points.begin(), points.end(), has); };
  TextColumns shown;
  shown.setting = setting_text(study, columns);
  shown.outcomes = {
      {"payload", [](At at) { return show(Bytes(at.result.payload_bytes)); }},
      {"iteration", [](At at) { return show(at.times.iteration); }},
      {"samples/s", [](At at) { return shown_if(at.samples_per_second(), three_digits); }},
      {"efficiency", [](At at) { return shown_if(at.scaling_efficiency(), [](double e) { return percent(e); }); }},
      {"speed-up", [](At at) { return shown_if(at.speedup, [](double s) { return three_digits(s) + "x"; }); }},
  };
  if (has_local_steps(study))
    shown.outcomes.push_back(
        {"utilization", [](At at) { return shown_if(at.utilization(), [](double u) { return percent(u); }); }});
  if (any([](At at) { return at.times.interval.has_value(); }))
    shown.outcomes.insert(shown.outcomes.begin() + 2, {"interval (90 %)", interval_text});
  shown.parts = {
      {"ratio", ratio_text},
      {"compute", [](At at) { return show(at.times.compute); }},
      {"encode", [](At at) { return show(at.times.encode); }},
      {"communication", [](At at) { return show(at.times.communication); }},
      {"decode", [](At at) { return show(at.times.decode); }},
      {"memory", [](At at) { return show(at.device_memory()); }},
  };
  if (has_local_steps(study))
    shown.parts.push_back({"exchange", [](At at) { return at.times.exchange ? show(*at.times.exchange) : ""; }});
  if (any([](At at) { return at.times.staging.value > 0; }))
    shown.parts.insert(shown.parts.end() - 1, {"staging", [](At at) { return show(at.times.staging); }});
  if (any([](At at) { return at.break_even.has_value(); })) shown.parts.push_back({"break-even", break_even_text});
  return shown;
}

}  // namespace simrun
