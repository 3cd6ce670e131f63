#pragma once

#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"

namespace simrun {

/// Gives every point of the study its label, and finds out whether methods give groupings: the method's name and what
/// is not its default, "top-k, bitmap". Methods that the study runs with several collectives show theirs in any case,
/// "sgd, ring"; so do those of which an entry or the sweep gives the grouping, unless it is the whole model throughout:
/// "sgd, ring, 25.0 MB buckets".
void label_points(Study& study);

/// What of the sweep neither a label nor a column for workers and K tells, "network.bandwidth \"1 Gbps\"".
std::vector<std::string> swept_beside_label(const Point& point);

/// What a run of the point is given: "top-k, 24 workers, K/N 0.01", and what else is swept.
std::string full_name(const Point& point);

}  // namespace simrun
