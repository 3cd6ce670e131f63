#include "sim/training/curve_columns.hpp"

#include <cmath>

#include "sim/study/point_columns.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

/// What stands after the columns that a file has for itself.
Columns<Point> further_columns() {
  return {{"entry", [](const Point& point) { return point.method; }},
          {"index", [](const Point& point) { return index_of(point.scenario); }},
          {"error_feedback", [](const Point& point) { return point.scenario.method.error_feedback; }},
          {"model", [](const Point& point) { return point.scenario.model->name; }}};
}

/// Last, after all that was swept.
Columns<Point> label_column() {
  return {{"label", [](const Point& point) { return point.label; }}};
}

/// The share of entries that peeling left; null where nothing is peeled.
Json estimated_share(const PeeledEntries& peeled) {
  return peeled.all > 0 ? Json(peeled.estimated / peeled.all) : Json();
}

/// Null where all workers have one model after each exchange.
Json consensus_distance(const Point& point, const CurvePoint& at) {
  return point.scenario.method.local.with_neighbours ? Json(at.consensus_distance) : Json();
}

bool holds_out(const Study& study, std::size_t point) {
  return study.points[point].scenario.training->validation_share > 0;
}

/// What `value` makes of the row that has the target accuracy; null where there is none.
template <typename Value>
auto at_target(const Value& value) {
  return [value](const TrainingSummary& summary) { return summary.target ? Json(value(*summary.target)) : Json(); };
}

}  // namespace

Json known(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json validation_of(const Study& study, const StepSummary& summary) {
  return holds_out(study, summary.point) ? known(summary.validation) : Json();
}

Columns<Point> swept_beside_settings(const Study& study) {
  return swept_columns(study, {"workers", "density", "k", "index", "model"});
}

Columns<CurveRow> curve_columns(const Study& study) {
  using Of = const CurveRow&;
  const auto point_of = [&study](Of row) -> const Point& { return study.points[row.run.point]; };
  const auto validation = [&study](Of row) {
    return holds_out(study, row.run.point) ? Json(row.at.validation_accuracy) : Json();
  };
  Columns<CurveRow> columns;
  append_columns(columns, setting_columns(), point_of);
  columns.insert(columns.end(), {{"seed", [](Of row) { return row.run.seed; }},
                                 {"round", [](Of row) { return row.at.round; }},
                                 {"train_loss", [](Of row) { return row.at.train_loss; }},
                                 {"test_accuracy", [](Of row) { return row.at.test_accuracy; }},
                                 {"uplink_bytes", [](Of row) { return count_of(row.at.uplink_bytes); }},
                                 {"downlink_bytes", [](Of row) { return count_of(row.at.downlink_bytes); }},
                                 {"simulated_s", [](Of row) { return row.at.simulated_s; }}});
  append_columns(columns, further_columns(), point_of);
  columns.insert(columns.end(),
                 {{"learning_rate", [](Of row) { return row.run.step; }},
                  {"validation_accuracy", validation},
                  {"diverged", [](Of row) { return row.at.has_grown(); }},
                  {"best", [](Of row) { return row.best ? Json(*row.best == row.run.step) : Json(); }},
                  {"estimated_share", [](Of row) { return estimated_share(row.at.peeled); }},
                  {"consensus_distance", [point_of](Of row) { return consensus_distance(point_of(row), row.at); }}});
  append_columns(columns, swept_beside_settings(study), point_of);
  append_columns(columns, label_column(), point_of);
  return columns;
}

Columns<TrainingSummary> summary_columns(const Study& study) {
  using Of = const TrainingSummary&;
  const auto point_of = [&study](Of summary) -> const Point& { return study.points[summary.point]; };
  const auto target = [point_of](Of summary) { return point_of(summary).scenario.training->target_accuracy; };
  const auto uplink_bytes = [](const CurvePoint& at) { return count_of(at.uplink_bytes); };
  const auto downlink_bytes = [](const CurvePoint& at) { return count_of(at.downlink_bytes); };
  Columns<TrainingSummary> columns;
  append_columns(columns, setting_columns(), point_of);
  columns.insert(columns.end(),
                 {{"seeds", [](Of summary) { return summary.seeds; }},
                  {"accuracy", [](Of summary) { return known(summary.accuracy); }},
                  {"accuracy_sd", [](Of summary) { return known(summary.deviation); }},
                  {"target_accuracy", target},
                  {"rounds_to_target", at_target([](const CurvePoint& at) { return at.round; })},
                  {"uplink_bytes_to_target", at_target(uplink_bytes)},
                  {"downlink_bytes_to_target", at_target(downlink_bytes)},
                  {"simulated_s_to_target", at_target([](const CurvePoint& at) { return at.simulated_s; })},
                  {"pareto", [](Of summary) { return summary.target ? Json(summary.on_front) : Json(); }}});
  append_columns(columns, further_columns(), point_of);
  columns.insert(columns.end(),
                 {{"learning_rate", [](Of summary) { return summary.step; }},
                  {"validation_accuracy", [&study](Of summary) { return validation_of(study, summary); }},
                  {"diverged", [](Of summary) { return summary.diverged; }}});
  append_columns(columns, swept_beside_settings(study), point_of);
  append_columns(columns, label_column(), point_of);
  return columns;
}

Columns<StepSummary> step_columns(const Study& study) {
  using Of = const StepSummary&;
  const auto point_of = [&study](Of summary) -> const Point& { return study.points[summary.point]; };
  Columns<StepSummary> columns;
  append_columns(columns, setting_columns(), point_of);
  columns.insert(columns.end(),
                 {{"learning_rate", [](Of summary) { return summary.step; }},
                  {"seeds", [](Of summary) { return summary.seeds; }},
                  {"validation_accuracy", [&study](Of summary) { return validation_of(study, summary); }},
                  {"accuracy", [](Of summary) { return known(summary.accuracy); }},
                  {"accuracy_sd", [](Of summary) { return known(summary.deviation); }},
                  {"diverged", [](Of summary) { return summary.diverged; }},
                  {"best", [](Of summary) { return summary.is_best; }}});
  append_columns(columns, further_columns(), point_of);
  append_columns(columns, swept_beside_settings(study), point_of);
  append_columns(columns, label_column(), point_of);
  return columns;
}

}  // namespace simrun
