#include "sim/training/curves.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/index_coding.hpp"
#include "sim/scenario/resolved.hpp"
#include "sim/system/version.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

std::vector<std::string> names(const Row& row) {
  std::vector<std::string> all;
  for (const auto& [name, value] : row) all.push_back(name);
  return all;
}

/// A number, or nothing where it is not known.
Json known(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

bool chooses(const Point& point) {
  return point.scenario.training->method.learning_rate.sizes.size() > 1;
}

/// A size or an accuracy as people read it.
std::string percent_of(const Json& share) {
  return share.is_null() ? "" : percent(share.get<double>(), 2);
}

/// "diverged", of several seeds with how many did.
std::string diverged_cell(const StepSummary& summary) {
  if (summary.diverged == 0) return "";
  return (summary.seeds > 1 ? std::to_string(summary.diverged) + " of " + std::to_string(summary.seeds) + " " : "") +
         "diverged";
}

/// "top-k, 15 workers", and what sets the point apart from others.
std::string point_name(const Study& study, std::size_t point) {
  const Scenario& scenario = study.points[point].scenario;
  std::string name = label(scenario.method) + ", " + std::to_string(scenario.workers) + " workers";
  const bool is_ambiguous = std::any_of(study.points.begin(), study.points.end(), [&](const Point& other) {
    return other.method != study.points[point].method && label(other.scenario.method) == label(scenario.method);
  });
  if (is_ambiguous) name += ", entry " + std::to_string(study.points[point].method);
  for (const auto& [key, value] : study.points[point].swept)
    name += key == "workers" ? "" : ", " + key + " " + brief(*value);
  return name;
}

Json objects_of(const std::vector<Row>& rows) {
  Json all = Json::array();
  for (const Row& row : rows) {
    Json object = Json::object();
    for (const auto& [name, value] : row) object[name] = value;
    all.push_back(object);
  }
  return all;
}

}  // namespace

TrainingReport::TrainingReport(const Study& study, std::vector<TrainingRun> runs)
    : study_(study),
      runs_(std::move(runs)),
      steps_(summarise_steps(study, runs_)),
      summaries_(summarise(study, runs_)) {
  for (std::size_t point = 0; point < study.points.size(); ++point) best_.push_back(best_step(study, point, runs_));
}

Row TrainingReport::setting(std::size_t point) const {
  const Scenario& scenario = study_.points[point].scenario;
  const MethodChoice& method = scenario.method;
  Json k = nullptr;
  Json density = nullptr;
  if (method.codec->sparsifies) {
    k = scenario.entries();
    density =
        method.density ? *method.density : static_cast<double>(*method.k) / static_cast<double>(scenario.elements());
  }
  return {{"method", method.method->name}, {"workers", scenario.workers}, {"k", k}, {"density", density}};
}

void TrainingReport::append_further(std::size_t point, Row& row) const {
  const Scenario& scenario = study_.points[point].scenario;
  const MethodChoice& method = scenario.method;
  row.emplace_back("entry", study_.points[point].method);
  row.emplace_back("index", method.codec->sparsifies ? Json(index_coding(method.options.index).name) : Json());
  row.emplace_back("error_feedback", method.error_feedback);
  row.emplace_back("model", scenario.model->name);
}

void TrainingReport::append_swept(std::size_t point, Row& row) const {
  for (const std::string& key : further_keys()) row.emplace_back(key, swept(point, key));
}

/// Swept keys that no column of every report shows.
std::vector<std::string> TrainingReport::further_keys() const {
  const std::set<std::string> shown = {"workers", "density", "k", "index", "model"};
  std::vector<std::string> keys;
  for (const auto& [key, count] : study_.keys) {
    if (shown.count(key) == 0) keys.push_back(key);
  }
  return keys;
}

Json TrainingReport::swept(std::size_t point, const std::string& key) const {
  for (const auto& [name, value] : study_.points[point].swept) {
    if (name == key) return *value;
  }
  return nullptr;
}

/// On what is held out; nothing where nothing is.
Json TrainingReport::validation(const StepSummary& summary) const {
  const bool holds_out = study_.points[summary.point].scenario.training->validation_share > 0;
  return holds_out ? known(summary.validation) : Json();
}

