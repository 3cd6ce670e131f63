#pragma once

#include <optional>
#include <set>
#include <string>

#include "sim/scenario/sweep.hpp"
#include "sim/text/columns.hpp"

namespace simrun {

/// K / N of a method that selects; none of others.
std::optional<double> density_of(const Scenario& scenario);

/// The name of a selecting method's index coding; null for others.
Json index_of(const Scenario& scenario);

/// What users chose about codecs, a column each that some point gives another value than the usual one, and that is not
/// `shown`. `index` has a column of its own.
Columns<Point> parameter_columns(const Study& study, const std::set<std::string>& shown);

/// With these the rows of every report begin: method, workers, k and density.
Columns<Point> setting_columns();

/// A column for each swept key that is none of `shown`: the value that the sweep gave the point.
Columns<Point> swept_columns(const Study& study, const std::set<std::string>& shown);

}  // namespace simrun
