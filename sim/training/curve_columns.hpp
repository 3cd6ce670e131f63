#pragma once

#include <optional>

#include "sim/scenario/sweep.hpp"
#include "sim/text/columns.hpp"
#include "sim/training/summary.hpp"

namespace simrun {

/// A number, or null where it is not known.
Json known(double value);

/// The accuracy on what is held out; null where nothing is.
Json validation_of(const Study& study, const StepSummary& summary);

/// Swept keys that no column of every report of trainings shows.
Columns<Point> swept_beside_settings(const Study& study);

/// A row of curves.csv.
struct CurveRow {
  const TrainingRun& run;
  const CurvePoint& at;
  std::optional<double> best;  ///< step size of the run's point, where it is known
};

// The study outlives the columns.

Columns<CurveRow> curve_columns(const Study& study);
Columns<TrainingSummary> summary_columns(const Study& study);
Columns<StepSummary> step_columns(const Study& study);

}  // namespace simrun