Row TrainingReport::curve_row(const TrainingRun& run, const CurvePoint& at) const {
  Row row = setting(run.point);
  row.insert(row.end(), {{"seed", run.seed},
                         {"round", at.round},
                         {"train_loss", at.train_loss},
                         {"test_accuracy", at.test_accuracy},
                         {"uplink_bytes", count_of(at.uplink_bytes)},
                         {"downlink_bytes", count_of(at.downlink_bytes)},
                         {"simulated_s", at.simulated_s}});
  append_further(run.point, row);
  const bool holds_out = study_.points[run.point].scenario.training->validation_share > 0;
  const std::optional<double> best = best_[run.point];
  row.insert(row.end(), {{"learning_rate", run.step},
                         {"validation_accuracy", holds_out ? Json(at.validation_accuracy) : Json()},
                         {"diverged", at.has_grown()},
                         {"best", best ? Json(*best == run.step) : Json()}});
  append_swept(run.point, row);
  return row;
}

Row TrainingReport::summary_row(const TrainingSummary& summary) const {
  Row row = setting(summary.point);
  row.insert(row.end(), {{"seeds", summary.seeds},
                         {"accuracy", known(summary.accuracy)},
                         {"accuracy_sd", known(summary.deviation)},
                         {"target_accuracy", study_.points[summary.point].scenario.training->target_accuracy}});
  const auto at_target = [&](const char* name, const auto& value) {
    row.emplace_back(name, summary.target ? Json(value(*summary.target)) : Json());
  };
  at_target("rounds_to_target", [](const CurvePoint& at) { return Json(at.round); });
  at_target("uplink_bytes_to_target", [](const CurvePoint& at) { return count_of(at.uplink_bytes); });
  at_target("downlink_bytes_to_target", [](const CurvePoint& at) { return count_of(at.downlink_bytes); });
  at_target("simulated_s_to_target", [](const CurvePoint& at) { return Json(at.simulated_s); });
  row.emplace_back("pareto", summary.target ? Json(summary.on_front) : Json());
  append_further(summary.point, row);
  row.insert(
      row.end(),
      {{"learning_rate", summary.step}, {"validation_accuracy", validation(summary)}, {"diverged", summary.diverged}});
  append_swept(summary.point, row);
  return row;
}

Row TrainingReport::step_row(const StepSummary& summary) const {
  Row row = setting(summary.point);
  row.insert(row.end(), {{"learning_rate", summary.step},
                         {"seeds", summary.seeds},
                         {"validation_accuracy", validation(summary)},
                         {"accuracy", known(summary.accuracy)},
                         {"accuracy_sd", known(summary.deviation)},
                         {"diverged", summary.diverged},
                         {"best", summary.is_best}});
  append_further(summary.point, row);
  append_swept(summary.point, row);
  return row;
}

std::string TrainingReport::curves_csv() const {
  std::string text = csv_header(names(curve_row({}, {})));
  for (const TrainingRun& run : runs_) {
    for (const CurvePoint& at : run.curve) text += csv_line(curve_row(run, at));
  }
  return text;
}

std::string TrainingReport::summary_csv() const {
  std::string text = csv_header(names(summary_row({})));
  for (const TrainingSummary& summary : summaries_) text += csv_line(summary_row(summary));
  return text;
}

std::string TrainingReport::steps_csv() const {
  std::string text = csv_header(names(step_row({})));
  for (const StepSummary& summary : steps_) text += csv_line(step_row(summary));
  return text;
}

std::string TrainingReport::table() const {
  const auto target_of = [](const Point& point) { return point.scenario.training->target_accuracy; };
  const double target = target_of(study_.points.front());
  const bool one_target = std::all_of(study_.points.begin(), study_.points.end(),
                                      [&](const Point& point) { return target_of(point) == target; });
  Table table({"method", "entry", "M", "K/N", "step", "seeds", "accuracy", "+-",
               "rounds to " + (one_target ? percent(target, 2) : "target"), "sent", "received", "simulated", "front",
               ""});
  const std::vector<std::string> further = further_keys();
  for (const std::string& key : further) table.add_column(key);
  for (const TrainingSummary& summary : summaries_) {
    std::vector<std::string> row = first_cells(summary);
    row.insert(row.end(), {std::to_string(summary.seeds), percent_of(known(summary.accuracy)),
                           summary.seeds > 1 ? percent_of(known(summary.deviation)) : ""});
    const auto at_target = [&](const std::string& text) { row.push_back(summary.target ? text : ""); };
    const CurvePoint at = summary.target.value_or(CurvePoint{});
    at_target(std::to_string(at.round));
    at_target(show(Bytes(at.uplink_bytes)));
    at_target(show(Bytes(at.downlink_bytes)));
    at_target(show(Seconds(at.simulated_s)));
    at_target(summary.on_front ? "*" : "");
    row.push_back(diverged_cell(summary));
    for (const std::string& key : further) row.push_back(table_cell(swept(summary.point, key)));
    table.add_row(std::move(row));
  }
  return shown_name(study_.points.front().scenario.name) + "\n\n" + table.text() + steps_table();
}

