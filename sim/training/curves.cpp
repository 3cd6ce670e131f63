#include "sim/training/curves.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kernels/index_coding.hpp"
#include "sim/resolved.hpp"
#include "sim/table.hpp"
#include "sim/terminal.hpp"
#include "sim/version.hpp"

namespace simrun {
namespace {

std::vector<std::string> names(const Row& row) {
  std::vector<std::string> all;
  for (const auto& [name, value] : row) all.push_back(name);
  return all;
}

/// The mean over the seeds of the first row with that accuracy; none where one of them has none.
std::optional<CurvePoint> first_with(double accuracy, const std::vector<const TrainingRun*>& runs) {
  CurvePoint mean;
  double rounds = 0;
  const double share = 1 / static_cast<double>(runs.size());
  for (const TrainingRun* run : runs) {
    const auto found = std::find_if(run->curve.begin(), run->curve.end(),
                                    [&](const CurvePoint& row) { return row.test_accuracy >= accuracy; });
    if (found == run->curve.end()) return std::nullopt;
    rounds += share * static_cast<double>(found->round);
    mean.uplink_bytes += share * found->uplink_bytes;
    mean.downlink_bytes += share * found->downlink_bytes;
    mean.simulated_s += share * found->simulated_s;
  }
  mean.round = std::llround(rounds);
  return mean;
}

void add_accuracy(const std::vector<const TrainingRun*>& runs, TrainingSummary& summary) {
  const double n = static_cast<double>(runs.size());
  for (const TrainingRun* run : runs) summary.accuracy += run->curve.back().test_accuracy / n;
  double square = 0;
  for (const TrainingRun* run : runs) square += std::pow(run->curve.back().test_accuracy - summary.accuracy, 2);
  if (runs.size() > 1) summary.deviation = std::sqrt(square / (n - 1));
}

/// True if `a` is nowhere worse than `b` and somewhere better.
bool dominates(const CurvePoint& a, const CurvePoint& b) {
  const double bytes_a = a.uplink_bytes + a.downlink_bytes;
  const double bytes_b = b.uplink_bytes + b.downlink_bytes;
  return bytes_a <= bytes_b && a.simulated_s <= b.simulated_s && (bytes_a < bytes_b || a.simulated_s < b.simulated_s);
}

}  // namespace

Json question_of(const Scenario& scenario) {
  const Json& all = scenario.resolved;
  Json question = Json::array();
  for (const char* key : {"model", "compute", "device", "host", "network"}) question.push_back(all.value(key, Json()));
  for (const char* key : {"data", "split", "adversaries", "target_accuracy"})
    question.push_back(all["training"].value(key, Json()));
  return question;
}

std::vector<TrainingSummary> summarise(const Study& study, const std::vector<TrainingRun>& runs) {
  std::vector<TrainingSummary> all;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const Training& training = *study.points[point].scenario.training;
    std::vector<const TrainingRun*> ended;
    for (const TrainingRun& run : runs) {
      if (run.point == point && !run.curve.empty() && run.curve.back().round == training.rounds) ended.push_back(&run);
    }
    if (ended.size() < training.seeds.size()) continue;
    TrainingSummary summary;
    summary.point = point;
    summary.seeds = ended.size();
    add_accuracy(ended, summary);
    summary.target = first_with(training.target_accuracy, ended);
    all.push_back(summary);
  }
  std::map<std::string, std::vector<const TrainingSummary*>> rivals;
  const auto question = [&](const TrainingSummary& of) { return question_of(study.points[of.point].scenario).dump(); };
  for (const TrainingSummary& summary : all) {
    if (summary.target) rivals[question(summary)].push_back(&summary);
  }
  for (TrainingSummary& summary : all) {
    const auto& others = rivals[question(summary)];
    summary.on_front = summary.target && std::none_of(others.begin(), others.end(), [&](const TrainingSummary* other) {
                         return dominates(*other->target, *summary.target);
                       });
  }
  return all;
}

TrainingReport::TrainingReport(const Study& study, std::vector<TrainingRun> runs)
    : study_(study), runs_(std::move(runs)), summaries_(summarise(study, runs_)) {}

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
    if (name == key) return value;
  }
  return nullptr;
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
  return row;
}

