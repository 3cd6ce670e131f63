#include "sim/report/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "kernels/index_coding.hpp"
#include "sim/report/device_report.hpp"
#include "sim/scenario/resolved.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/study/break_even.hpp"
#include "sim/study/fastest.hpp"
#include "sim/text/csv.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

std::string three_digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f", value);
  return text.data();
}

/// 0 is what stands where no encoding is short enough.
std::string break_even_text(const Json& cell) {
  if (cell.is_null()) return "";
  const Seconds longest(cell.get<double>());
  return longest.value == 0 ? "never" : show(longest);
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : between) + part;
  return all;
}

std::string interval_text(const Times& times) {
  return times.interval ? show(times.interval->low) + " to " + show(times.interval->high) : "";
}

double samples_per_second(const Scenario& scenario, Seconds iteration) {
  return static_cast<double>(scenario.workers) * static_cast<double>(scenario.batch_per_worker) / iteration.value;
}

/// Against workers that neither compress nor communicate.
double scaling_efficiency(const Scenario& scenario, Seconds iteration) {
  return scenario.computing() / iteration;
}

void add_new(Json& list, const Json& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

/// The value that all points have, or the list of values; null if there is none.
Json one_or_list(const Json& values) {
  if (values.empty()) return nullptr;
  return values.size() == 1 ? values.front() : values;
}

Json finite_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

Report::Report(const Study& study, std::vector<PointResult> results, std::optional<MeasuredRun> measurement)
    : study_(study), results_(std::move(results)), measurement_(std::move(measurement)) {}

std::optional<Seconds> Report::break_even_of(std::size_t point) const {
  if (const auto& found = results_[point].break_even) return found;
  const auto sgd = break_even_with(study_, results_, point);
  if (!sgd) return std::nullopt;
  return break_even(*results_[point].times, results_[*sgd].times->iteration);
}

Row Report::columns(std::size_t point) const {
  const Scenario& scenario = study_.points[point].scenario;
  const PointResult& result = results_[point];
  const MethodChoice& method = scenario.method;
  const Times& times = *result.times;
  Json k = nullptr;
  Json density = nullptr;
  Json index = nullptr;
  if (method.codec->sparsifies) {
    k = scenario.entries();
    density =
        method.density ? *method.density : static_cast<double>(*method.k) / static_cast<double>(scenario.elements());
    index = index_coding(method.options.index).name;
  }
  Json speedup = nullptr;
  if (const auto sgd = fastest_sgd(study_, results_, point))
    speedup = finite_or_null(results_[*sgd].times->iteration / times.iteration);
  const auto break_even = break_even_of(point);
  Row all = {{"method", method.method->name},
             {"workers", scenario.workers},
             {"k", k},
             {"density", density},
             {"index", index},
             {"collective", method.collective->name},
             {"model", scenario.model->name},
             {"parameters", scenario.elements()},
             {"payload_bytes", count_of(result.payload_bytes)},
             {"result_bytes", times.result_bytes},
             {"sent_bytes", times.sent_bytes},
             {"received_bytes", times.received_bytes},
             {"compute_s", times.compute.value},
             {"encode_s", times.encode.value},
             {"communication_s", times.communication.value},
             {"decode_s", times.decode.value},
             {"iteration_s", times.iteration.value},
             {"samples_per_s", finite_or_null(samples_per_second(scenario, times.iteration))},
             {"scaling_efficiency", finite_or_null(scaling_efficiency(scenario, times.iteration))},
             {"speedup_over_sgd", speedup},
             {"device", scenario.device->name},
             {"network_model", measurement_ ? Json() : Json(name_of(scenario.network.model))},
             {"source", measurement_ ? "measured" : "simulated"},
             {"staging_s", times.staging.value},
             {"iteration_low_s", times.interval ? Json(times.interval->low.value) : Json()},
             {"iteration_high_s", times.interval ? Json(times.interval->high.value) : Json()},
             {"encode_break_even_s", break_even ? Json(break_even->value) : Json()}};
  if (study_.gives_groupings) all.emplace_back("grouping", scenario.resolved->at("schedule").at("grouping"));
  // Swept values that no column shows.
  const std::set<std::string> shown = {"workers", "density", "k", "index", "collective", "grouping", "model", "device"};
  for (const auto& [key, count] : study_.keys) {
    if (shown.count(key) != 0) continue;
    Json value = nullptr;
    for (const auto& [swept, swept_value] : study_.points[point].swept) {
      if (swept == key) value = *swept_value;
    }
    all.emplace_back(key, value);
  }
  return all;
}

std::vector<std::string> Report::column_names() const {
  // A point that failed has the same columns: the names do not depend on its values.
  const PointResult nothing{.times = Times(), .payload_bytes = 0, .failure = {}};
  const Report blank(study_, std::vector<PointResult>(results_.size(), nothing), measurement_);
  std::vector<std::string> names;
  for (const auto& [name, value] : blank.columns(0)) names.push_back(name);
  return names;
}

std::string Report::csv() const {
  std::string text = csv_header(column_names());
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (results_[point].times) text += csv_line(columns(point));
  }
  return text;
}

