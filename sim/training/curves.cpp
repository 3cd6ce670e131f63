#include "sim/training/curves.hpp"

#include <algorithm>

#include "sim/scenario/resolved.hpp"
#include "sim/study/point_columns.hpp"
#include "sim/system/version.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"
#include "sim/training/curve_columns.hpp"

namespace simrun {
namespace {

constexpr std::size_t setting_cells = 5;

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

template <typename What>
std::string csv_of(const Columns<What>& columns, const std::vector<What>& rows) {
  std::string text = csv_header(names_of(columns));
  for (const What& row : rows) text += csv_line(row_of(columns, row));
  return text;
}

template <typename What>
Json objects_of(const Columns<What>& columns, const std::vector<What>& rows) {
  Json all = Json::array();
  for (const What& row : rows) all.push_back(object_of(row_of(columns, row)));
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

std::string TrainingReport::curves_csv() const {
  std::vector<CurveRow> rows;
  for (const TrainingRun& run : runs_) {
    for (const CurvePoint& at : run.curve) rows.push_back({run, at, best_[run.point]});
  }
  return csv_of(curve_columns(study_), rows);
}

std::string TrainingReport::summary_csv() const {
  return csv_of(summary_columns(study_), summaries_);
}

std::string TrainingReport::steps_csv() const {
  return csv_of(step_columns(study_), steps_);
}

std::string TrainingReport::table() const {
  const auto target_of = [](const Point& point) { return point.scenario.training->target_accuracy; };
  const double target = target_of(study_.points.front());
  const bool one_target = std::all_of(study_.points.begin(), study_.points.end(),
                                      [&](const Point& point) { return target_of(point) == target; });
  Table table({"method", "entry", "M", "K/N", "step", "seeds", "accuracy", "+-",
               "rounds to " + (one_target ? percent(target, 2) : "target"), "sent", "received", "simulated", "front",
               ""});
  const Columns<Point> swept = swept_beside_settings(study_);
  for (const Column<Point>& column : swept) table.add_column(column.name);
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
    for (const Column<Point>& column : swept) row.push_back(table_cell(column.value(study_.points[summary.point])));
    table.add_row(std::move(row));
  }
  table.fit_page(setting_cells);
  return shown_name(study_.points.front().scenario.name) + "\n\n" + table.text() + steps_table();
}

/// Method, entry, workers, density and step size, with which rows for people begin: so many cells as setting_cells.
std::vector<std::string> TrainingReport::first_cells(const StepSummary& summary) const {
  const Scenario& scenario = study_.points[summary.point].scenario;
  const std::optional<double> density = density_of(scenario);
  return {label(scenario.method), std::to_string(study_.points[summary.point].method), std::to_string(scenario.workers),
          density ? show(*density) : "", table_cell(summary.step)};
}

/// Every step size of points that choose among several.
std::string TrainingReport::steps_table() const {
  if (std::none_of(study_.points.begin(), study_.points.end(), chooses)) return "";
  Table table({"method", "entry", "M", "K/N", "step", "seeds", "validation", "accuracy", "best", ""});
  const Columns<Point> swept = swept_beside_settings(study_);
  for (const Column<Point>& column : swept) table.add_column(column.name);
  for (const StepSummary& summary : steps_) {
    if (!chooses(study_.points[summary.point])) continue;
    std::vector<std::string> row = first_cells(summary);
    row.insert(row.end(), {std::to_string(summary.seeds), percent_of(validation_of(study_, summary)),
                           percent_of(known(summary.accuracy)), summary.is_best ? "*" : "", diverged_cell(summary)});
    for (const Column<Point>& column : swept) row.push_back(table_cell(column.value(study_.points[summary.point])));
    table.add_row(std::move(row));
  }
  table.fit_page(setting_cells);
  return "\nevery step size, by accuracy on the validation data\n\n" + table.text();
}

Json TrainingReport::json(const Json& data) const {
  return {{"scenario", *study_.json},
          {"resolved", resolved_scenarios(study_)},
          {"data", data},
          {"versions", {{"simrun", SIMRUN_VERSION}, {"commit", simrun_commit()}}},
          {"summary", objects_of(summary_columns(study_), summaries_)},
          {"steps", objects_of(step_columns(study_), steps_)},
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
