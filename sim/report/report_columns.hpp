#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"
#include "sim/text/columns.hpp"

namespace simrun {

/// A point that has times, and all that its columns are made of. Refers to the study and to the result.
struct RunPoint {
  const Point& point;
  const Scenario& scenario;  ///< of the point
  const PointResult& result;
  const Times& times;  ///< of the result
  bool is_measured = false;
  std::optional<double> speedup;      ///< over the fastest sgd; none where there is none
  std::optional<Seconds> break_even;  ///< the longest encoding that is as fast as sgd; none where it is not known

  /// None where computing takes no time.
  std::optional<double> samples_per_second() const;

  /// What the method takes of a worker's device (method_memory).
  Bytes device_memory() const;

  /// Against workers that neither compress nor communicate; none likewise.
  std::optional<double> scaling_efficiency() const;

  /// The share of the time in which a worker computes; none likewise.
  std::optional<double> utilization() const;
};

/// The columns of points.csv and of the points in report.json.
Columns<RunPoint> report_columns(const Study& study);

/// A column of the table for people.
struct TextColumn {
  std::string heading;
  std::function<std::string(const RunPoint&)> text;
};

/// The columns of the tables for people; those that would be empty for all of the points are left out.
struct TextColumns {
  std::vector<TextColumn> setting;   ///< what tells points apart
  std::vector<TextColumn> outcomes;  ///< what is sent, how long an iteration takes, how well it scales
  std::vector<TextColumn> parts;     ///< how far a gradient is compressed, and the parts of an iteration
};

/// What to show of points that have times. `columns`: report_columns(study).
TextColumns table_columns(const Study& study, const Columns<RunPoint>& columns, const std::vector<RunPoint>& points);

}  // namespace simrun