std::string Report::heading() const {
  const Scenario& first = study_.points.front().scenario;
  std::set<std::string> models;
  std::set<std::string> networks;
  std::set<std::string> devices;
  for (const Point& point : study_.points) {
    const Scenario& scenario = point.scenario;
    models.insert(shown_name(scenario.model->name) + ", " + std::to_string(scenario.elements()) + " parameters");
    networks.insert(name_of(scenario.network.model));
    devices.insert(visible(shortened(device_line(*scenario.device), 1000)));
  }
  const auto all = [](const std::set<std::string>& parts) { return joined({parts.begin(), parts.end()}, " | "); };
  const std::string network =
      measurement_ ? summary(*measurement_) : "model " + all(networks) + ", SimGrid " + simgrid_version();
  std::string text = shown_name(first.name) + "\n  model    " + all(models) + "\n  network  " + network +
                     "\n  device   " + all(devices) + "\n";
  for (const std::string& line : coding_notes()) text += "  coding   " + line + "\n";
  if (const auto sources = interval_sources(); !sources.empty()) {
    const auto left_out = left_out_of_intervals();
    text += std::string("  interval 90 % of ") + (measurement_ ? "iterations" : "medians over iterations") + ", from " +
            joined(sources, " | ") + (left_out.empty() ? "" : "; leaves out " + joined(left_out, ", ")) + "\n";
  }
  return text + "\n";
}

std::string Report::table() const {
  Table table({"method", "M", "K/N", "payload", "ratio", "compute", "encode", "communication", "decode", "iteration",
               "samples/s", "efficiency", "speed-up"});
  bool compared = false;
  for (std::size_t point = 0; point < results_.size(); ++point) compared = compared || break_even_of(point);
  if (compared) table.add_column("break-even");
  const bool staged = std::any_of(results_.begin(), results_.end(), [](const PointResult& result) {
    return result.times && result.times->staging.value > 0;
  });
  if (staged) table.add_column("staging");
  const bool bounded = std::any_of(results_.begin(), results_.end(),
                                   [](const PointResult& result) { return result.times && result.times->interval; });
  if (bounded) table.add_column("interval (90 %)");
  // What the label or a column of all tables tells needs none of its own.
  const std::set<std::string> told = {"workers", "density", "k", "collective", "grouping"};
  for (const auto& [key, count] : study_.keys) {
    if (told.count(key) == 0) table.add_column(key);
  }
  for (std::size_t point = 0; point < results_.size(); ++point) {
    const Scenario& scenario = study_.points[point].scenario;
    std::vector<std::string> row = {study_.points[point].label, std::to_string(scenario.workers)};
    if (!results_[point].times) {
      row.push_back("failed");
      table.add_row(std::move(row));
      continue;
    }
    std::map<std::string, Json> value;
    for (const auto& [name, cell] : columns(point)) value[name] = cell;
    const auto time = [&](const char* name) { return show(Seconds(value[name].get<double>())); };
    const auto payload = value["payload_bytes"].get<double>();
    row.push_back(value["density"].is_null() ? "" : show(value["density"].get<double>()));
    row.push_back(show(Bytes(payload)));
    row.push_back(three_digits(4.0 * static_cast<double>(scenario.elements()) / payload) + "x");
    for (const char* name : {"compute_s", "encode_s", "communication_s", "decode_s", "iteration_s"})
      row.push_back(time(name));
    row.push_back(value["samples_per_s"].is_null() ? "" : three_digits(value["samples_per_s"].get<double>()));
    row.push_back(value["scaling_efficiency"].is_null() ? "" : percent(value["scaling_efficiency"].get<double>()));
    row.push_back(value["speedup_over_sgd"].is_null() ? ""
                                                      : three_digits(value["speedup_over_sgd"].get<double>()) + "x");
    if (compared) row.push_back(break_even_text(value["encode_break_even_s"]));
    if (staged) row.push_back(time("staging_s"));
    if (bounded) row.push_back(interval_text(*results_[point].times));
    for (const auto& [key, count] : study_.keys) {
      if (told.count(key) == 0) row.push_back(table_cell(value[key]));
    }
    table.add_row(std::move(row));
  }
  return heading() + table.text();
}

Json Report::json() const {
  Json rows = Json::array();
  Json failed = Json::array();
  Json seeds = Json::array();
  Json network_models = Json::array();
  for (std::size_t point = 0; point < results_.size(); ++point) {
    const Scenario& scenario = study_.points[point].scenario;
    if (!measurement_) add_new(network_models, name_of(scenario.network.model));
    if (const auto* synthetic = std::get_if<SyntheticGradients>(&scenario.gradients)) add_new(seeds, synthetic->seed);
    if (results_[point].times) {
      Json row = Json::object();
      for (auto& [name, value] : columns(point)) row[name] = value;
      rows.push_back(row);
    } else {
      Json swept = Json::object();
      for (const auto& [key, value] : study_.points[point].swept) swept[key] = *value;
      failed.push_back({{"point", point},
                        {"method", scenario.method.method->name},
                        {"workers", scenario.workers},
                        {"swept", swept},
                        {"failure", results_[point].failure}});
    }
  }
  Json all = {{"scenario", *study_.json},
              {"resolved", resolved_scenarios(study_)},
              {"seed", one_or_list(seeds)},
              {"versions", {{"simrun", SIMRUN_VERSION}, {"simgrid", simgrid_version()}}},
              {"network_model", one_or_list(network_models)},
              {"devices", device_provenance(used_devices(study_, results_))},
              {"interval", interval_sources()},
              {"interval_leaves_out", left_out_of_intervals()},
              {"coding", coding_notes()},
              {"points", rows},
              {"failed", failed}};
  if (measurement_) all["measurement"] = measurement_json(*measurement_);
  return all;
}

}  // namespace simrun
