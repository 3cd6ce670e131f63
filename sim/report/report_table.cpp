#include <algorithm>
#include <map>
#include <set>

#include "sim/report/device_report.hpp"
#include "sim/report/report.hpp"
#include "sim/scenario/sweep_keys.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

constexpr std::size_t term_width = 11;

template <typename Parts>
std::string in_line(const Parts& parts, const char* between) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : between) + part;
  return all;
}

/// A line of the heading; continued below its text.
std::string fact(const std::string& term, const std::string& text) {
  return wrapped("  " + term + std::string(term_width - 2 - term.size(), ' ') + text, term_width) + "\n";
}

/// The points at which one of these keys of the sweep takes another value than in those before.
std::set<std::size_t> changes_of(const std::vector<std::string>& keys, const Study& study) {
  std::set<std::size_t> changes;
  std::map<std::string, Json> values;  // since the last change; not all methods take all keys
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const auto is_new = [&](const auto& swept) {
      const auto before = values.find(swept.first);
      return before != values.end() && before->second != *swept.second;
    };
    if (std::ranges::any_of(study.points[i].swept, is_new)) {
      changes.insert(i);
      values.clear();
    }
    for (const auto& [key, value] : study.points[i].swept) {
      if (std::ranges::find(keys, key) != keys.end()) values[key] = *value;
    }
  }
  return changes;
}

/// The points that begin a block: all that is swept but ways of running is alike in one. Where that leaves one point to
/// each, the last key may differ.
std::set<std::size_t> starts_of_blocks(const Study& study) {
  std::vector<std::string> keys;
  for (const auto& [key, count] : study.keys) {
    if (count > 1 && !is_way_of_running(key)) keys.push_back(key);
  }
  const auto starts = changes_of(keys, study);
  if (starts.empty() || starts.size() + 1 < study.points.size()) return starts;
  keys.pop_back();
  return changes_of(keys, study);
}

}  // namespace

std::string Report::heading() const {
  std::set<std::string> models;
  std::set<std::string> networks;
  std::set<std::string> devices;
  for (const Point& point : study_.points) {
    const Scenario& scenario = point.scenario;
    models.insert(shown_name(scenario.model->name) + ", " + std::to_string(scenario.elements()) + " parameters");
    const bool is_ideal = scenario.network.model == Network::Model::ideal;
    networks.insert(name_of(scenario.network.model) + std::string(is_ideal ? " (latency and bandwidth alone)" : ""));
    devices.insert(visible(shortened(device_line(*scenario.device), 1000)));
  }
  const std::string network =
      measurement_ ? summary(*measurement_) : "model " + in_line(networks, " | ") + ", SimGrid " + simgrid_version();
  std::string text = shown_name(study_.points.front().scenario.name) + "\n" + fact("model", in_line(models, " | ")) +
                     fact("network", network) + fact("device", in_line(devices, " | "));
  for (const std::string& line : coding_notes()) text += fact("coding", line);
  for (const std::string& line : memory_notes()) text += fact("memory", line);
  if (const auto sources = interval_sources(); !sources.empty()) {
    const auto left_out = left_out_of_intervals();
    text += fact("interval", std::string("90 % of ") + (measurement_ ? "iterations" : "medians over iterations") +
                                 ", from " + in_line(sources, " | ") +
                                 (left_out.empty() ? "" : "; leaves out " + in_line(left_out, ", ")));
  }
  return text + "\n";
}

std::string Report::table_of(const std::vector<RunPoint>& points, std::vector<TextColumn> columns,
                             const std::vector<TextColumn>& more) const {
  const std::size_t settings = columns.size();
  columns.insert(columns.end(), more.begin(), more.end());
  Table table(std::vector<std::string>{});
  for (const TextColumn& column : columns) table.add_column(column.heading);
  const std::set<std::size_t> starts = starts_of_blocks(study_);
  auto at = points.begin();
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (starts.contains(point)) table.add_break();
    std::vector<std::string> row;
    if (results_[point].times) {
      for (const TextColumn& column : columns) row.push_back(column.text(*at));
      ++at;
    } else {
      row = {study_.points[point].label, std::to_string(study_.points[point].scenario.workers), "failed"};
    }
    table.add_row(std::move(row));
  }
  table.fit_page(settings);
  return table.text();
}

std::string Report::table() const {
  std::vector<RunPoint> points;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (results_[point].times) points.push_back(run_point(point));
  }
  const TextColumns columns = table_columns(study_, columns_, points);
  return heading() + table_of(points, columns.setting, columns.outcomes) + "\nCompression and parts of an iteration\n" +
         table_of(points, columns.setting, columns.parts);
}

}  // namespace simrun
