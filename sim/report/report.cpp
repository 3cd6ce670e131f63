#include "sim/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "sim/report/device_report.hpp"
#include "sim/scenario/resolved.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/study/break_even.hpp"
#include "sim/study/fastest.hpp"
#include "sim/study/point_key.hpp"

namespace simrun {
namespace {

void add_new(Json& list, const Json& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

/// The value that all points have, or the list of values; null if there is none.
Json one_or_list(const Json& values) {
  if (values.empty()) return nullptr;
  return values.size() == 1 ? values.front() : values;
}

}  // namespace

Report::Report(const Study& study, std::vector<PointResult> results, std::optional<MeasuredRun> measurement)
    : study_(study),
      results_(std::move(results)),
      measurement_(std::move(measurement)),
      columns_(report_columns(study)) {}

std::optional<Seconds> Report::break_even_of(std::size_t point) const {
  if (const auto& found = results_[point].break_even) return found;
  const auto sgd = break_even_with(study_, results_, point);
  if (!sgd) return std::nullopt;
  return break_even(*results_[point].times, results_[*sgd].times->iteration);
}

RunPoint Report::run_point(std::size_t point) const {
  const PointResult& result = results_[point];
  RunPoint at{.point = study_.points[point],
              .scenario = study_.points[point].scenario,
              .result = result,
              .times = *result.times,
              .is_measured = measurement_.has_value(),
              .speedup = {},
              .break_even = break_even_of(point)};
  if (const auto sgd = fastest_sgd(study_, results_, point)) {
    const double speedup = results_[*sgd].times->iteration / result.times->iteration;
    if (std::isfinite(speedup)) at.speedup = speedup;
  }
  return at;
}

std::string Report::csv() const {
  std::string text = csv_header(names_of(columns_));
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (results_[point].times) text += csv_line(row_of(columns_, run_point(point)));
  }
  return text;
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
      rows.push_back(object_of(row_of(columns_, run_point(point))));
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
              {"file", std::filesystem::absolute(study_.file).lexically_normal().string()},
              {"resolved", resolved_scenarios(study_)},
              {"contents", contents_of(study_)},
              {"seed", one_or_list(seeds)},
              {"versions", {{"simrun", SIMRUN_VERSION}, {"simgrid", simgrid_version()}}},
              {"network_model", one_or_list(network_models)},
              {"devices", device_provenance(used_devices(study_, results_))},
              {"interval", interval_sources()},
              {"interval_leaves_out", left_out_of_intervals()},
              {"coding", coding_notes()},
              {"memory", memory_notes()},
              {"points", rows},
              {"failed", failed}};
  if (measurement_) all["measurement"] = measurement_json(*measurement_);
  return all;
}

}  // namespace simrun