Row TrainingReport::summary_row(const TrainingSummary& summary) const {
  Row row = setting(summary.point);
  row.insert(row.end(), {{"seeds", summary.seeds},
                         {"accuracy", summary.accuracy},
                         {"accuracy_sd", summary.deviation},
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

std::string TrainingReport::table() const {
  const auto target_of = [](const Point& point) { return point.scenario.training->target_accuracy; };
  const double target = target_of(study_.points.front());
  const bool one_target = std::all_of(study_.points.begin(), study_.points.end(),
                                      [&](const Point& point) { return target_of(point) == target; });
  Table table({"method", "entry", "M", "K/N", "seeds", "accuracy", "+-",
               "rounds to " + (one_target ? percent(target, 2) : "target"), "sent", "received", "simulated", "front"});
  const std::vector<std::string> further = further_keys();
  for (const std::string& key : further) table.add_column(key);
  for (const TrainingSummary& summary : summaries_) {
    const Scenario& scenario = study_.points[summary.point].scenario;
    const auto density = setting(summary.point).back().second;
    std::vector<std::string> row = {label(scenario.method),
                                    std::to_string(study_.points[summary.point].method),
                                    std::to_string(scenario.workers),
                                    density.is_null() ? "" : show(density.get<double>()),
                                    std::to_string(summary.seeds),
                                    percent(summary.accuracy, 2),
                                    summary.seeds > 1 ? percent(summary.deviation, 2) : ""};
    const auto at_target = [&](const std::string& text) { row.push_back(summary.target ? text : ""); };
    const CurvePoint at = summary.target.value_or(CurvePoint{});
    at_target(std::to_string(at.round));
    at_target(show(Bytes(at.uplink_bytes)));
    at_target(show(Bytes(at.downlink_bytes)));
    at_target(show(Seconds(at.simulated_s)));
    at_target(summary.on_front ? "*" : "");
    for (const std::string& key : further) row.push_back(table_cell(swept(summary.point, key)));
    table.add_row(std::move(row));
  }
  return shown_name(study_.points.front().scenario.name) + "\n\n" + table.text();
}

Json TrainingReport::json(const Json& data) const {
  Json rows = Json::array();
  for (const TrainingSummary& summary : summaries_) {
    Json row = Json::object();
    for (const auto& [name, value] : summary_row(summary)) row[name] = value;
    rows.push_back(row);
  }
  return {{"scenario", study_.json},
          {"resolved", resolved_scenarios(study_)},
          {"data", data},
          {"versions", {{"simrun", SIMRUN_VERSION}, {"commit", simrun_commit()}}},
          {"summary", rows},
          {"failed", failures()}};
}

std::vector<std::string> TrainingReport::failures() const {
  std::vector<std::string> lines;
  for (const TrainingRun& run : runs_) {
    if (!run.failure.empty()) lines.push_back(run_name(study_, run.point, run.seed) + ": " + run.failure);
  }
  return lines;
}

std::string run_name(const Study& study, std::size_t point, std::uint64_t seed) {
  const Scenario& scenario = study.points[point].scenario;
  std::string name = label(scenario.method) + ", " + std::to_string(scenario.workers) + " workers";
  const bool is_ambiguous = std::any_of(study.points.begin(), study.points.end(), [&](const Point& other) {
    return other.method != study.points[point].method && label(other.scenario.method) == label(scenario.method);
  });
  if (is_ambiguous) name += ", entry " + std::to_string(study.points[point].method);
  for (const auto& [key, value] : study.points[point].swept)
    name += key == "workers" ? "" : ", " + key + " " + brief(value);
  return name + ", seed " + std::to_string(seed);
}

std::string round_name(const Study& study, std::size_t point, std::uint64_t seed, std::int64_t round) {
  std::string number = std::to_string(point);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return number + "-" + std::string(study.points[point].scenario.method.method->name) + "-seed" + std::to_string(seed) +
         "-round" + std::to_string(round);
}

}  // namespace simrun
