#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/report/report_columns.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/study/experiment.hpp"
#include "sim/study/measurement.hpp"

namespace simrun {

/// What was asked and what came out.
class Report {
 public:
  /// `measurement`: where the results were measured and not simulated, how.
  Report(const Study& study, std::vector<PointResult> results, std::optional<MeasuredRun> measurement = std::nullopt);

  /// For people: what went in, a table of outcomes and one of the parts of an iteration, a line a point each. Lines
  /// have at most page_width characters where they can.
  std::string table() const;

  /// points.csv: one row a point that was run, times in seconds, sizes in bytes, numbers in shortest round-trip form,
  /// empty where a column does not apply.
  std::string csv() const;

  /// The same rows, the scenario, versions, and where the device's times come from.
  Json json() const;

  /// Swept keys that changed no result, device times beyond what was measured, a GPU's selection made of a processor's:
  /// one line each.
  std::vector<std::string> warnings() const;

  /// One line for each point that failed.
  std::vector<std::string> failures() const;

  /// What is not known of points and so not in their intervals, each once.
  std::vector<std::string> left_out_of_intervals() const;

 private:
  /// A point that has times.
  RunPoint run_point(std::size_t point) const;
  /// A result depends on this swept key, or points failed and nobody knows.
  bool moves(const std::string& key) const;
  /// All of a point's columns that the scenario does not set.
  std::string outcome(std::size_t point) const;
  std::optional<Seconds> break_even_of(std::size_t point) const;
  /// What intervals of points are made of, each once; none where no point has one.
  std::vector<std::string> interval_sources() const;
  /// One line where coding times are not the device's own: what share of an iteration they are, and where they come
  /// from; else none.
  std::vector<std::string> coding_notes() const;
  /// One line where scenarios say what memory devices have left: how many methods take more; else none.
  std::vector<std::string> memory_notes() const;
  std::string heading() const;
  /// A line for each point, those that failed included. `points`: that have times.
  std::string table_of(const std::vector<RunPoint>& points, std::vector<TextColumn> columns,
                       const std::vector<TextColumn>& more) const;

  const Study& study_;
  std::vector<PointResult> results_;
  std::optional<MeasuredRun> measurement_;
  Columns<RunPoint> columns_;
};

}  // namespace simrun