/// Method, entry, workers, density and step size, with which rows for people begin.
std::vector<std::string> TrainingReport::first_cells(const StepSummary& summary) const {
  const Scenario& scenario = study_.points[summary.point].scenario;
  const auto density = setting(summary.point).back().second;
  return {label(scenario.method), std::to_string(study_.points[summary.point].method), std::to_string(scenario.workers),
          density.is_null() ? "" : show(density.get<double>()), table_cell(summary.step)};
}

/// Every step size of points that choose among several.
std::string TrainingReport::steps_table() const {
  if (std::none_of(study_.points.begin(), study_.points.end(), chooses)) return "";
  Table table({"method", "entry", "M", "K/N", "step", "seeds", "validation", "accuracy", "best", ""});
  const std::vector<std::string> further = further_keys();
  for (const std::string& key : further) table.add_column(key);
  for (const StepSummary& summary : steps_) {
    if (!chooses(study_.points[summary.point])) continue;
    std::vector<std::string> row = first_cells(summary);
    row.insert(row.end(), {std::to_string(summary.seeds), percent_of(validation(summary)),
                           percent_of(known(summary.accuracy)), summary.is_best ? "*" : "", diverged_cell(summary)});
    for (const std::string& key : further) row.push_back(table_cell(swept(summary.point, key)));
    table.add_row(std::move(row));
  }
  return "\nevery step size, by accuracy on the validation data\n\n" + table.text();
}

Json TrainingReport::json(const Json& data) const {
  std::vector<Row> summaries;
  for (const TrainingSummary& summary : summaries_) summaries.push_back(summary_row(summary));
  std::vector<Row> steps;
  for (const StepSummary& summary : steps_) steps.push_back(step_row(summary));
  return {{"scenario", *study_.json},
          {"resolved", resolved_scenarios(study_)},
          {"data", data},
          {"versions", {{"simrun", SIMRUN_VERSION}, {"commit", simrun_commit()}}},
          {"summary", objects_of(summaries)},
          {"steps", objects_of(steps)},
          {"failed", failures()}};
}

std::vector<std::string> TrainingReport::failures() const {
  std::vector<std::string> lines;
  for (const TrainingRun& run : runs_) {
    const std::string name = run_name(study_, run.point, run.seed, run.step) + ": ";
    if (!run.failure.empty()) lines.push_back(name + run.failure);
    if (run.overflowed && best_[run.point] == run.step)
      lines.push_back(name + "diverged after round " + std::to_string(run.curve.empty() ? 0 : run.curve.back().round) +
                      "; a smaller learning_rate may help");
  }
  return lines;
}

std::string TrainingReport::edges() const {
  std::string points;
  for (const TrainingSummary& summary : summaries_) {
    const Point& point = study_.points[summary.point];
    const auto& sizes = point.scenario.training->method.learning_rate.sizes;
    const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
    if (*least == *most || (summary.step != *least && summary.step != *most)) continue;
    points += (points.empty() ? "" : "; ") + point_name(study_, summary.point) + " (" + table_cell(summary.step) + ")";
  }
  return points.empty()
             ? ""
             : "the best step is the least or the largest of its list, a better one may lie beyond: " + points;
}

std::string run_name(const Study& study, std::size_t point, std::uint64_t seed, std::optional<double> step) {
  std::string name = point_name(study, point);
  if (chooses(study.points[point])) name += step ? ", step " + table_cell(*step) : ", best step";
  return name + ", seed " + std::to_string(seed);
}

std::string round_name(const Study& study, const TrainingRun& run, std::int64_t round) {
  const Point& point = study.points[run.point];
  std::string number = std::to_string(run.point);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return number + "-" + std::string(point.scenario.method.method->name) +
         (chooses(point) ? "-step" + table_cell(run.step) : "") + "-seed" + std::to_string(run.seed) + "-round" +
         std::to_string(round);
}

}  // namespace simrun
